"""What a tool is told to look for by an id or a name: somebody else's is the same to it as one that does not exist."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import psycopg
import pytest
from psycopg.rows import DictRow
from pydantic import BaseModel, Field, ValidationError

from graph.tool import Tool, ToolContext, ToolError
from tests.fakes.every_table import Filler, furnished
from tests.support.ledgers import TODAY, RolledBackRows
from tools.catalog import CATALOG

pytestmark = pytest.mark.anyio

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NAMES = ("name", "merchant", "title", "slug", "description", "category", "number_last4")
"""Columns by which people call things."""

Schema = Mapping[str, Any]


# Arguments, from the schema -------------------------------------------------------------------------------------------


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema behind references and beside null."""
    if "$ref" in schema:
        return resolved(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return resolved(kinds[0], root) if kinds else schema


def looks_up(schema: Schema, root: Schema, value: str) -> bool:
    """Whether this takes such a value: an id, or free text for a name."""
    kind = resolved(schema, root)
    if kind.get("type") == "array":
        return looks_up(kind.get("items", {}), root, value)
    if kind.get("type") != "string" or "enum" in kind or "const" in kind:
        return False
    return kind.get("format") in (None, "uuid") and (kind.get("format") != "uuid" or bool(UUID.fullmatch(value)))


def sample(schema: Schema, root: Schema) -> Any:
    """A value that such a schema takes, as small as may be."""
    kind = resolved(schema, root)
    if "enum" in kind or "const" in kind:
        return kind["enum"][0] if "enum" in kind else kind["const"]
    match kind.get("type"):
        case "object":
            return {name: sample(kind["properties"][name], root) for name in kind.get("required", ())}
        case "array":
            return [sample(kind["items"], root)] * kind.get("minItems", 0)
        case "integer" | "number":
            return max(kind.get("minimum", 1), 1)
        case "boolean":
            return False
    return {"date": TODAY.isoformat(), "uuid": str(uuid.UUID(int=1)), "date-time": f"{TODAY}T00:00:00Z"}.get(
        kind.get("format", ""), "x" * kind.get("minLength", 1)
    )


def put(schema: Schema, root: Schema, value: str) -> Any:
    """The value, in a list if a list is wanted."""
    return [value] if resolved(schema, root).get("type") == "array" else value


def calls(tool: Tool, value: str) -> Iterator[dict[str, Any]]:
    """Arguments of the tool with the value in the place of each one that takes it."""
    root = tool.arguments.model_json_schema()
    least = sample(root, root)
    for name, schema in root.get("properties", {}).items():
        if looks_up(schema, root, value):
            yield {**least, name: put(schema, root, value)}


# The tools ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def users(admin_url: str) -> Iterator[tuple[Filler, str, str]]:
    """Somebody who asks and somebody else, each with a row in every table."""
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    with furnished(admin_url, one, other) as filler:
        yield filler, one, other


def identifiers(filler: Filler, user: str) -> set[str]:
    """All ids and names that a user's rows have."""
    found = set()
    for table in filler.catalogue.values():
        if table.user_id:
            row = filler.row(table, user)
            found |= {str(row[name]) for name in row if name == "id" or name.endswith("_id") or name in NAMES}
    return found - {user}


async def told(tool: Tool, arguments: Mapping[str, Any], context: ToolContext, value: str) -> str:
    """What a call comes to, and its preview if it has one, with the value and all ids left out."""
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
    return UUID.sub("id", " ".join(answers).replace(value, "value"))


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
async def test_somebody_elses_id_or_name_is_to_a_tool_as_one_that_does_not_exist(
    tool: Tool, users: tuple[Filler, str, str], connection: psycopg.AsyncConnection[DictRow]
) -> None:
    filler, one, other = users
    context = ToolContext(rows=RolledBackRows(connection, one), today=TODAY)
    different = []
    for foreign in sorted(identifiers(filler, other) - identifiers(filler, one)):
        unknown = str(uuid.uuid5(uuid.NAMESPACE_URL, foreign))
        for theirs, nobodys in zip(calls(tool, foreign), calls(tool, unknown), strict=True):
            answers = await told(tool, theirs, context, foreign), await told(tool, nobodys, context, unknown)
            if answers[0] != answers[1]:
                different.append((theirs, answers))
    assert different == []


# The test itself ------------------------------------------------------------------------------------------------------


class Odd(BaseModel):
    goal_id: uuid.UUID
    accounts: list[str] = Field(default_factory=list)
    category: str | None = None
    day: dt.date = TODAY
    kind: Literal["a", "b"] = "a"
    most: int = Field(5, ge=3)


async def odd(arguments: Odd, context: ToolContext) -> dict[str, Any]:
    """Tells whether a goal exists, whosever it is."""
    return {"exists": bool(await context.rows.fetch("accounts")), "goal": str(arguments.goal_id)}


def test_every_argument_that_takes_an_id_or_a_name_is_tried() -> None:
    tool, value = Tool(odd), str(uuid.uuid4())
    assert list(calls(tool, value)) == [
        {"goal_id": value},
        {"goal_id": str(uuid.UUID(int=1)), "accounts": [value]},
        {"goal_id": str(uuid.UUID(int=1)), "category": value},
    ]
    assert [set(each) for each in calls(tool, "Groceries")] == [{"goal_id", "accounts"}, {"goal_id", "category"}]


def test_the_tools_have_arguments_that_look_something_up(users: tuple[Filler, str, str]) -> None:
    filler, _, other = users
    assert len(identifiers(filler, other)) >= 15
    tried = {tool.name for tool in CATALOG if list(calls(tool, str(uuid.uuid4())))}
    assert "transactions_query" in tried
