"""The JSON schema of a tool of an MCP server: as a model can be told it, and as the check before a call.

Providers refuse a whole request for one schema that they do not understand, so a tool is admitted only with a schema that
stands for itself: references are replaced by what they name, and what is left is checked against the standard.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from graph.values.text import storable_json

MAX_DESCRIPTION_CHARS = 1_024
"""Of a tool; OpenAI refuses a longer one."""
MAX_ARGUMENT_DESCRIPTION_CHARS = 500
MAX_TEXT_CHARS = 4_000
"""Of a text that is given for an argument."""
MAX_SCHEMA_CHARS = 16_000
MAX_SCHEMA_PARTS = 1_000
"""Schemas within a schema, once its references are replaced."""
MAX_NESTING = 24
MAX_REPEATS = 2
"""How often a reference is replaced within itself."""

SHORTENED = " … (shortened)"
DEEPER = "More of the same, nested deeper."

SINGLE = frozenset({"items", "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""The keywords under which a schema holds a schema, schemas by name, and a list of schemas."""
LEFT_OUT = frozenset({"$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "$ref"})
NOT_AT_THE_TOP = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "enum", "const")
"""Keywords that OpenAI refuses in the schema of all arguments."""


class OddSchema(Exception):
    """A schema that no model can be told; the message says why, and quotes nothing of it."""


def shortened(text: str, limit: int) -> str:
    """The text, or as much of it as there is room for, and a note."""
    return text if len(text) <= limit else text[: limit - len(SHORTENED)].rstrip() + SHORTENED


def resolved(given: object) -> dict[str, Any]:
    """The schema of a tool's arguments, which refers to nothing outside itself.

    Raises:
        OddSchema: no model can be told it.
    """
    if not isinstance(given, dict):
        raise OddSchema("its schema is no object")
    root: dict[str, Any] = storable_json(given)
    whole = Inlining(root).schema(root)
    check_standard(whole)
    if whole.get("type", "object") != "object":
        raise OddSchema("its arguments are no object")
    schema = merged(whole)
    properties = schema.pop("properties", {})
    required = [name for name in schema.pop("required", []) if name in properties]
    more = schema.pop("additionalProperties", False)
    return {
        **schema,
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": more,
    }


def check_standard(schema: Mapping[str, Any]) -> None:
    """Raises: OddSchema."""
    from jsonschema import Draft202012Validator, SchemaError  # takes a tenth of a second, and few have servers

    try:
        Draft202012Validator.check_schema(schema)
        size = len(json.dumps(schema, allow_nan=False))
    except SchemaError:
        raise OddSchema("its schema is none by the standard") from None
    except ValueError:
        raise OddSchema("its schema holds what JSON does not") from None
    if size > MAX_SCHEMA_CHARS:
        raise OddSchema("its schema is too large")


class Inlining:
    """Replaces the references of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        registry: Registry[Any] = Registry()
        self._resolver = registry.resolver_with_root(DRAFT202012.create_resource(root))
        self._parts = 0

    def schema(
        self, given: object, trail: tuple[str, ...] = (), depth: int = 0, chain: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """
        Args:
            given: a schema, or what stands in the place of one.
            trail: the references that led to it, the latest last.
            depth: in how many schemas it is.
            chain: the last of these references, with no schema in between that is more than a reference.

        Raises:
            OddSchema: it cannot be told.
        """
        self._parts += 1
        if not isinstance(given, dict):
            raise OddSchema("a part of its schema is no object")
        if self._parts > MAX_SCHEMA_PARTS or depth > MAX_NESTING:
            raise OddSchema("its schema is too large")
        if "$dynamicRef" in given or "$recursiveRef" in given:
            raise OddSchema("its schema refers to what is not known before a call")
        own = {name: self._value(name, value, trail, depth) for name, value in given.items() if name not in LEFT_OUT}
        if isinstance(own.get("description"), str):
            own["description"] = shortened(own["description"], MAX_ARGUMENT_DESCRIPTION_CHARS)
        return {**self._referred(given["$ref"], trail, depth, chain), **own} if "$ref" in given else own

    def _value(self, name: str, value: Any, trail: tuple[str, ...], depth: int) -> Any:
        if name == "additionalProperties" and isinstance(value, bool):
            return value
        if name in SINGLE:
            return self.schema(value, trail, depth + 1)
        if name in NAMED and isinstance(value, dict):
            return {each: self.schema(part, trail, depth + 1) for each, part in value.items()}
        if name in LISTED and isinstance(value, list):
            return [self.schema(part, trail, depth + 1) for part in value]
        return value

    def _referred(
        self, reference: object, trail: tuple[str, ...], depth: int, chain: tuple[str, ...]
    ) -> dict[str, Any]:
        from referencing.exceptions import Unresolvable

        if not isinstance(reference, str):
            raise OddSchema("a reference of its schema is no text")
        if reference in chain:
            raise OddSchema("its schema refers to itself")
        try:
            target = self._resolver.lookup(reference).contents
        except (Unresolvable, ValueError):
            raise OddSchema("its schema refers to what it does not hold") from None
        if trail.count(reference) >= MAX_REPEATS:
            kind = target.get("type") if isinstance(target, dict) else None
            return {**({"type": kind} if isinstance(kind, str) else {}), "description": DEEPER}
        return self.schema(target, (*trail, reference), depth + 1, (*chain, reference))


def merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of all arguments without conditions: what one of several schemas takes may be given, what all of them need has
    to be.
    """
    whole = {name: value for name, value in schema.items() if name not in NOT_AT_THE_TOP}
    for part in schema.get("allOf", ()):
        for name, value in merged(part).items():
            if name == "properties":
                whole[name] = {**value, **whole.get(name, {})}
            elif name == "required":
                whole[name] = [*whole.get(name, ()), *value]
            else:
                whole.setdefault(name, value)
    for keyword in ("anyOf", "oneOf"):
        parts = [merged(part) for part in schema.get(keyword, ())]
        for part in parts:
            whole["properties"] = {**part.get("properties", {}), **whole.get("properties", {})}
        if needed := set.intersection(*(set(part.get("required", ())) for part in parts)) if parts else set():
            whole["required"] = [*whole.get("required", ()), *sorted(needed)]
    if "required" in whole:
        whole["required"] = list(dict.fromkeys(whole["required"]))
    return whole


# The check ------------------------------------------------------------------------------------------------------------

KINDS: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}
LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
RANGE = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
ITEMS = {"minItems": "min_length", "maxItems": "max_length"}


