"""Checkpoints pass LangGraph's conformance suite, belong to one user, and come back as they were stored."""

import asyncio
from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from tests.support.checkpointer_contract import assert_conforms
from tests.support.checkpoints import conversation_graph, latest, put, rows
from tests.support.database import Sql


async def test_the_checkpointer_passes_all_parts_of_the_conformance_suite(database: Database) -> None:
    await assert_conforms(lambda: UserCheckpointer(database, str(uuid4())))


# One owner's rows -----------------------------------------------------------------------------------------------------


async def test_a_thread_of_another_user_is_empty(database: Database, user_id: str, stranger: str) -> None:
    thread = str(uuid4())
    await put(UserCheckpointer(database, user_id), thread, plan=["mine"])
    theirs = UserCheckpointer(database, stranger)
    assert await latest(theirs, thread) is None
    assert [found async for found in theirs.alist(generate_config(thread))] == []
    assert [found async for found in theirs.alist(None)] == []


async def test_another_user_cannot_delete_or_prune_a_thread(database: Database, user_id: str, stranger: str) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    await put(checkpointer, thread, plan=["mine"])
    theirs = UserCheckpointer(database, stranger)
    await theirs.adelete_thread(thread)
    await theirs.aprune([thread], strategy="delete")
    found = await latest(checkpointer, thread)
    assert found
    assert found.checkpoint["channel_values"]["plan"] == ["mine"]


async def test_copying_the_thread_of_another_user_copies_nothing(
    database: Database, user_id: str, stranger: str, sql: Sql
) -> None:
    thread, copy, checkpointer = str(uuid4()), str(uuid4()), UserCheckpointer(database, user_id)
    await checkpointer.aput_writes(await put(checkpointer, thread, plan=["mine"]), [("plan", ["more"])], "task")
    theirs = UserCheckpointer(database, stranger)
    await theirs.acopy_thread(thread, copy)
    assert await latest(theirs, copy) is None
    assert rows(sql, copy) == {}
    assert rows(sql, thread) == {"checkpoints": 1, "checkpoint_blobs": 1, "checkpoint_writes": 1}


async def test_what_is_copied_onto_the_thread_of_another_user_is_not_theirs_to_see(
    database: Database, user_id: str, stranger: str
) -> None:
    thread, copied, checkpointer = str(uuid4()), str(uuid4()), UserCheckpointer(database, user_id)
    await put(checkpointer, thread, plan=["mine"])
    theirs = UserCheckpointer(database, stranger)
    await put(theirs, copied, plan=["theirs"])
    await theirs.acopy_thread(copied, thread)
    [mine] = [found async for found in checkpointer.alist(generate_config(thread))]
    [other] = [found async for found in theirs.alist(generate_config(thread))]
    assert mine.checkpoint["channel_values"]["plan"] == ["mine"]
    assert other.checkpoint["channel_values"]["plan"] == ["theirs"]


async def test_another_user_cannot_delete_the_checkpoints_of_a_run(
    database: Database, user_id: str, stranger: str, sql: Sql
) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    config = await put(checkpointer, thread, "a run", plan=["mine"])
    await checkpointer.aput_writes(config, [("plan", ["more"])], "task")
    await UserCheckpointer(database, stranger).adelete_for_runs(["a run"])
    assert rows(sql, thread) == {"checkpoints": 1, "checkpoint_blobs": 1, "checkpoint_writes": 1}


async def test_checkpointers_do_not_wait_for_one_another(database: Database) -> None:
    """The stock checkpointer holds one lock for the whole process; here a connection that is kept busy delays nobody."""
    checkpointer = UserCheckpointer(database, str(uuid4()))
    async with asyncio.timeout(5), checkpointer._cursor() as busy:
        await busy.execute("select 1")
        other, thread = UserCheckpointer(database, str(uuid4())), str(uuid4())
        await put(other, thread, plan=["other"])
        assert await latest(other, thread)
        assert await latest(checkpointer, str(uuid4())) is None


# Copies, and runs that are forgotten ------------------------------------------------------------------------------------


