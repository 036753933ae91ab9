"""No tool shows a text of the ledger unmasked, whoever wrote it: every text column holds a mark, and every tool is called."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from langchain_core.messages import AIMessage, HumanMessage
from psycopg import sql
from psycopg.rows import DictRow

from graph.adapters.redaction.workers import InlineRedactor
from graph.testing.auto_approvals import AutoApprovals
from graph.testing.in_memory_vault import InMemoryVault
from graph.tool import Rows, Tool
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import DelegationDisabled
from graph.turn.tool_executor import ToolExecutor
from migrations.demo.seed import seed
from nodes.call_tools import CallTools
from tests.support.fakes.ports import CapturedEvents, FakeFiles, FakeToolRuntime, roster_of, runtime_of, turn_of
from tests.support.ledgers import TODAY, UserRows, user_transaction
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

READING: Mapping[str, Any] = yaml.safe_load(
    (Path(__file__).parent.parent / "replay" / "duties.yaml").read_text("utf-8")
)

LEDGER = (
    "accounts",
    "budgets",
    "categories",
    "category_corrections",
    "category_rules",
    "debts",
    "goals",
    "reminders",
    "transactions",
)

COLUMNS = """
select c.table_name as table, c.column_name as column
from information_schema.columns as c
where c.table_schema = 'public' and c.data_type = 'text' and c.table_name = any (%s) and c.is_generated = 'NEVER'
order by 1, 2
"""

OWN_CATEGORY = """
insert into categories (user_id, name, slug) values (%(user)s, 'Pets', 'pets');
update transactions set category = 'Pets' where user_id = %(user)s and category = 'Groceries';
insert into budgets (user_id, category, monthly_amount, currency) values (%(user)s, 'Pets', 90, 'USD');
insert into category_rules (user_id, match, pattern, category) values (%(user)s, 'contains', 'Kennel', 'Pets');
insert into category_corrections (user_id, transaction_id, merchant, category_before, category)
select user_id, id, merchant, 'Shopping', category from transactions where user_id = %(user)s and category = 'Pets' limit 3;
"""

MARKED = {
    *("accounts.name", "categories.icon", "categories.name", "category_rules.pattern", "debts.name"),
    *("category_corrections.category_before", "category_corrections.merchant"),
    *("goals.description", "goals.name", "reminders.text"),
    *("transactions.description", "transactions.merchant", "transactions.source"),
}
"""The columns that take the text of a person or a bank; the others' constraints let none in."""

NOWHERE = {"categories.icon", "category_corrections.category_before", "category_corrections.merchant"}
"""Columns that no tool shows."""

TURNING = {"delegate_to_employee", "handoff_to_employee"}
"""They need colleagues."""


def mark_of(table: str, column: str) -> str:
    return f"{column}.{table}@canary.com"


@pytest.fixture
async def marks(database_url: str, user: str) -> set[str]:
    """A year of transactions with goals, debts and reminders; every text of theirs ends in the mark of its column."""
    async with user_transaction(database_url, user) as connection:
        await seed(connection, user, TODAY)
        for statement in OWN_CATEGORY.split(";")[:-1]:
            await connection.execute(statement.encode(), {"user": user})
        cursor = await connection.execute(COLUMNS, (list(LEDGER),))
        columns = [(row["table"], row["column"]) for row in await cursor.fetchall()]
        marked = {place for place in columns if await is_marked(connection, *place)}
    return {f"{table}.{column}" for table, column in marked}


async def is_marked(connection: psycopg.AsyncConnection[DictRow], table: str, column: str) -> bool:
    statement = sql.SQL("update {} set {} = coalesce({}, '') || %s").format(
        sql.Identifier(table), *[sql.Identifier(column)] * 2
    )
    try:
        async with connection.transaction():
            cursor = await connection.execute(statement, (f" {mark_of(table, column)}",))
            return cursor.rowcount > 0
    except psycopg.Error:
        return False


class ToolRuntime(FakeToolRuntime):
    """All tools over one user's rows."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(by_name(), kept=lambda user_id: FakeFiles())
        self.own = rows

    def rows(self, user_id: str) -> Any:
        return self.own

    async def execute_once(self, effect: Any, make: Any) -> Any:
        return await make(self.own)


async def shown(tool: Tool, arguments: Any, rows: Rows, user: str, redactor: InlineRedactor) -> str:
    """All that a model, a client and the history see of a call."""
    toolbox = ToolRuntime(rows)
    calls = ToolExecutor(toolbox, redactor, roster_of(tool.name), DelegationDisabled())
    node = CallTools(calls, ApprovalGate(AutoApprovals("approved"), calls))
    call = {"name": tool.name, "args": arguments, "id": "call_0", "type": "tool_call"}
    heard = CapturedEvents()
    turn = await node(
        turn_of(HumanMessage("look"), AIMessage("", tool_calls=[call]), today=TODAY.isoformat()),
        runtime_of(heard, user_id=user),
    )
    return json.dumps([heard, [str(message.content) for message in turn["messages"]]], ensure_ascii=False)


async def test_no_tool_shows_a_text_of_the_ledger_unmasked(database_url: str, user: str, marks: set[str]) -> None:
    async with user_transaction(database_url, user) as connection:
        purchase = await (await connection.execute(NEWEST_PURCHASE, (user,))).fetchone()
    assert purchase
    arguments = {name: given for name, given in READING.items() if given is not None} | dict(calls(purchase, TODAY))
    assert set(arguments) == {tool.name for tool in CATALOG} - TURNING
    rows, redactor = UserRows(database_url, user), InlineRedactor(InMemoryVault())
    leaks, seen_marks = {}, ""
    for name, given in arguments.items():
        seen = await shown(by_name()[name], json.loads(json.dumps(given, default=str)), rows, user, redactor)
        seen_marks += json.dumps(await redactor.unmask(user, seen))
        if "canary" in seen:
            leaks[name] = seen[max(0, seen.index("canary") - 120) : seen.index("canary") + 20]
    assert leaks == {}
    assert marks == MARKED
    assert {place for place in MARKED if mark_of(*place.split(".")) in seen_marks} == MARKED - NOWHERE
