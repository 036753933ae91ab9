"""A checkpoint must not be able to make Python import and call what it names."""

import json
import pickle
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from tests.support.database import Sql

CREDULOUS = JsonPlusSerializer(allowed_msgpack_modules=True, allowed_json_modules=True, pickle_fallback=True)


def extension(code: int, *content: Any) -> tuple[str, bytes]:
    """A value as LangGraph's serializer writes an object: module, name, arguments, under a code that says how to call it."""
    return "msgpack", ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(content)))


class Maker:
    """Pickled, it makes a folder when it is read."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (Path(self.folder),)


def constructor(folder: str) -> tuple[str, bytes]:
    """A value as LangGraph wrote objects before it had msgpack."""
    return "json", json.dumps({"lc": 2, "type": "constructor", "id": ["os", "mkdir"], "args": [folder]}).encode()


Planted = Callable[[str], tuple[str, bytes]]

PLANTED: dict[str, Planted] = {
    "one argument": lambda folder: extension(0, "os", "mkdir", folder),
    "arguments": lambda folder: extension(1, "os", "mkdir", (folder,)),
    "keywords": lambda folder: extension(2, "os", "mkdir", {"path": folder}),
    "pydantic 1": lambda folder: extension(4, "os", "mkdir", {"path": folder}),
    "pydantic 2": lambda folder: extension(5, "os", "mkdir", {"path": folder}),
    "JSON": constructor,
}
"""Stored values that make a folder where they are believed."""


async def stored(database: Database, user_id: str, sql: Sql, value: tuple[str, bytes]) -> tuple[UserCheckpointer, str]:
    """A checkpointer, and a thread in whose stored checkpoint this stands in the place of a value and of a write."""
    checkpointer, thread = UserCheckpointer(database, user_id), str(uuid4())
    checkpoint = generate_checkpoint(channel_values={"plan": ["a"]}, channel_versions={"plan": 1})
    config = await checkpointer.aput(generate_config(thread), checkpoint, generate_metadata(), {"plan": 1})
    await checkpointer.aput_writes(config, [("plan", ["b"])], "task")
    kind, blob = value
    for plant in (
        "update checkpoint_blobs set type = %(kind)s, blob = %(blob)s where thread_id = %(thread)s",
        "update checkpoint_writes set type = %(kind)s, blob = %(blob)s where thread_id = %(thread)s",
    ):
        sql(plant, kind=kind, blob=blob, thread=thread)
    return checkpointer, thread


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
async def test_what_a_checkpoint_names_is_not_called(
    database: Database, user_id: str, sql: Sql, tmp_path: Path, planted: Planted
) -> None:
    believed, refused = tmp_path / "believed", tmp_path / "refused"
    CREDULOUS.loads_typed(planted(str(believed)))
    checkpointer, thread = await stored(database, user_id, sql, planted(str(refused)))
    found = await checkpointer.aget_tuple(generate_config(thread))
    listed = [each async for each in checkpointer.alist(generate_config(thread))]
    assert found
    assert listed == [found]
    assert str(refused) in str(found.checkpoint["channel_values"]["plan"]), "what it holds is data"
    assert believed.exists(), "where it is believed it is called, so this test sees a difference"
    assert not refused.exists()


async def test_a_pickle_is_not_read(database: Database, user_id: str, sql: Sql, tmp_path: Path) -> None:
    believed, refused = tmp_path / "believed", tmp_path / "refused"
    CREDULOUS.loads_typed(("pickle", pickle.dumps(Maker(str(believed)))))
    checkpointer, thread = await stored(database, user_id, sql, ("pickle", pickle.dumps(Maker(str(refused)))))
    with pytest.raises(NotImplementedError, match="pickle"):
        await checkpointer.aget_tuple(generate_config(thread))
    assert believed.exists()
    assert not refused.exists()


async def test_an_object_that_no_list_names_comes_back_as_its_data(database: Database, user_id: str) -> None:
    checkpointer, thread = UserCheckpointer(database, user_id), str(uuid4())
    checkpoint = generate_checkpoint(channel_values={"plan": [Foreign("x")]}, channel_versions={"plan": 1})
    await checkpointer.aput(generate_config(thread), checkpoint, generate_metadata(), {"plan": 1})
    found = await checkpointer.aget_tuple(generate_config(thread))
    assert found
    assert found.checkpoint["channel_values"]["plan"] == [{"text": "x"}]


class Foreign:
    """Something that no list of allowed types names."""

    def __init__(self, text: str) -> None:
        self.text = text

    def model_dump(self) -> dict[str, str]:
        return {"text": self.text}


async def test_what_a_turn_holds_comes_back_as_it_was(database: Database, user_id: str) -> None:
    call = ToolCall(name="sum", args={"month": "2026-01"}, id="call", type="tool_call")
    messages = [
        HumanMessage("How much?", id="1"),
        AIMessage("", tool_calls=[call], id="2"),
        ToolMessage("412.80", tool_call_id="call", name="sum", id="3"),
        AIMessage("It was 412.80.", id="4"),
    ]
    values = {"messages": messages, "sums": [Decimal("412.80")], "days": {"first": date(2026, 1, 1)}}
    checkpointer, thread = UserCheckpointer(database, user_id), str(uuid4())
    checkpoint = generate_checkpoint(channel_values=values, channel_versions=dict.fromkeys(values, 1))
    await checkpointer.aput(generate_config(thread), checkpoint, generate_metadata(), dict.fromkeys(values, 1))
    found = await checkpointer.aget_tuple(generate_config(thread))
    assert found
    assert found.checkpoint["channel_values"] == values
