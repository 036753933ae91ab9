"""Ports that return what a recording contains."""

import asyncio
import functools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from pydantic import BaseModel, ValidationError

from graph.adapters.postgres.conversation.message_rows import to_message
from graph.errors import DatabaseUnavailable, ModelError
from graph.ports.memory import MemorySnapshot
from graph.ports.models import ModelSettings
from graph.ports.tools import Effect
from graph.replay.fake_values import with_values
from graph.replay.interruption import Interruption
from graph.replay.recording import Answer, Memory, ToolRun
from graph.replay.request_lines import as_lines, new_lines
from graph.state import Passage, SummaryBacklog
from graph.tool import INVALID_JSON, NoFiles, NoKnowledge, Rows, Tool, ToolContext, ToolError, ToolOutput

OWNER, SESSION, RUN, ANSWER = "owner", "session", "run", "message"
"""Ids for a replay, since recordings have none."""


class RecordedMemory:
    """Port `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def load(self, user_id: str, session_id: str, employee: str) -> MemorySnapshot:
        return MemorySnapshot(
            facts=self.memory.facts,
            summary=self.memory.summary,
            history=[to_message(dict(said)) for said in self.memory.history],
            has_embeddings=self.memory.searchable,
        )


class RecordedRetriever:
    """Port `Retriever`."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages

    async def search(self, user_id: str, query: str) -> list[Passage]:
        return list(self.passages)


class RecordedModel:
    """Port `ChatModel`: streams the recorded answers in order, word by word, and stores the requests."""

    def __init__(
        self, model: str, answers: Sequence[Answer], tools: Sequence[ToolRun], interruption: Interruption
    ) -> None:
        """
        Args:
            model: the provider's name of it.
            answers: what it says.
            tools: results that are named in requests rather than repeated.
            interruption: triggered in the middle of an answer that was cut.
        """
        self.model = model
        self.requests: list[list[str]] = []
        self._answers = list(answers)
        self._tools = tools
        self._interruption = interruption
        self._asked: list[str] = []

    def name(self, settings: ModelSettings) -> str:
        return self.model

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        before, self._asked = self._asked, as_lines(messages, tools, settings, self._tools)
        self.requests.append(new_lines(before, self._asked))
        if not self._answers:
            raise ModelError("The turn asks the model once more than it did when it was recorded.")
        answer = self._answers.pop(0)
        for word in re.findall(r"\s*\S+|\s+$", answer.text):
            yield AIMessageChunk(content=word)
        if answer.cut:
            if answer.usage:
                yield AIMessageChunk(content="", usage_metadata=cast(UsageMetadata, answer.usage))
            await self._interruption.trigger()
        yield end_of(answer)


def end_of(answer: Answer) -> AIMessageChunk:
    calls = [
        tool_call_chunk(name=call["name"], args=json_arguments(call["args"]), id=call["id"], index=index)
        for index, call in enumerate(answer.calls)
    ]
    usage: Any = answer.usage
    ending = {"finish_reason": answer.finish} if answer.finish else {}
    return AIMessageChunk(
        content="", tool_call_chunks=calls, usage_metadata=usage, response_metadata=ending, chunk_position="last"
    )


def json_arguments(args: Mapping[str, Any]) -> str:
    """The arguments as the model wrote them, valid JSON or not."""
    return args[INVALID_JSON] if INVALID_JSON in args else json.dumps(args, ensure_ascii=False)


class RecordedTools:
    """Port `ToolRuntime`: today's tools validate their arguments and return the recorded results."""

    def __init__(self, catalog: Mapping[str, Tool], runs: Sequence[ToolRun], interruption: Interruption) -> None:
        self._runs = list(runs)
        self._order = {id(run): place for place, run in enumerate(self._runs)}
        self._came: dict[int, asyncio.Event] = {}
        self._interruption = interruption
        self._tools = {name: self._playing(tool) for name, tool in catalog.items()}

    def tools(self, names: Sequence[str]) -> Sequence[Tool]:
        return [self._tools[name] for name in names if name in self._tools]

    def try_acquire(self, user_id: str, tool: Tool) -> bool:
        return True

    def rows(self, user_id: str) -> "NoRows":
        return NoRows()

    def files(self, user_id: str, call: str = "") -> NoFiles:
        return NoFiles()

    def knowledge(self, user_id: str) -> NoKnowledge:
        return NoKnowledge()

    def _playing(self, tool: Tool) -> Tool:
        @functools.wraps(tool.function)
        async def play(arguments: BaseModel, context: ToolContext) -> Mapping[str, Any]:
            run = self._take(tool, arguments)
            if run.result is None:
                await self._interruption.trigger()
            await self._wait_for_turn(self._order[id(run)])
            if run.failed:
                raise ToolError(with_values(run.result["error"]))
            result: Mapping[str, Any] = with_values(run.result)
            return result

        return replace(tool, function=play, preview=None)

    async def execute_once(self, effect: Effect, execute: Callable[[Rows], Awaitable[ToolOutput]]) -> ToolOutput:
        return await execute(NoRows())

    async def _wait_for_turn(self, place: int) -> None:
        """Return the results of one round in their recorded order."""
        came = self._came[place] = asyncio.Event()
        await asyncio.sleep(0)  # all calls of the round have been taken after this
        for earlier in sorted(self._came):
            if earlier < place:
                await self._came[earlier].wait()
        came.set()

    def _take(self, tool: Tool, arguments: BaseModel) -> ToolRun:
        """Remove and return the recorded call of this tool with these arguments."""
        for run in self._runs:
            if run.name == tool.name and is_call_with(run, tool, arguments):
                self._runs.remove(run)
                return run
        raise ToolError(f"{tool.name} was not called with these arguments when the turn was recorded")


def is_call_with(run: ToolRun, tool: Tool, arguments: BaseModel) -> bool:
    try:
        return tool.validate(with_values(run.args)) == arguments
    except ValidationError:
        return False


class NoRows:
    """Port `Rows`: always unavailable, since recorded tools read nothing."""

    async def fetch(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        raise DatabaseUnavailable


class RecordedSummaries:
    """Port `Summaries`."""

    def __init__(self, unsummarized: SummaryBacklog | None) -> None:
        self.unsummarized = unsummarized

    async def backlog(self, user_id: str, session_id: str) -> SummaryBacklog:
        if self.unsummarized is None:
            raise DatabaseUnavailable
        return self.unsummarized

    async def request(self, user_id: str, session_id: str) -> None:
        """Nothing: the state says whether a summary was requested."""
