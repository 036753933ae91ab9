"""Checkpoints that earlier versions of this service wrote still load, and their turns go on.

Each file holds the rows of one conversation with two turns; the process of the second was stopped while the model spoke.
"""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from psycopg import sql as compose
from psycopg.types.json import Jsonb

from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from graph.build import build, with_checkpointer
from graph.context import TurnContext
from graph.replay.play import ReplayHarness, current_checkout
from graph.replay.recording import Recording

HERE = Path(__file__).parent
FILES = sorted((HERE / "checkpoints").glob("*.json"))
ANSWER = HERE.parents[3] / "recordings" / "plain_answer.json"


def decoded(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"base64"}:
        return base64.b64decode(value["base64"])
    return Jsonb(value) if isinstance(value, dict) else value


def stored(admin_url: str, file: Path, user_id: str) -> str:
    """Write the rows of a file, whose column of the user was called `owner`, for this user; return the thread."""
    thread = str(uuid4())
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for table, rows in json.loads(file.read_text("utf-8")).items():
            for row in rows:
                values = {name: decoded(value) for name, value in row.items() if name != "owner"}
                values |= {"thread_id": thread, "user_id": user_id}
                query = compose.SQL("insert into {} ({}) values ({})").format(
                    compose.Identifier(table),
                    compose.SQL(", ").join(map(compose.Identifier, values)),
                    compose.SQL(", ").join(map(compose.Placeholder, values)),
                )
                connection.execute(query, values)
    return thread


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_turn_that_an_older_version_began_goes_on(
    file: Path, admin_url: str, database: Database, user_id: str, tmp_path: Path
) -> None:
    config: RunnableConfig = {"configurable": {"thread_id": stored(admin_url, file, user_id)}}
    harness = ReplayHarness(Recording.read(ANSWER), current_checkout(tmp_path))
    graph = with_checkpointer(build(harness.ports()), UserCheckpointer(database, user_id))
    state = await graph.aget_state(config)
    assert state.next == ("reason",)
    [question] = state.values["messages"]
    assert isinstance(question, HumanMessage)
    assert question.text == state.values["question"]
    assert state.values["recollection"]["facts"] == ["Likes tea"]
    assert [message.type for message in state.values["recollection"]["history"]] == ["human", "ai"]
    context = TurnContext(user_id, config["configurable"]["thread_id"], str(uuid4()), 0, "prime-boss", "")
    turn = await graph.ainvoke(None, config, context=context)
    assert isinstance(turn["messages"][-1], AIMessage)
    assert turn["message_id"]


def test_there_is_such_a_conversation() -> None:
    assert FILES
