"""Stores and reads checkpoints: single ones, and those of a small graph."""

from typing import Annotated, Any, TypedDict
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, CheckpointTuple
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.graph import END, START, StateGraph

from tests.support.database import Sql


async def put(checkpointer: BaseCheckpointSaver[str], thread: str, run: str = "", /, **values: Any) -> RunnableConfig:
    """Store one checkpoint that holds these values."""
    versions: ChannelVersions = dict.fromkeys(values, uuid4().hex)
    checkpoint = generate_checkpoint(channel_values=values, channel_versions=versions)
    return await checkpointer.aput(generate_config(thread), checkpoint, generate_metadata(run=run), versions)


def rows(sql: Sql, thread: str) -> dict[str, int]:
    """How many rows each table has of a thread, whosever they are."""
    counted = sql(
        "select 'checkpoints' as name, count(*) from checkpoints where thread_id = %(thread)s union all "
        "select 'checkpoint_blobs', count(*) from checkpoint_blobs where thread_id = %(thread)s union all "
        "select 'checkpoint_writes', count(*) from checkpoint_writes where thread_id = %(thread)s",
        thread=thread,
    )
    return {row["name"]: row["count"] for row in counted if row["count"]}


async def latest(checkpointer: BaseCheckpointSaver[str], thread: str) -> CheckpointTuple | None:
    return await checkpointer.aget_tuple(generate_config(thread))


def joined(before: list[str], after: list[str]) -> list[str]:
    return [*before, *after]


class Conversation(TypedDict, total=False):
    said: Annotated[list[str], joined]
    last: list[str]


def conversation_graph(checkpointer: BaseCheckpointSaver[str]) -> Any:
    """A small graph whose state grows."""

    async def listen(state: Conversation) -> Conversation:
        return {"last": [f"heard {len(state['said'])}"]}

    async def answer(state: Conversation) -> Conversation:
        return {"said": [f"answer to {state['said'][-1]}"]}

    graph = StateGraph(Conversation)
    graph.add_node("listen", listen)
    graph.add_node("answer", answer)
    graph.add_edge(START, "listen")
    graph.add_edge("listen", "answer")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)
