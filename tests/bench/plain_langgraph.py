"""What a team writes by hand from the documentation: LangGraph, its Postgres checkpointer, FastAPI.

It remembers conversations. It knows no users and no limits, masks nothing, retrieves nothing, and loses a stream with its
connection.
"""

import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.messages import AnyMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import START, MessagesState, StateGraph
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from tests.bench.listening import serve

model = ChatOpenAI(model="gpt-4o-mini", streaming=True)


async def call_model(state: MessagesState) -> dict[str, list[AnyMessage]]:
    return {"messages": [await model.ainvoke(state["messages"])]}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        os.environ["DATABASE_URL"], min_size=4, max_size=16, kwargs=options, open=False
    )
    async with pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = StateGraph(MessagesState)
        graph.add_node("call_model", call_model)
        graph.add_edge(START, "call_model")
        app.state.graph = graph.compile(checkpointer=saver)
        yield


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    message: str
    session_id: str | None = None


@app.post("/api/chat")
async def chat(question: Question) -> StreamingResponse:
    session = question.session_id or str(uuid.uuid4())
    return StreamingResponse(events(question.message, session), media_type="text/event-stream")


async def events(message: str, session: str) -> AsyncIterator[str]:
    yield event(type="start", session_id=session)
    said = {"messages": [{"role": "user", "content": message}]}
    config = {"configurable": {"thread_id": session}}
    async for chunk, _ in app.state.graph.astream(said, config, stream_mode="messages"):
        if chunk.content:
            yield event(type="text", content=chunk.content)
    yield event(type="done")


def event(**fields: str) -> str:
    return f"data: {json.dumps(fields, separators=(',', ':'))}\n\n"


if __name__ == "__main__":
    serve(app)
