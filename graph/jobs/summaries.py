"""Running summaries of sessions: a turn requests one, and a durable job writes it after the turn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import procrastinate
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.messages.ai import add_ai_message_chunks
from psycopg.rows import DictRow
from pydantic import BaseModel, Field, ValidationError

from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore, SourceText
from graph.adapters.postgres.conversation.memory import format_summary
from graph.adapters.postgres.database import Database, fetch_all, fetch_one
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import ModelError
from graph.jobs.queue import defer_once
from graph.ports.models import ChatModel, CountTokens, ModelSettings
from graph.state import SummaryBacklog

QUERIES = adapter_queries("memory")

TASK = "summarize"

VERBATIM_TURNS = 2
"""The newest turns, which the summary does not cover."""
MAX_MESSAGES = 400
"""Messages of one summary; later messages wait for the next one."""
MAX_TOKENS = 12_000
"""Tokens of messages in one request to the model."""
SETTINGS = ModelSettings(size="small", temperature=0.3, max_tokens=500)
MAX_FACTS = 5
RETRY = procrastinate.RetryStrategy(max_attempts=4, exponential_wait=4)

JSON_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


class Summary(BaseModel):
    """The answer that the prompt requests."""

    summary: str = Field(min_length=1, max_length=4000)
    key_facts: list[str] = Field(max_length=20)


class QueuedSummaries:
    """Port `Summaries`: counts messages in Postgres and queues jobs."""

    def __init__(self, database: Database, queue: procrastinate.App) -> None:
        self.database = database
        self.queue = queue

    async def backlog(self, user_id: str, session_id: str) -> SummaryBacklog:
        row = await self.database.fetch_one(user_id, QUERIES["summary_state"], {"session_id": session_id})
        if row is None or row["seconds"] is None:
            return SummaryBacklog(turns=0, tokens=0, seconds=0)
        return SummaryBacklog(turns=row["turns"], tokens=int(row["tokens"]), seconds=row["seconds"])

    async def request(self, user_id: str, session_id: str) -> None:
        await defer_once(self.queue, TASK, f"summary:{session_id}", user_id=user_id, session_id=session_id)


@dataclass(frozen=True, slots=True)
class Summarizer:
    """Extends the summary of a session by the messages that it does not cover, and stores its embedding."""

    database: Database
    model: ChatModel
    embeddings: EmbeddingStore
    count: CountTokens
    prompt: str

    async def summarize(self, user_id: str, session_id: str) -> bool:
        """Extend the summary; returns whether there were messages to add.

        Raises:
            ModelError: the model failed, or its answer is not a summary in the requested form; the job is retried.
        """
        async with self.database.transaction(user_id) as connection:
            previous = await fetch_one(connection, QUERIES["summary"], {"session_id": session_id})
            values = {"session_id": session_id, "limit": MAX_MESSAGES}
            rows = without_latest_turns(await fetch_all(connection, QUERIES["unsummarized_messages"], values))
        rows = self._within_budget(rows)
        if not rows:
            return False
        earlier = format_summary(previous) if previous else ""
        summary = parse_summary(await self._request_summary(earlier, rows))
        await self._store(user_id, session_id, summary, rows[-1])
        return True

    def _within_budget(self, rows: Sequence[DictRow]) -> list[DictRow]:
        fitting: list[DictRow] = []
        tokens = 0
        for row in rows:
            tokens += self.count(row["content"])
            if fitting and tokens > MAX_TOKENS:
                break
            fitting.append(row)
        return fitting

    async def _request_summary(self, earlier: str, rows: Sequence[DictRow]) -> AIMessageChunk:
        spoken = [f"{row['role']}: {row['content']}" for row in rows if row["role"] in ("user", "assistant")]
        material = "\n".join(
            ["<previous_summary>", earlier, "</previous_summary>", "<new_messages>", *spoken, "</new_messages>"]
        )
        messages = [SystemMessage(self.prompt), HumanMessage(material)]
        chunks = [chunk async for chunk in self.model.stream(messages, (), SETTINGS)]
        return add_ai_message_chunks(AIMessageChunk(content=""), *chunks)

    async def _store(self, user_id: str, session_id: str, summary: Summary, last: DictRow) -> None:
        text = "\n".join([summary.summary, *(f"- {fact}" for fact in summary.key_facts)])
        embedded = SourceText(f"session:{session_id}", "an earlier conversation", text, scope="conversation")
        [vector] = await self.embeddings.embed([embedded])
        values = {
            "session_id": session_id,
            "summary": summary.summary,
            "key_facts": summary.key_facts,
            "message_id": last["id"],
            "tokens": self.count(text),
        }
        async with self.database.transaction(user_id) as connection:
            if await fetch_one(connection, QUERIES["store_summary"], values):
                await self.embeddings.write(connection, embedded, vector)


def register_tasks(queue: procrastinate.App, summarizer: Summarizer) -> None:
    """Register the job. Its arguments are ids, never text."""

    @queue.task(name=TASK, retry=RETRY)
    async def summarize(user_id: str, session_id: str) -> None:
        await summarizer.summarize(user_id, session_id)


def without_latest_turns(rows: Sequence[DictRow]) -> list[DictRow]:
    """The rows before the newest turns."""
    questions = [index for index, row in enumerate(rows) if row["role"] == "user"]
    return list(rows[: questions[-VERBATIM_TURNS]]) if len(questions) > VERBATIM_TURNS else []


def parse_summary(answer: AIMessageChunk) -> Summary:
    """The summary in a model's answer, with or without code fences.

    Raises:
        ModelError: the answer is not a summary in the requested form.
    """
    found = JSON_OBJECT.search(str(answer.text))
    try:
        summary = Summary.model_validate_json(found.group() if found else "")
    except ValidationError:
        raise ModelError("The summary came back in another form than the one asked for.") from None
    return summary.model_copy(update={"key_facts": summary.key_facts[:MAX_FACTS]})
