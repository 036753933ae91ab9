"""What a tool changes happens once, together with its entry in the ledger, and only for the process that has the run."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.toolbox import PostgresToolbox
from graph.errors import DatabaseUnavailable, LeaseLost
from graph.ports.runs import Run
from graph.ports.tools import Effect
from graph.tool import Rows, ToolError, ToolOutput
from tests.support.database import DropsFirstReply, Sql

QUERY = """-- name: add_goal
-- Something that is changed.
insert into goals (name, target_amount, currency) values (%(name)s, 100, 'USD') returning name;
"""


ADDED, SENT = ToolOutput({"added": "bicycle"}), ToolOutput({"sent": True})


async def nothing(run_id: str) -> None:
    """There is nothing to commit."""


Make = Callable[[Database], PostgresToolbox]


@pytest.fixture
def toolbox_on(tmp_path: Path, cipher: VaultCipher) -> Make:
    (tmp_path / "goals.sql").write_text(QUERY)
    return lambda database: PostgresToolbox(database, {}, [tmp_path], cipher, nothing)


@pytest.fixture
def toolbox(toolbox_on: Make, database: Database) -> PostgresToolbox:
    return toolbox_on(database)


def effect_of(run: Run, ordinal: int = 0) -> Effect:
    return Effect(run.user_id, run.id, run.epoch, ordinal, "add_goal", {"name": "bicycle"})


async def add_goal(rows: Rows) -> ToolOutput:
    [row] = await rows.fetch("add_goal", name="bicycle")
    return ToolOutput({"added": row["name"]})


def goals(sql: Sql, user_id: str) -> int:
    return len(sql("select 1 from goals where user_id = %(user_id)s", user_id=user_id))


def entries(sql: Sql, run: Run) -> list[dict[str, Any]]:
    return sql("select ordinal, tool, result from tool_effects where run_id = %(run)s", run=run.id)


async def test_an_effect_and_its_entry_are_made_together(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    assert await toolbox.execute_once(effect_of(run), add_goal) == ADDED
    assert goals(sql, run.user_id) == 1
    assert entries(sql, run) == [{"ordinal": 0, "tool": "add_goal", "result": {"added": "bicycle"}}]


async def test_an_effect_that_was_made_is_read_and_not_made_again(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    results = [await toolbox.execute_once(effect_of(run), add_goal) for _ in range(3)]
    assert results == [ADDED] * 3
    assert goals(sql, run.user_id) == 1


async def test_another_call_of_the_run_is_another_effect(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    for ordinal in range(2):
        await toolbox.execute_once(effect_of(run, ordinal), add_goal)
    assert goals(sql, run.user_id) == 2


async def test_what_a_client_can_show_of_an_effect_is_stored_with_its_result(
    toolbox: PostgresToolbox, run: Run, sql: Sql
) -> None:
    output = ToolOutput({"added": "bicycle"}, display={"type": "table", "title": "Goals", "columns": [], "rows": []})

    async def draw(rows: Rows) -> ToolOutput:
        return output

    assert [await toolbox.execute_once(effect_of(run), draw) for _ in range(2)] == [output, output]
    assert [entry["result"] for entry in entries(sql, run)] == [{"added": "bicycle", "display": output.display}]


async def test_an_effect_that_fails_leaves_nothing(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    async def fail(rows: Rows) -> ToolOutput:
        await add_goal(rows)
        raise ToolError("no")

    with pytest.raises(ToolError):
        await toolbox.execute_once(effect_of(run), fail)
    assert (goals(sql, run.user_id), entries(sql, run)) == (0, [])


async def test_a_process_that_lost_the_run_makes_no_effect(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    sql("update chat_runs set epoch = 2 where id = %(run)s", run=run.id)
    with pytest.raises(LeaseLost):
        await toolbox.execute_once(effect_of(run), add_goal)
    assert goals(sql, run.user_id) == 0


async def test_a_run_cannot_be_taken_over_in_the_middle_of_an_effect(
    toolbox: PostgresToolbox, run: Run, sql: Sql
) -> None:
    """Who takes it over waits for the effect, and finds its entry."""
    order: list[str] = []

    async def slowly(rows: Rows) -> ToolOutput:
        took_over = asyncio.get_running_loop().run_in_executor(None, take_over)
        await asyncio.sleep(0.3)
        order.append("effect")
        waiting.append(took_over)
        return await add_goal(rows)

    def take_over() -> None:
        sql("update chat_runs set epoch = 2 where id = %(run)s", run=run.id)
        order.append("taken over")

    waiting: list[Any] = []
    await toolbox.execute_once(effect_of(run), slowly)
    await waiting[0]
    assert order == ["effect", "taken over"]
    assert await toolbox.execute_once(effect_of(replace(run, epoch=2)), add_goal) == ADDED
    assert goals(sql, run.user_id) == 1


async def test_an_effect_whose_commit_was_not_confirmed_is_not_made_again(
    toolbox_on: Make, database: Database, run: Run, sql: Sql
) -> None:
    assert await toolbox_on(DropsFirstReply(database.pool)).execute_once(effect_of(run), add_goal) == ADDED
    assert goals(sql, run.user_id) == 1


async def test_what_led_to_an_effect_is_committed_before_it(
    tmp_path: Path, toolbox: PostgresToolbox, run: Run, sql: Sql
) -> None:
    before: list[int] = []

    async def commit(run_id: str) -> None:
        assert run_id == run.id
        before.append(goals(sql, run.user_id))

    toolbox.commit = commit
    await toolbox.execute_once(effect_of(run), add_goal)
    assert before == [0]


async def test_another_user_makes_no_effect_in_a_run(toolbox: PostgresToolbox, run: Run, stranger: str) -> None:
    with pytest.raises(LeaseLost):
        await toolbox.execute_once(replace(effect_of(run), user_id=stranger), add_goal)


# Outside the database -------------------------------------------------------------------------------------------------


class Sent:
    """An effect somewhere else, which can break off."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault
        self.times = 0

    async def __call__(self, rows: Rows) -> ToolOutput:
        self.times += 1
        if self.fault:
            raise self.fault
        return SENT