async def test_a_copy_goes_on_without_its_source(database: Database, user_id: str) -> None:
    thread, copy, checkpointer = str(uuid4()), str(uuid4()), UserCheckpointer(database, user_id)
    config = {"configurable": {"thread_id": thread}}
    for number in range(2):
        await conversation_graph(checkpointer).ainvoke({"said": [f"question {number}"]}, config)
    await checkpointer.acopy_thread(thread, copy)
    await checkpointer.adelete_thread(thread)
    went_on = await conversation_graph(checkpointer).ainvoke(
        {"said": ["question 2"]}, {"configurable": {"thread_id": copy}}
    )
    assert went_on["said"] == [f"{kind} {n}" for n in range(3) for kind in ("question", "answer to question")]


async def test_copying_twice_changes_nothing(database: Database, user_id: str, sql: Sql) -> None:
    thread, copy, checkpointer = str(uuid4()), str(uuid4()), UserCheckpointer(database, user_id)
    await checkpointer.aput_writes(await put(checkpointer, thread, plan=["a"]), [("plan", ["b"])], "task")
    await checkpointer.acopy_thread(thread, copy)
    await checkpointer.acopy_thread(thread, copy)
    assert rows(sql, copy) == rows(sql, thread)


async def test_nothing_of_a_run_that_is_deleted_is_left(database: Database, user_id: str, sql: Sql) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    config: RunnableConfig = {"configurable": {"thread_id": thread, "run": "the only run"}}
    await conversation_graph(checkpointer).ainvoke({"said": ["a question"]}, config)
    assert set(rows(sql, thread)) == {"checkpoints", "checkpoint_blobs", "checkpoint_writes"}
    await checkpointer.adelete_for_runs(["another run", "the only run"])
    assert rows(sql, thread) == {}


async def test_the_other_runs_of_a_thread_keep_all_that_they_need(database: Database, user_id: str) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    for number in range(3):
        config: RunnableConfig = {"configurable": {"thread_id": thread, "run": f"run {number}"}}
        await conversation_graph(checkpointer).ainvoke({"said": [f"question {number}"]}, config)
    await checkpointer.adelete_for_runs(["run 0", "run 1"])
    found = [each async for each in checkpointer.alist(generate_config(thread))]
    assert {each.metadata["run"] for each in found} == {"run 2"}  # type: ignore[typeddict-item]
    assert found[0].checkpoint["channel_values"]["said"][-1] == "answer to question 2"
    assert all(len(each.checkpoint["channel_values"].get("said", ())) >= 4 for each in found)


# What is stored --------------------------------------------------------------------------------------------------------


async def test_values_come_back_as_they_were(database: Database, user_id: str) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
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
    await put(checkpointer, thread, **values, buffer=bytearray(b"b"))
    found = await latest(checkpointer, thread)
    assert found
    assert found.checkpoint["channel_values"] == {**values, "buffer": bytearray(b"b")}


async def test_a_value_that_did_not_change_is_stored_once(database: Database, user_id: str, sql: Sql) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    values, config = {"plan": ["a"], "notes": ["b"]}, generate_config(thread)
    versions: ChannelVersions = {}
    changes: list[ChannelVersions] = [{"plan": "1", "notes": "1"}, {"notes": "2"}]
    for changed in changes:
        versions = {**versions, **changed}
        checkpoint = generate_checkpoint(channel_values=values, channel_versions=versions)
        config = await checkpointer.aput(config, checkpoint, generate_metadata(), changed)
    found = await latest(checkpointer, thread)
    assert found
    assert found.checkpoint["channel_values"] == values
    assert rows(sql, thread) == {"checkpoints": 2, "checkpoint_blobs": 3}


async def test_a_snapshot_of_a_delta_channel_is_marked_in_its_checkpoint(
    database: Database, user_id: str, sql: Sql
) -> None:
    thread, checkpointer = str(uuid4()), UserCheckpointer(database, user_id)
    await put(checkpointer, thread, said=_DeltaSnapshot(["a"]))
    [row] = sql("select checkpoint -> 'channel_values' as inline from checkpoints where thread_id = %(t)s", t=thread)
    assert row["inline"] == {"said": True}
    found = await latest(checkpointer, thread)
    assert found
    assert found.checkpoint["channel_values"] == {"said": _DeltaSnapshot(["a"])}
