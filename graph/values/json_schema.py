"""JSON schemas as a model reads them: without what repeats names or says nothing."""

from collections.abc import Mapping
from typing import Any

SILENT_KEYS = ("title", "maxLength", "minLength")
"""A title repeats the name; a text that is too long or empty is refused with a message."""
DECIMAL = [{"type": "number"}, {"type": "string"}]
"""A decimal number. A number beyond the argument's limits is refused with a message that has them."""
NO_VALUES: tuple[Any, ...] = (None, "", [], {})
"""Defaults that an argument has anyway when it is left out."""


def terse_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with fewer words. What it allows beside null, and what it requires, stays the same."""
    terse = {key: _terse_value(key, value) for key, value in schema.items() if key not in SILENT_KEYS}
    if "default" in terse and (terse["default"] in NO_VALUES or terse["default"] is False):
        del terse["default"]
    options = [option for option in terse.get("anyOf", ()) if option != {"type": "null"}]
    if not options:
        return terse
    rest = {key: value for key, value in terse.items() if key != "anyOf"}
    if [option.get("type") for option in options] == ["number", "string"] and "enum" not in options[1]:
        return {"anyOf": DECIMAL, **rest}
    return {**options[0], **rest} if len(options) == 1 else {"anyOf": options, **rest}  # null is a missing argument


def _terse_value(key: str, value: Any) -> Any:
    match key, value:
        case (("properties" | "$defs"), dict()):
            return {name: terse_schema(part) for name, part in value.items()}
        case (("items" | "additionalProperties"), dict()):
            return terse_schema(value)
        case (("anyOf" | "oneOf" | "allOf" | "prefixItems"), list()):
            return [terse_schema(part) for part in value]
    return value
