"""A turn's checkpoints are sent together, and only those of the last turns stay."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.buffered_checkpointer import (
    FLUSH_INTERVAL_SECONDS,
    BufferedCheckpointer,
    PostgresCheckpoints,
)
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from graph.errors import DatabaseUnavailable
from graph.ports.runs import Run
from tests.support.checkpointer_contract import assert_conforms
from tests.support.checkpoints import conversation_graph, latest, put
from tests.support.database import Sql


async def test_the_checkpointer_of_a_running_turn_passes_all_parts_of_the_conformance_suite(
    database: Database, resumed: Run
) -> None:
    await assert_conforms(lambda: BufferedCheckpointer(database, resumed))


# A turn's writes ------------------------------------------------------------------------------------------------------


def stored(sql: Sql, thread: str) -> int:
    [row] = sql("select count(*) from checkpoints where thread_id = %(thread)s", thread=thread)
    return int(row["count"])


async def test_what_a_turn_writes_is_gathered_until_it_is_flushed(database: Database, run: Run, sql: Sql) -> None:
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(database, run)
    for _ in range(3):
        config = await put(checkpointer, thread, plan=["a"])
        await checkpointer.aput_writes(config, [("plan", ["b"])], "task")
    assert stored(sql, thread) == 0
    await checkpointer.flush()
    assert stored(sql, thread) == 3


async def test_gathered_writes_are_sent_in_one_transaction(database: Database, run: Run, sql: Sql) -> None:
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(database, run)
    for _ in range(5):
        await checkpointer.aput_writes(await put(checkpointer, thread, plan=["a"]), [("plan", ["b"])], "task")
    await checkpointer.flush()
    rows = sql(
        "select xmin::text from checkpoints where thread_id = %(thread)s union "
        "select xmin::text from checkpoint_writes where thread_id = %(thread)s union "
        "select xmin::text from checkpoint_blobs where thread_id = %(thread)s",
        thread=thread,
    )
    assert len(rows) == 1


async def test_a_read_sees_what_was_gathered(database: Database, run: Run) -> None:
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(database, run)
    config = await put(checkpointer, thread, plan=["a"])
    await checkpointer.aput_writes(config, [("plan", ["b"])], "task")
    found = await latest(checkpointer, thread)
    assert found
    assert found.checkpoint["channel_values"]["plan"] == ["a"]
    assert found.pending_writes == [("task", "plan", ["b"])]


async def test_reads_beside_a_flush_are_not_mixed_up_with_it(database: Database, run: Run) -> None:
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(database, run)
    for number in range(40):
        await put(checkpointer, thread, plan=[number])

    async def read_after(seconds: float) -> Any:
        await asyncio.sleep(seconds)
        found = await latest(checkpointer, thread)
        return found and found.checkpoint["channel_values"]["plan"]

    _, *found = await asyncio.gather(checkpointer.flush(), *(read_after(number / 2000) for number in range(40)))
    assert found == [[39]] * 40


async def test_writes_that_could_not_be_sent_stay_gathered(database: Database, run: Run, sql: Sql) -> None:
    class Down(Database):
        up = False

        def transaction(self, user_id: str, *, snapshot: bool = False) -> Any:
            if not self.up:
                raise DatabaseUnavailable
            return super().transaction(user_id, snapshot=snapshot)

    down = Down(database.pool)
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(down, run)
    await put(checkpointer, thread, plan=["a"])
    with pytest.raises(DatabaseUnavailable):
        await checkpointer.flush()
    await put(checkpointer, thread, plan=["b"])
    down.up = True
    await checkpointer.flush()
    assert stored(sql, thread) == 2


async def test_a_flush_that_is_cancelled_loses_nothing(database: Database, run: Run, sql: Sql) -> None:
    thread, checkpointer = str(uuid4()), BufferedCheckpointer(database, run)
    for number in range(30):
        await put(checkpointer, thread, plan=[number])
    for pause in (0.001, 0.003, 0.006, 0.01):
        flushing = asyncio.create_task(checkpointer.flush())
        await asyncio.sleep(pause)
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
    await checkpointer.flush()
    assert stored(sql, thread) == 30


async def test_a_long_turn_is_stored_while_it_lasts(database: Database, run: Run, sql: Sql) -> None:
    thread = str(uuid4())
    async with PostgresCheckpoints(database, 5).turn(run) as checkpointer:
        await put(checkpointer, thread, plan=["a"])
        await asyncio.sleep(FLUSH_INTERVAL_SECONDS * 3)
        assert stored(sql, thread) == 1


async def test_the_end_of_a_turn_stores_the_rest_however_it_ends(database: Database, run: Run, sql: Sql) -> None:
    thread = str(uuid4())

    async def broken() -> None:
        async with PostgresCheckpoints(database, 5).turn(run) as checkpointer:
            await put(checkpointer, thread, plan=["a"])
            raise LookupError

    with pytest.raises(LookupError):
        await broken()
    assert stored(sql, thread) == 1


async def test_a_turn_whose_checkpoints_cannot_be_stored_goes_on(database: Database, run: Run) -> None:
    class Down(Database):
        def transaction(self, user_id: str, *, snapshot: bool = False) -> Any:
            raise DatabaseUnavailable

    went_on = False
    async with PostgresCheckpoints(Down(database.pool), 5).turn(run) as checkpointer:
        await put(checkpointer, str(uuid4()), plan=["a"])
        went_on = True
    assert went_on


# The past -------------------------------------------------------------------------------------------------------------


async def take_turns(database: Database, resumed: Run, turns: int, kept: int) -> None:
    checkpoints, thread = PostgresCheckpoints(database, kept), resumed.session_id
    for number in range(turns):
        config = {"configurable": {"thread_id": thread, "run": f"run {number}"}}
        async with checkpoints.turn(resumed) as checkpointer:
            await conversation_graph(checkpointer).ainvoke({"said": [f"question {number}"]}, config)


async def test_only_the_last_turns_are_kept(database: Database, resumed: Run, sql: Sql) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=6, kept=2)
    runs = sql(
        "select distinct metadata ->> 'run' as run from checkpoints where thread_id = %(t)s order by 1", t=thread
    )
    assert [row["run"] for row in runs] == ["run 4", "run 5"]


async def test_fewer_turns_than_are_kept_all_stay(database: Database, resumed: Run, sql: Sql) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=2, kept=5)
    runs = sql(
        "select distinct metadata ->> 'run' as run from checkpoints where thread_id = %(t)s order by 1", t=thread
    )
    assert [row["run"] for row in runs] == ["run 0", "run 1"]


async def test_every_kept_checkpoint_can_still_be_read(database: Database, user_id: str, resumed: Run) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=5, kept=2)
    graph = conversation_graph(UserCheckpointer(database, user_id))
    states = [state async for state in graph.aget_state_history({"configurable": {"thread_id": thread}})]
    assert len(states) == 2
    assert states[0].values["said"][-2:] == ["question 4", "answer to question 4"]
    assert states[0].values["last"] == ["heard 9"]
    assert all(len(state.values["said"]) >= 6 for state in states)


async def test_a_conversation_can_be_forked_from_any_turn_that_is_kept(
    database: Database, user_id: str, resumed: Run
) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=5, kept=2)
    graph = conversation_graph(UserCheckpointer(database, user_id))
    states = [state async for state in graph.aget_state_history({"configurable": {"thread_id": thread}})]
    assert states[1].values["said"][-1] == "answer to question 3"
    again = await graph.ainvoke({"said": ["another question 4"]}, states[1].config)
    assert again["said"][-2:] == ["another question 4", "answer to another question 4"]
    assert len(again["said"]) == 10


async def test_a_step_that_its_run_has_left_behind_is_not_stored(database: Database, resumed: Run, sql: Sql) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=3, kept=9)
    rows = sql(
        "select metadata ->> 'run' as run, checkpoint_id, parent_checkpoint_id from checkpoints "
        "where thread_id = %(t)s order by checkpoint_id",
        t=thread,
    )
    assert [row["run"] for row in rows] == ["run 0", "run 1", "run 2"]
    assert [row["parent_checkpoint_id"] for row in rows] == [None, *(row["checkpoint_id"] for row in rows[:-1])]
    assert sql("select 1 from checkpoint_writes where thread_id = %(t)s", t=thread) == []


async def test_a_turn_that_waits_in_the_middle_goes_on_from_there(database: Database, resumed: Run) -> None:
    thread = str(uuid4())
    config: RunnableConfig = {"configurable": {"thread_id": thread, "run": "run 0"}}
    async with PostgresCheckpoints(database, 5).turn(resumed) as checkpointer:
        await conversation_graph(checkpointer).ainvoke({"said": ["a question"]}, config, interrupt_before=["answer"])
    async with PostgresCheckpoints(database, 5).turn(resumed) as checkpointer:
        assert (await conversation_graph(checkpointer).aget_state(config)).next == ("answer",)
        assert (await conversation_graph(checkpointer).ainvoke(None, config))["said"] == [
            "a question",
            "answer to a question",
        ]


async def test_a_pruned_thread_goes_on(database: Database, user_id: str, resumed: Run) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=4, kept=1)
    await take_turns(database, resumed, turns=1, kept=1)
    found = await conversation_graph(UserCheckpointer(database, user_id)).aget_state(
        {"configurable": {"thread_id": thread}}
    )
    assert len(found.values["said"]) == 10


async def test_nothing_of_a_pruned_turn_is_left(database: Database, resumed: Run, sql: Sql) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=8, kept=2)
    orphans = sql(
        "select 'blob' as kind, channel from checkpoint_blobs b where thread_id = %(t)s and not exists ("
        "  select 1 from checkpoints c where c.thread_id = b.thread_id and c.checkpoint_ns = b.checkpoint_ns "
        "  and c.checkpoint -> 'channel_versions' ->> b.channel = b.version) "
        "union all select 'write', channel from checkpoint_writes w where thread_id = %(t)s and not exists ("
        "  select 1 from checkpoints c where c.thread_id = w.thread_id and c.checkpoint_id = w.checkpoint_id)",
        t=thread,
    )
    assert orphans == []
    [counted] = sql("select count(*) from checkpoint_blobs where thread_id = %(t)s", t=thread)
    assert counted["count"] < 20
