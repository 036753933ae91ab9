"""Prepares the JSON schema of an MCP tool: for the model's request, and for validating arguments before a call.

A provider rejects a whole request for one schema that it does not understand. So a tool needs a self-contained schema:
references are inlined, and the result is validated against the JSON Schema standard.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from graph.values.text import storable_json

MAX_DESCRIPTION_CHARS = 1_024
"""OpenAI rejects a longer description of a tool."""
MAX_ARGUMENT_DESCRIPTION_CHARS = 500
MAX_TEXT_CHARS = 4_000
"""Maximum length of a text argument."""
MAX_SCHEMA_CHARS = 16_000
MAX_SCHEMA_PARTS = 1_000
"""Maximum subschemas after inlining."""
MAX_NESTING = 24
MAX_REPEATS = 2
"""How often a recursive reference is inlined within itself."""

TRUNCATED = " … (shortened)"
DEEPER = "More of the same, nested deeper."

SINGLE = frozenset({"items", "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value is a schema (`SINGLE`), schemas by name (`NAMED`), or a list of schemas (`LISTED`)."""
DROPPED_KEYWORDS = frozenset({"$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "$ref"})
UNSUPPORTED_TOP_KEYWORDS = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "enum", "const")
"""Keywords that OpenAI rejects at the top level of a tool's schema."""


class UnsupportedSchema(Exception):
    """A schema that cannot be sent to a model. The message has the reason, and quotes nothing of the schema."""


def truncated(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with a note."""
    return text if len(text) <= limit else text[: limit - len(TRUNCATED)].rstrip() + TRUNCATED


def resolve_schema(given: object) -> dict[str, Any]:
    """A self-contained schema of a tool's arguments.

    Raises:
        UnsupportedSchema: the schema cannot be sent to a model.
    """
    if not isinstance(given, dict):
        raise UnsupportedSchema("its schema is no object")
    root: dict[str, Any] = storable_json(given)
    whole = ReferenceInliner(root).schema(root)
    validate_schema(whole)
    if whole.get("type", "object") != "object":
        raise UnsupportedSchema("its arguments are no object")
    schema = merge_alternatives(whole)
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


def validate_schema(schema: Mapping[str, Any]) -> None:
    """Raises: UnsupportedSchema."""
    from jsonschema import Draft202012Validator, SchemaError  # 0.1 s, and few installations have MCP servers

    try:
        Draft202012Validator.check_schema(schema)
        size = len(json.dumps(schema, allow_nan=False))
    except SchemaError:
        raise UnsupportedSchema("its schema is not valid by the standard") from None
    except ValueError:
        raise UnsupportedSchema("its schema holds what JSON does not") from None
    if size > MAX_SCHEMA_CHARS:
        raise UnsupportedSchema("its schema is too large")


class ReferenceInliner:
    """Inlines the references of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        registry: Registry[Any] = Registry()
        self._resolver = registry.resolver_with_root(DRAFT202012.create_resource(root))
        self._parts = 0

    def schema(
        self, given: object, trail: tuple[str, ...] = (), depth: int = 0, chain: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """A schema without references.

        Args:
            given: a value in the place of a schema.
            trail: the references that led to it, the latest last.
            depth: its number of enclosing schemas.
            chain: the latest references of `trail` that followed one another directly.

        Raises:
            UnsupportedSchema: the schema cannot be sent to a model.
        """
        self._parts += 1
        if not isinstance(given, dict):
            raise UnsupportedSchema("a part of its schema is no object")
        if self._parts > MAX_SCHEMA_PARTS or depth > MAX_NESTING:
            raise UnsupportedSchema("its schema is too large")
        if "$dynamicRef" in given or "$recursiveRef" in given:
            raise UnsupportedSchema("its schema refers to what is not known before a call")
        own = {
            name: self._value(name, value, trail, depth)
            for name, value in given.items()
            if name not in DROPPED_KEYWORDS
        }
        if isinstance(own.get("description"), str):
            own["description"] = truncated(own["description"], MAX_ARGUMENT_DESCRIPTION_CHARS)
        return {**self._referred(given["$ref"], trail, depth, chain), **own} if "$ref" in given else own

    def _value(self, name: str, value: Any, trail: tuple[str, ...], depth: int) -> Any:
        if name == "additionalProperties" and isinstance(value, bool):
            return value
        if name in SINGLE:
            return self.schema(value, trail, depth + 1)
        if name in NAMED and isinstance(value, dict):
            return {key: self.schema(part, trail, depth + 1) for key, part in value.items()}
        if name in LISTED and isinstance(value, list):
            return [self.schema(part, trail, depth + 1) for part in value]
        return value

    def _referred(
        self, reference: object, trail: tuple[str, ...], depth: int, chain: tuple[str, ...]
    ) -> dict[str, Any]:
        from referencing.exceptions import Unresolvable

        if not isinstance(reference, str):
            raise UnsupportedSchema("a reference of its schema is no text")
        if reference in chain:
            raise UnsupportedSchema("its schema refers to itself")
        try:
            target = self._resolver.lookup(reference).contents
        except (Unresolvable, ValueError):
            raise UnsupportedSchema("its schema refers to a missing part") from None
        if trail.count(reference) >= MAX_REPEATS:
            kind = target.get("type") if isinstance(target, dict) else None
            return {**({"type": kind} if isinstance(kind, str) else {}), "description": DEEPER}
        return self.schema(target, (*trail, reference), depth + 1, (*chain, reference))


def merge_alternatives(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of all arguments without alternatives and conditions.

    An argument of any alternative is allowed; one is required if all alternatives require it.
    """
    whole = {name: value for name, value in schema.items() if name not in UNSUPPORTED_TOP_KEYWORDS}
    for part in schema.get("allOf", ()):
        for name, value in merge_alternatives(part).items():
            if name == "properties":
                whole[name] = {**value, **whole.get(name, {})}
            elif name == "required":
                whole[name] = [*whole.get(name, ()), *value]
            else:
                whole.setdefault(name, value)
    for keyword in ("anyOf", "oneOf"):
        parts = [merge_alternatives(part) for part in schema.get(keyword, ())]
        for part in parts:
            whole["properties"] = {**part.get("properties", {}), **whole.get("properties", {})}
        if needed := set.intersection(*(set(part.get("required", ())) for part in parts)) if parts else set():
            whole["required"] = [*whole.get("required", ()), *sorted(needed)]
    if "required" in whole:
        whole["required"] = list(dict.fromkeys(whole["required"]))
    return whole


# Validation ------------------------------------------------------------------------------------------------------------

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


def arguments_model(name: str, schema: Mapping[str, Any]) -> type[BaseModel]:
    """A pydantic model that validates the type and bounds of each top-level argument. The server validates nested values.

    Its JSON schema is the whole given schema.
    """
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {}
    for number, (argument, described) in enumerate(schema.get("properties", {}).items()):
        needed = argument in required
        kind = python_type(described)
        bounds = field_bounds(described, kind)
        # The argument's own name may be invalid in Python or pydantic, so it becomes the alias.
        fields[f"argument_{number}"] = (
            kind if needed else kind | None,
            Field(... if needed else described.get("default"), alias=argument, **bounds),
        )

    def replace_schema(model_schema: dict[str, Any]) -> None:
        model_schema.clear()
        model_schema.update(schema)

    extra: Literal["allow", "forbid"] = "allow" if schema.get("additionalProperties") else "forbid"
    configuration = ConfigDict(extra=extra, frozen=True, json_schema_extra=replace_schema)
    return create_model(name, __config__=configuration, **fields)


def python_type(described: Mapping[str, Any]) -> Any:
    """The Python type of an argument; `Any` for several types."""
    if values := described.get("enum"):
        plain = [value for value in values if value is not None]
        if not plain or not all(isinstance(value, str | int | bool) for value in plain):
            return Any
        return Literal[tuple(plain)] | None if len(plain) < len(values) else Literal[tuple(plain)]
    safe_name = described.get("type")
    names = safe_name if isinstance(safe_name, list) else [safe_name]
    kinds = [KINDS.get(str(kind), Any) for kind in names if kind != "null"]
    if len(kinds) != 1:
        return Any
    return kinds[0] | None if "null" in names else kinds[0]


def field_bounds(described: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Bounds of a type as pydantic's options. A text always has a maximum length."""
    if kind in (str, str | None):
        return {"max_length": MAX_TEXT_CHARS, **rename_keys(described, LENGTHS)}
    if kind in (int, int | None, int | float, int | float | None):
        return rename_keys(described, RANGE)
    return rename_keys(described, ITEMS) if kind in (list[Any], list[Any] | None) else {}


def rename_keys(described: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: described[theirs] for theirs, ours in names.items() if theirs in described}


def drop_undeclared_nulls(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without nulls that the schema does not allow: models send them for omitted arguments."""
    described = schema.get("properties", {})
    return {
        name: value
        for name, value in arguments.items()
        if value is not None or allows_null(described.get(name, {"type": "null"}))
    }


def allows_null(described: Mapping[str, Any]) -> bool:
    if "enum" in described:
        return None in described["enum"]
    safe_name = described.get("type")
    if safe_name is not None:
        return "null" in (safe_name if isinstance(safe_name, list) else [safe_name])
    parts = [*described.get("anyOf", ()), *described.get("oneOf", ())]
    return any(map(allows_null, parts)) if parts else True