def arguments_of(name: str, schema: Mapping[str, Any]) -> type[BaseModel]:
    """A model of the arguments that a resolved schema describes; it checks each one's type and bounds, and takes no others.

    A model is told the whole schema. What is nested deeper is taken as it comes; the server checks it.
    """
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {}
    for number, (argument, described) in enumerate(schema.get("properties", {}).items()):
        needed = argument in required
        kind = kind_of(described)
        bounds = bounds_of(described, kind)
        # The field has a name of ours: the server's may be none that Python or pydantic takes.
        fields[f"argument_{number}"] = (
            kind if needed else kind | None,
            Field(... if needed else described.get("default"), alias=argument, **bounds),
        )

    def tell(model_schema: dict[str, Any]) -> None:
        model_schema.clear()
        model_schema.update(schema)

    extra: Literal["allow", "forbid"] = "allow" if schema.get("additionalProperties") else "forbid"
    configuration = ConfigDict(extra=extra, frozen=True, json_schema_extra=tell)
    return create_model(name, __config__=configuration, **fields)


def kind_of(described: Mapping[str, Any]) -> Any:
    """The type of an argument; any, where there are several."""
    if values := described.get("enum"):
        plain = [value for value in values if value is not None]
        if not plain or not all(isinstance(value, str | int | bool) for value in plain):
            return Any
        return Literal[tuple(plain)] | None if len(plain) < len(values) else Literal[tuple(plain)]
    named = described.get("type")
    names = named if isinstance(named, list) else [named]
    kinds = [KINDS.get(str(each), Any) for each in names if each != "null"]
    if len(kinds) != 1:
        return Any
    return kinds[0] | None if "null" in names else kinds[0]


def bounds_of(described: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """The bounds that go with the type, in pydantic's words; a text has one in any case."""
    if kind in (str, str | None):
        return {"max_length": MAX_TEXT_CHARS, **renamed(described, LENGTHS)}
    if kind in (int, int | None, int | float, int | float | None):
        return renamed(described, RANGE)
    return renamed(described, ITEMS) if kind in (list[Any], list[Any] | None) else {}


def renamed(described: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: described[theirs] for theirs, ours in names.items() if theirs in described}


def without_nulls(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without nulls that their schema does not take: with those a model says that it gives none."""
    described = schema.get("properties", {})
    return {
        name: value
        for name, value in arguments.items()
        if value is not None or takes_null(described.get(name, {"type": "null"}))
    }


def takes_null(described: Mapping[str, Any]) -> bool:
    if "enum" in described:
        return None in described["enum"]
    named = described.get("type")
    if named is not None:
        return "null" in (named if isinstance(named, list) else [named])
    parts = [*described.get("anyOf", ()), *described.get("oneOf", ())]
    return any(map(takes_null, parts)) if parts else True
