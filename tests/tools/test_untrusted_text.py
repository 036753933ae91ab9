"""Tools whose results hold text that their user did not write say so: after them every change is asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph.state import Passage
from graph.tool import ToolContext
from migrations.demo.seed import seed
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import TODAY, user_transaction
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

DUTIES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "replay" / "duties.yaml").read_text("utf-8"))

OTHERS, BANK = "ZZOTHERSZZ", "ZZBANKZZ"

OWN_RULE = "insert into category_rules (user_id, match, pattern, category) values (%s, 'contains', 'Cafe', 'Shopping')"

MARKS = {
    "update transactions set merchant = merchant || %s": OTHERS,
    "update transactions set description = description || %s": OTHERS,
    "update accounts set name = name || %s": BANK,
}

QUOTING = {tool.name for tool in CATALOG if tool.returns_untrusted_text}
BY_NATURE = {"delegate_to_employee"}
"""It tells what a colleague made of others' text."""
TURNING = {"delegate_to_employee", "handoff_to_employee"}
"""They need colleagues."""


class MarkedKnowledge:
    """One stored text, which others wrote."""

    async def search(self, query: str) -> list[Passage]:
        return [Passage(id="passage", text=f"Notes on {query} {OTHERS}", source="notes", similarity=0.9)]


@pytest.fixture
async def marked(database_url: str, user: str, context: ToolContext) -> ToolContext:
    """A year of transactions, a rule and a stored text, in which every text of others is marked."""
    async with user_transaction(database_url, user) as connection:
        await seed(connection, user, TODAY)
        for statement, mark in MARKS.items():
            await connection.execute(statement, (mark,))
        await connection.execute(OWN_RULE, (user,))
    return ToolContext(context.rows, TODAY, FakeFiles(), MarkedKnowledge())


async def called(name: str, given: Any, context: ToolContext) -> Any:
    tool = by_name()[name]
    return await tool.function(tool.arguments.model_validate(given), context)


async def test_a_tool_that_shows_what_others_wrote_says_so(marked: ToolContext, database_url: str, user: str) -> None:
    async with user_transaction(database_url, user) as connection:
        purchase = await (await connection.execute(NEWEST_PURCHASE, (user,))).fetchone()
    assert purchase
    arguments = {name: given for name, given in DUTIES.items() if given is not None} | dict(calls(purchase, TODAY))
    results = {name: await called(name, given, marked) for name, given in arguments.items()}
    assert set(results) == {tool.name for tool in CATALOG} - TURNING
    reading = {tool.name for tool in CATALOG if tool.risk == "read"}
    empty = {name: result["status"] for name, result in results.items() if name in reading and result["status"] != "ok"}
    assert empty == {}, "without rows a tool shows nobody's text"
    texts = {name: json.dumps(result, default=str) for name, result in results.items()}
    showing = {name for name, text in texts.items() if OTHERS in text or (BANK in text and name in reading)}
    assert showing == QUOTING - BY_NATURE
