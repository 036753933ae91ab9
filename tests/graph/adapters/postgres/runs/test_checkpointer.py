"""Checkpoints: LangGraph's own conformance suite, one owner's rows, a turn's writes sent together, a bounded past."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, CheckpointTuple
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import END, START, StateGraph

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.checkpointer import FLUSH_SECONDS, OwnedSaver, PostgresCheckpoints, TurnSaver
from graph.errors import DatabaseUnavailable
from graph.ports.runs import Run
from tests.graph.adapters.saver_contract import assert_conforms
from tests.graph.conftest import Sql

pytestmark = pytest.mark.anyio


async def test_the_saver_passes_all_parts_of_the_conformance_suite(database: Database) -> None:
    await assert_conforms(lambda: OwnedSaver(database, str(uuid4())))


async def test_so_does_the_saver_of_a_running_turn(database: Database, resumed: Run) -> None:
    await assert_conforms(lambda: TurnSaver(database, resumed))


async def put(saver: BaseCheckpointSaver[str], thread: str, run: str = "", /, **values: Any) -> RunnableConfig:
    """Store one checkpoint that holds these values."""
    versions: ChannelVersions = dict.fromkeys(values, uuid4().hex)
    checkpoint = generate_checkpoint(channel_values=values, channel_versions=versions)
    return await saver.aput(generate_config(thread), checkpoint, generate_metadata(run=run), versions)


def rows(sql: Sql, thread: str) -> dict[str, int]:
    """How many rows each table has of a thread, whosever they are."""
    counted = sql(
        "select 'checkpoints' as name, count(*) from checkpoints where thread_id = %(thread)s union all "
        "select 'checkpoint_blobs', count(*) from checkpoint_blobs where thread_id = %(thread)s union all "
        "select 'checkpoint_writes', count(*) from checkpoint_writes where thread_id = %(thread)s",
        thread=thread,
    )
    return {row["name"]: row["count"] for row in counted if row["count"]}


async def latest(saver: BaseCheckpointSaver[str], thread: str) -> CheckpointTuple | None:
    return await saver.aget_tuple(generate_config(thread))


# One owner's rows -----------------------------------------------------------------------------------------------------


async def test_a_thread_of_another_user_is_empty(database: Database, user_id: str, stranger: str) -> None:
    thread = str(uuid4())
    await put(OwnedSaver(database, user_id), thread, plan=["mine"])
    theirs = OwnedSaver(database, stranger)
    assert await latest(theirs, thread) is None
    assert [found async for found in theirs.alist(generate_config(thread))] == []
    assert [found async for found in theirs.alist(None)] == []


async def test_another_user_cannot_delete_or_prune_a_thread(database: Database, user_id: str, stranger: str) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    await put(saver, thread, plan=["mine"])
    theirs = OwnedSaver(database, stranger)
    await theirs.adelete_thread(thread)
    await theirs.aprune([thread], strategy="delete")
    found = await latest(saver, thread)
    assert found
    assert found.checkpoint["channel_values"]["plan"] == ["mine"]


async def test_copying_the_thread_of_another_user_copies_nothing(
    database: Database, user_id: str, stranger: str, sql: Sql
) -> None:
    thread, copy, saver = str(uuid4()), str(uuid4()), OwnedSaver(database, user_id)
    await saver.aput_writes(await put(saver, thread, plan=["mine"]), [("plan", ["more"])], "task")
    theirs = OwnedSaver(database, stranger)
    await theirs.acopy_thread(thread, copy)
    assert await latest(theirs, copy) is None
    assert rows(sql, copy) == {}
    assert rows(sql, thread) == {"checkpoints": 1, "checkpoint_blobs": 1, "checkpoint_writes": 1}


async def test_what_is_copied_onto_the_thread_of_another_user_is_not_theirs_to_see(
    database: Database, user_id: str, stranger: str
) -> None:
    thread, copied, saver = str(uuid4()), str(uuid4()), OwnedSaver(database, user_id)
    await put(saver, thread, plan=["mine"])
    theirs = OwnedSaver(database, stranger)
    await put(theirs, copied, plan=["theirs"])
    await theirs.acopy_thread(copied, thread)
    [mine] = [found async for found in saver.alist(generate_config(thread))]
    [other] = [found async for found in theirs.alist(generate_config(thread))]
    assert mine.checkpoint["channel_values"]["plan"] == ["mine"]
    assert other.checkpoint["channel_values"]["plan"] == ["theirs"]


async def test_another_user_cannot_delete_the_checkpoints_of_a_run(
    database: Database, user_id: str, stranger: str, sql: Sql
) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    config = await put(saver, thread, "a run", plan=["mine"])
    await saver.aput_writes(config, [("plan", ["more"])], "task")
    await OwnedSaver(database, stranger).adelete_for_runs(["a run"])
    assert rows(sql, thread) == {"checkpoints": 1, "checkpoint_blobs": 1, "checkpoint_writes": 1}


async def test_savers_do_not_wait_for_one_another(database: Database) -> None:
    """The stock saver holds one lock for the whole process; here a connection that is kept busy delays nobody."""
    saver = OwnedSaver(database, str(uuid4()))
    async with asyncio.timeout(5), saver._cursor() as busy:
        await busy.execute("select 1")
        other, thread = OwnedSaver(database, str(uuid4())), str(uuid4())
        await put(other, thread, plan=["other"])
        assert await latest(other, thread)
        assert await latest(saver, str(uuid4())) is None


# Copies, and runs that are forgotten ------------------------------------------------------------------------------------


async def test_a_copy_goes_on_without_its_source(database: Database, user_id: str) -> None:
    thread, copy, saver = str(uuid4()), str(uuid4()), OwnedSaver(database, user_id)
    config = {"configurable": {"thread_id": thread}}
    for number in range(2):
        await talk(saver).ainvoke({"said": [f"question {number}"]}, config)
    await saver.acopy_thread(thread, copy)
    await saver.adelete_thread(thread)
    went_on = await talk(saver).ainvoke({"said": ["question 2"]}, {"configurable": {"thread_id": copy}})
    assert went_on["said"] == [f"{kind} {n}" for n in range(3) for kind in ("question", "answer to question")]


async def test_copying_twice_changes_nothing(database: Database, user_id: str, sql: Sql) -> None:
    thread, copy, saver = str(uuid4()), str(uuid4()), OwnedSaver(database, user_id)
    await saver.aput_writes(await put(saver, thread, plan=["a"]), [("plan", ["b"])], "task")
    await saver.acopy_thread(thread, copy)
    await saver.acopy_thread(thread, copy)
    assert rows(sql, copy) == rows(sql, thread)


async def test_nothing_of_a_run_that_is_deleted_is_left(database: Database, user_id: str, sql: Sql) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    config: RunnableConfig = {"configurable": {"thread_id": thread, "run": "the only run"}}
    await talk(saver).ainvoke({"said": ["a question"]}, config)
    assert set(rows(sql, thread)) == {"checkpoints", "checkpoint_blobs", "checkpoint_writes"}
    await saver.adelete_for_runs(["another run", "the only run"])
    assert rows(sql, thread) == {}


async def test_the_other_runs_of_a_thread_keep_all_that_they_need(database: Database, user_id: str) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    for number in range(3):
        config: RunnableConfig = {"configurable": {"thread_id": thread, "run": f"run {number}"}}
        await talk(saver).ainvoke({"said": [f"question {number}"]}, config)
    await saver.adelete_for_runs(["run 0", "run 1"])
    found = [each async for each in saver.alist(generate_config(thread))]
    assert {each.metadata["run"] for each in found} == {"run 2"}  # type: ignore[typeddict-item]
    assert found[0].checkpoint["channel_values"]["said"][-1] == "answer to question 2"
    assert all(len(each.checkpoint["channel_values"].get("said", ())) >= 4 for each in found)


# What is stored --------------------------------------------------------------------------------------------------------


async def test_values_come_back_as_they_were(database: Database, user_id: str) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    values: dict[str, Any] = {
        "none": None,
        "flag": True,
        "count": 3,
        "rate": 0.5,
        "name": "n",
        "bytes": b"\x00\xff",
        "list": [],
        "map": {"a": 1},
    }
    await put(saver, thread, **values, buffer=bytearray(b"b"))
    found = await latest(saver, thread)
    assert found
    assert found.checkpoint["channel_values"] == {**values, "buffer": bytearray(b"b")}


async def test_a_value_that_did_not_change_is_stored_once(database: Database, user_id: str, sql: Sql) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    values, config = {"plan": ["a"], "notes": ["b"]}, generate_config(thread)
    versions: ChannelVersions = {}
    changes: list[ChannelVersions] = [{"plan": "1", "notes": "1"}, {"notes": "2"}]
    for changed in changes:
        versions = {**versions, **changed}
        checkpoint = generate_checkpoint(channel_values=values, channel_versions=versions)
        config = await saver.aput(config, checkpoint, generate_metadata(), changed)
    found = await latest(saver, thread)
    assert found
    assert found.checkpoint["channel_values"] == values
    assert rows(sql, thread) == {"checkpoints": 2, "checkpoint_blobs": 3}


async def test_a_snapshot_of_a_delta_channel_is_marked_in_its_checkpoint(
    database: Database, user_id: str, sql: Sql
) -> None:
    thread, saver = str(uuid4()), OwnedSaver(database, user_id)
    await put(saver, thread, said=_DeltaSnapshot(["a"]))
    [row] = sql("select checkpoint -> 'channel_values' as inline from checkpoints where thread_id = %(t)s", t=thread)
    assert row["inline"] == {"said": True}
    found = await latest(saver, thread)
    assert found
    assert found.checkpoint["channel_values"] == {"said": _DeltaSnapshot(["a"])}


# A turn's writes ------------------------------------------------------------------------------------------------------


def stored(sql: Sql, thread: str) -> int:
    [row] = sql("select count(*) from checkpoints where thread_id = %(thread)s", thread=thread)
    return int(row["count"])


async def test_what_a_turn_writes_is_gathered_until_it_is_flushed(database: Database, run: Run, sql: Sql) -> None:
    thread, saver = str(uuid4()), TurnSaver(database, run)
    for _ in range(3):
        config = await put(saver, thread, plan=["a"])
        await saver.aput_writes(config, [("plan", ["b"])], "task")
    assert stored(sql, thread) == 0
    await saver.flush()
    assert stored(sql, thread) == 3


async def test_gathered_writes_are_sent_in_one_transaction(database: Database, run: Run, sql: Sql) -> None:
    thread, saver = str(uuid4()), TurnSaver(database, run)
    for _ in range(5):
        await saver.aput_writes(await put(saver, thread, plan=["a"]), [("plan", ["b"])], "task")
    await saver.flush()
    rows = sql(
        "select xmin::text from checkpoints where thread_id = %(thread)s union "
        "select xmin::text from checkpoint_writes where thread_id = %(thread)s union "
        "select xmin::text from checkpoint_blobs where thread_id = %(thread)s",
        thread=thread,
    )
    assert len(rows) == 1


async def test_a_read_sees_what_was_gathered(database: Database, run: Run) -> None:
    thread, saver = str(uuid4()), TurnSaver(database, run)
    config = await put(saver, thread, plan=["a"])
    await saver.aput_writes(config, [("plan", ["b"])], "task")
    found = await latest(saver, thread)
    assert found
    assert found.checkpoint["channel_values"]["plan"] == ["a"]
    assert found.pending_writes == [("task", "plan", ["b"])]


async def test_reads_beside_a_flush_are_not_mixed_up_with_it(database: Database, run: Run) -> None:
    thread, saver = str(uuid4()), TurnSaver(database, run)
    for number in range(40):
        await put(saver, thread, plan=[number])

    async def read_after(seconds: float) -> Any:
        await asyncio.sleep(seconds)
        found = await latest(saver, thread)
        return found and found.checkpoint["channel_values"]["plan"]

    _, *found = await asyncio.gather(saver.flush(), *(read_after(number / 2000) for number in range(40)))
    assert found == [[39]] * 40


async def test_writes_that_could_not_be_sent_stay_gathered(database: Database, run: Run, sql: Sql) -> None:
    class Down(Database):
        up = False

        def acting_for(self, user_id: str, *, snapshot: bool = False) -> Any:
            if not self.up:
                raise DatabaseUnavailable
            return super().acting_for(user_id, snapshot=snapshot)

    down = Down(database.pool)
    thread, saver = str(uuid4()), TurnSaver(down, run)
    await put(saver, thread, plan=["a"])
    with pytest.raises(DatabaseUnavailable):
        await saver.flush()
    await put(saver, thread, plan=["b"])
    down.up = True
    await saver.flush()
    assert stored(sql, thread) == 2


async def test_a_flush_that_is_cancelled_loses_nothing(database: Database, run: Run, sql: Sql) -> None:
    thread, saver = str(uuid4()), TurnSaver(database, run)
    for number in range(30):
        await put(saver, thread, plan=[number])
    for pause in (0.001, 0.003, 0.006, 0.01):
        flushing = asyncio.create_task(saver.flush())
        await asyncio.sleep(pause)
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
    await saver.flush()
    assert stored(sql, thread) == 30


async def test_a_long_turn_is_stored_while_it_lasts(database: Database, run: Run, sql: Sql) -> None:
    thread = str(uuid4())
    async with PostgresCheckpoints(database, 5).turn(run) as saver:
        await put(saver, thread, plan=["a"])
        await asyncio.sleep(FLUSH_SECONDS * 3)
        assert stored(sql, thread) == 1


async def test_the_end_of_a_turn_stores_the_rest_however_it_ends(database: Database, run: Run, sql: Sql) -> None:
    thread = str(uuid4())

    async def broken() -> None:
        async with PostgresCheckpoints(database, 5).turn(run) as saver:
            await put(saver, thread, plan=["a"])
            raise LookupError

    with pytest.raises(LookupError):
        await broken()
    assert stored(sql, thread) == 1


async def test_a_turn_whose_checkpoints_cannot_be_stored_goes_on(database: Database, run: Run) -> None:
    class Down(Database):
        def acting_for(self, user_id: str, *, snapshot: bool = False) -> Any:
            raise DatabaseUnavailable

    went_on = False
    async with PostgresCheckpoints(Down(database.pool), 5).turn(run) as saver:
        await put(saver, str(uuid4()), plan=["a"])
        went_on = True
    assert went_on


# The past -------------------------------------------------------------------------------------------------------------


def joined(before: list[str], after: list[str]) -> list[str]:
    return [*before, *after]


class Talk(TypedDict, total=False):
    said: Annotated[list[str], joined]
    last: list[str]


def talk(saver: BaseCheckpointSaver[str]) -> Any:
    """A small graph whose state grows."""

    async def listen(state: Talk) -> Talk:
        return {"last": [f"heard {len(state['said'])}"]}

    async def answer(state: Talk) -> Talk:
        return {"said": [f"answer to {state['said'][-1]}"]}

    graph = StateGraph(Talk)
    graph.add_node("listen", listen)
    graph.add_node("answer", answer)
    graph.add_edge(START, "listen")
    graph.add_edge("listen", "answer")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=saver)


Turns = Callable[[int], Any]


async def take_turns(database: Database, resumed: Run, turns: int, kept: int) -> None:
    checkpoints, thread = PostgresCheckpoints(database, kept), resumed.session_id
    for number in range(turns):
        config = {"configurable": {"thread_id": thread, "run": f"run {number}"}}
        async with checkpoints.turn(resumed) as saver:
            await talk(saver).ainvoke({"said": [f"question {number}"]}, config)


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
    graph = talk(OwnedSaver(database, user_id))
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
    graph = talk(OwnedSaver(database, user_id))
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
    async with PostgresCheckpoints(database, 5).turn(resumed) as saver:
        await talk(saver).ainvoke({"said": ["a question"]}, config, interrupt_before=["answer"])
    async with PostgresCheckpoints(database, 5).turn(resumed) as saver:
        assert (await talk(saver).aget_state(config)).next == ("answer",)
        assert (await talk(saver).ainvoke(None, config))["said"] == ["a question", "answer to a question"]


async def test_a_pruned_thread_goes_on(database: Database, user_id: str, resumed: Run) -> None:
    thread = resumed.session_id
    await take_turns(database, resumed, turns=4, kept=1)
    await take_turns(database, resumed, turns=1, kept=1)
    found = await talk(OwnedSaver(database, user_id)).aget_state({"configurable": {"thread_id": thread}})
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
