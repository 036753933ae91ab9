"""Calls tools with arguments that are made from their schemas."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from graph.tool import Tool, ToolContext, ToolError
from tests.support.ledgers import TODAY

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Schema = Mapping[str, Any]


def resolve_schema(schema: Schema, root: Schema) -> Schema:
    """The schema without references and null."""
    if "$ref" in schema:
        return resolve_schema(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return resolve_schema(kinds[0], root) if kinds else schema


def accepts(schema: Schema, root: Schema, value: str) -> bool:
    """Whether a value fits a schema: an id, or free text for a name."""
    kind = resolve_schema(schema, root)
    if kind.get("type") == "array":
        return accepts(kind.get("items", {}), root, value)
    if kind.get("type") != "string" or "enum" in kind or "const" in kind:
        return False
    return kind.get("format") in (None, "uuid") and (kind.get("format") != "uuid" or bool(UUID.fullmatch(value)))


def smallest_value(schema: Schema, root: Schema) -> Any:
    """The smallest value that fits a schema."""
    kind = resolve_schema(schema, root)
    if "enum" in kind or "const" in kind:
        return kind["enum"][0] if "enum" in kind else kind["const"]
    match kind.get("type"):
        case "object":
            return {name: smallest_value(kind["properties"][name], root) for name in kind.get("required", ())}
        case "array":
            return [smallest_value(kind["items"], root)] * kind.get("minItems", 0)
        case "integer" | "number":
            return max(kind.get("minimum", 1), 1)
        case "boolean":
            return False
    return {"date": TODAY.isoformat(), "uuid": str(uuid.UUID(int=1)), "date-time": f"{TODAY}T00:00:00Z"}.get(
        kind.get("format", ""), "x" * kind.get("minLength", 1)
    )


def in_place(schema: Schema, root: Schema, value: str) -> Any:
    """The value, in a list if the schema is one of a list."""
    return [value] if resolve_schema(schema, root).get("type") == "array" else value


def calls_with(tool: Tool, value: str) -> Iterator[dict[str, Any]]:
    """Calls of a tool, each with the value in one argument that accepts it and the smallest values elsewhere."""
    root = tool.arguments.model_json_schema()
    least = smallest_value(root, root)
    for name, schema in root.get("properties", {}).items():
        if accepts(schema, root, value):
            yield {**least, name: in_place(schema, root, value)}


async def outcome_text(tool: Tool, arguments: Mapping[str, Any], context: ToolContext, value: str) -> str:
    """The result or error of a call, and of its preview if it has one, without the value and without ids."""
    answers = []
    for function in (tool.preview, tool.function):
        if function is None:
            continue
        try:
            result: Any = await function(tool.arguments.model_validate(arguments), context)
        except ToolError as fault:
            result = f"fault: {fault}"
        except ValidationError as error:
            result = [fault["loc"] for fault in error.errors()]
        answers.append(json.dumps(result, default=str, sort_keys=True, ensure_ascii=False))
    return UUID.sub("id", without_value(" ".join(answers), value))


def without_value(text: str, value: str) -> str:
    """The text with the word `value` in the place of a value. The value `$1` is no part of the amount $1.00."""
    return re.sub(rf"{re.escape(value)}(?![\d.,]*\d)", "value", text)
