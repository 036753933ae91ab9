"""Tools whose results hold text that their user did not write say so: after them every change is asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph.tool import ToolContext
from migrations.demo.seed import seed
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import TODAY, user_transaction
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

DUTIES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "replay" / "duties.yaml").read_text("utf-8"))

OTHERS, BANK = "ZZOTHERSZZ", "ZZBANKZZ"

MARKS = {
    "update transactions set merchant = merchant || %s": OTHERS,
    "update transactions set description = description || %s": OTHERS,
    "update accounts set name = name || %s": BANK,
}

QUOTING = {tool.name for tool in CATALOG if tool.returns_untrusted_text}
BY_NATURE = {"delegate_to_employee", "search_knowledge"}
"""They tell what is in stored texts, and what a colleague made of others' text."""
TURNING = {"delegate_to_employee", "handoff_to_employee"}
"""They need colleagues."""


@pytest.fixture
async def marked(database_url: str, user: str, context: ToolContext) -> ToolContext:
    """A year of transactions in which every text of others is marked."""
    async with user_transaction(database_url, user) as connection:
        await seed(connection, user, TODAY)
        for statement, mark in MARKS.items():
            await connection.execute(statement, (mark,))
    return ToolContext(context.rows, TODAY, FakeFiles())


async def called(name: str, given: Any, context: ToolContext) -> str:
    tool = by_name()[name]
    return json.dumps(await tool.function(tool.arguments.model_validate(given), context), default=str)


async def test_a_tool_that_shows_what_others_wrote_says_so(marked: ToolContext, database_url: str, user: str) -> None:
    async with user_transaction(database_url, user) as connection:
        purchase = await (await connection.execute(NEWEST_PURCHASE, (user,))).fetchone()
    assert purchase
    arguments = {name: given for name, given in DUTIES.items() if given is not None} | dict(calls(purchase, TODAY))
    results = {name: await called(name, given, marked) for name, given in arguments.items()}
    assert set(results) == {tool.name for tool in CATALOG} - TURNING
    reading = {tool.name for tool in CATALOG if tool.risk == "read"}
    showing = {name for name, told in results.items() if OTHERS in told or (BANK in told and name in reading)}
    assert showing == QUOTING - BY_NATURE
