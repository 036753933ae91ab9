"""Selects and replaces the texts of a tool's result that are masked.

These are all texts, including names of fields that hold data, as in a map from merchants to amounts. A tool exempts fields by
name (`Tool.unmasked_fields`).
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Json = Any

_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*|[A-Z]{3}")
"""Names that a program wrote: fields and currencies."""


def texts_in(result: Json, exempt: Collection[str]) -> list[str]:
    """The distinct texts that are masked, in order."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found[text] = None
        return text

    _copy(result, exempt, note)
    return list(found)


def with_texts(result: Json, replacements: Mapping[str, str], exempt: Collection[str]) -> Json:
    """A copy of the result with a replacement for each text of `texts_in`."""
    return _copy(result, exempt, replacements.__getitem__)


def with_numbers_as_text(value: Json, restored: Mapping[str, str]) -> Json:
    """A copy in which numbers that are restored values are texts, so that they can be masked."""
    digits = {text for text in restored.values() if text.isdecimal()}
    return _numbers_as_text(value, digits) if digits else value


def _numbers_as_text(value: Json, digits: Collection[str]) -> Json:
    match value:
        case dict():
            return {name: _numbers_as_text(item, digits) for name, item in value.items()}
        case list():
            return [_numbers_as_text(item, digits) for item in value]
        case int() | float() if not isinstance(value, bool) and f"{value:.0f}" in digits:
            return str(value)
        case _:
            return value


def _copy(value: Json, exempt: Collection[str], replace: Callable[[str], str]) -> Json:
    match value:
        case dict():
            return {
                name if _FIELD_NAME.fullmatch(name) else replace(name): item
                if name in exempt
                else _copy(item, exempt, replace)
                for name, item in value.items()
            }
        case list():
            return [_copy(item, exempt, replace) for item in value]
        case str() if value:
            return replace(value)
        case _:
            return value
