"""What a tool is told to look for by an id or a name: somebody else's is the same to it as one that does not exist."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any, Literal

import psycopg
import pytest
from psycopg.rows import DictRow
from pydantic import BaseModel, Field

from graph.tool import Tool, ToolContext
from tests.support.fakes.seed_every_table import Filler, furnished
from tests.support.ledgers import TODAY, RolledBackRows
from tests.support.tool_arguments import calls_with, outcome_text
from tools.catalog import CATALOG

NAMES = ("name", "merchant", "title", "slug", "description", "category", "number_last4")
"""Columns by which people call things."""


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


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
async def test_somebody_elses_id_or_name_is_to_a_tool_as_one_that_does_not_exist(
    tool: Tool, users: tuple[Filler, str, str], connection: psycopg.AsyncConnection[DictRow]
) -> None:
    filler, one, other = users
    context = ToolContext(rows=RolledBackRows(connection, one), today=TODAY)
    different = []
    for foreign in sorted(identifiers(filler, other) - identifiers(filler, one)):
        unknown = str(uuid.uuid5(uuid.NAMESPACE_URL, foreign))
        for theirs, nobodys in zip(calls_with(tool, foreign), calls_with(tool, unknown), strict=True):
            answers = (
                await outcome_text(tool, theirs, context, foreign),
                await outcome_text(tool, nobodys, context, unknown),
            )
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
    assert list(calls_with(tool, value)) == [
        {"goal_id": value},
        {"goal_id": str(uuid.UUID(int=1)), "accounts": [value]},
        {"goal_id": str(uuid.UUID(int=1)), "category": value},
    ]
    assert [set(each) for each in calls_with(tool, "Groceries")] == [{"goal_id", "accounts"}, {"goal_id", "category"}]


def test_the_tools_have_arguments_that_look_something_up(users: tuple[Filler, str, str]) -> None:
    filler, _, other = users
    assert len(identifiers(filler, other)) >= 15
    tried = {tool.name for tool in CATALOG if list(calls_with(tool, str(uuid.uuid4())))}
    assert "transactions_query" in tried