def sent_by(run: Run) -> Effect:
    return replace(effect_of(run), external=True)


async def test_what_was_sent_is_read_and_not_sent_again(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    send = Sent()
    assert [await toolbox.execute_once(sent_by(run), send) for _ in range(2)] == [SENT] * 2
    assert send.times == 1
    assert [entry["result"] for entry in entries(sql, run)] == [{"sent": True}]


@pytest.mark.parametrize("fault", [asyncio.CancelledError(), ToolError("no answer in time")])
async def test_what_was_begun_is_not_sent_again_and_its_outcome_is_called_unknown(
    toolbox: PostgresToolbox, run: Run, fault: BaseException
) -> None:
    with pytest.raises(type(fault)):
        await toolbox.execute_once(sent_by(run), Sent(fault))
    again = Sent()
    with pytest.raises(ToolError, match="not known whether it was carried out"):
        await toolbox.execute_once(sent_by(run), again)
    assert again.times == 0


async def test_what_is_sent_may_take_longer_than_a_transaction_and_holds_no_row(
    toolbox: PostgresToolbox, run: Run, sql: Sql
) -> None:
    async def slowly(rows: Rows) -> ToolOutput:
        await asyncio.to_thread(sql, "update chat_runs set epoch = 2 where id = %(run)s", run=run.id)
        return SENT

    with pytest.raises(LeaseLost):
        await toolbox.execute_once(sent_by(run), slowly)
    with pytest.raises(ToolError):
        await toolbox.execute_once(sent_by(replace(run, epoch=2)), Sent())


async def test_a_process_that_lost_the_run_sends_nothing(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    sql("update chat_runs set epoch = 2 where id = %(run)s", run=run.id)
    send = Sent()
    with pytest.raises(LeaseLost):
        await toolbox.execute_once(sent_by(run), send)
    assert send.times == 0


async def test_a_turn_without_a_run_sends_without_an_entry(toolbox: PostgresToolbox, run: Run, sql: Sql) -> None:
    assert await toolbox.execute_once(replace(sent_by(run), epoch=0), Sent()) == SENT
    assert entries(sql, run) == []


async def test_what_was_sent_is_told_though_its_entry_cannot_be_completed(
    database: Database, tmp_path: Path, cipher: VaultCipher, run: Run
) -> None:
    class Unfinished(PostgresToolbox):
        async def _complete(self, effect: Effect, result: str) -> None:
            raise DatabaseUnavailable

    toolbox, send = Unfinished(database, {}, [tmp_path], cipher, nothing), Sent()
    assert await toolbox.execute_once(sent_by(run), send) == SENT
    with pytest.raises(ToolError, match="not known whether it was carried out"):
        await toolbox.execute_once(sent_by(run), send)
    assert send.times == 1
