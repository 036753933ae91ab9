"""Any LangChain chat model, within deadlines; what goes wrong is a `ModelError`."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, SecretStr
from structlog.testing import capture_logs

from graph.adapters.models.langchain import LangChainModel, openai_model, with_deadlines
from graph.adapters.models.pricing import read_prices
from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable
from graph.ports.models import ModelSettings
from graph.tool import Tool, ToolContext
from tests.support.fakes.scripted_model import ScriptedModel
from tools.shared.arguments import ToolArguments

REQUEST: Any = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
HELLO = [HumanMessage("hello")]

Stream = Callable[[], AsyncIterator[AIMessageChunk]]


class Scripted(BaseChatModel):
    """Streams what a function yields."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    script: Stream
    bound: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise AssertionError("answers are streamed; nobody asks for a whole one")

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.bound.update(kwargs)
        async for chunk in self.script():
            yield ChatGenerationChunk(message=chunk)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self.bind(tools=tools, **kwargs)


FINISH = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})


def model_of(
    script: Stream, *, first_token: float = 5.0, between_tokens: float = 5.0, total: float = 5.0
) -> LangChainModel:
    """One attempt; `test_langchain_retry.py` tells of the second."""
    scripted = Scripted(script=script, bound={})
    return LangChainModel(
        {"small": scripted, "large": scripted},
        {"small": "small-name", "large": "large-name"},
        first_token=first_token,
        between_tokens=between_tokens,
        total=total,
        attempts=1,
    )


async def read(model: LangChainModel, tools: tuple[Tool, ...] = (), **settings: Any) -> list[str]:
    return [str(chunk.text) async for chunk in model.stream(HELLO, tools, ModelSettings(**settings))]


async def look(arguments: ToolArguments, context: ToolContext) -> dict[str, Any]:
    """Look."""
    return {}


async def test_chunks_come_as_the_model_gives_them() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        for word in ("a ", "b"):
            yield AIMessageChunk(content=word)
        yield FINISH

    assert "".join(await read(model_of(script))) == "a b"


async def test_each_chunk_comes_before_the_next_is_made() -> None:
    made: list[str] = []

    async def script() -> AsyncIterator[AIMessageChunk]:
        for word in ("a", "b"):
            made.append(word)
            yield AIMessageChunk(content=word)
        yield FINISH

    stream = model_of(script).stream(HELLO, (), ModelSettings())
    assert (await anext(stream)).text == "a"
    assert made == ["a"]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_the_employees_settings_reach_the_model() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield FINISH

    model = model_of(script)
    await read(model, (Tool(look),), temperature=0.0, max_tokens=77)
    scripted = model._models["small"]
    assert isinstance(scripted, Scripted)
    assert (scripted.bound["temperature"], scripted.bound["max_tokens"]) == (0.0, 77)
    assert scripted.bound["tools"][0]["function"]["name"] == "look"


def test_the_size_chooses_the_models_name() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield FINISH

    model = model_of(script)
    assert [model.name(ModelSettings(size=size)) for size in ("small", "large")] == ["small-name", "large-name"]


# Deadlines ------------------------------------------------------------------------------------------------------------


async def test_a_model_that_says_nothing_is_given_up_at_the_first_deadline() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        await asyncio.sleep(30)
        yield FINISH

    started = time.monotonic()
    with pytest.raises(ModelTimeout):
        await read(model_of(script, first_token=0.1, total=5))
    assert time.monotonic() - started < 1


async def test_a_model_that_talks_on_is_given_up_at_the_last_deadline() -> None:
    heard = []

    async def script() -> AsyncIterator[AIMessageChunk]:
        while True:
            yield AIMessageChunk(content="on ")
            await asyncio.sleep(0.02)

    async def listen() -> None:
        async for chunk in model_of(script, first_token=0.1, total=0.3).stream(HELLO, (), ModelSettings()):
            heard.append(chunk)

    with pytest.raises(ModelTimeout):
        await listen()
    assert len(heard) > 3


async def test_a_pause_after_the_first_word_may_be_longer_than_the_first_deadline() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="a")
        await asyncio.sleep(0.2)
        yield FINISH

    assert "".join(await read(model_of(script, first_token=0.1, total=5))) == "a"


@pytest.mark.parametrize("said", ["", "a"], ids=["after an empty chunk", "after a word"])
async def test_a_model_that_falls_silent_in_its_answer_is_given_up(said: str) -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content=said)
        await asyncio.sleep(30)
        yield FINISH

    started = time.monotonic()
    with pytest.raises(ModelTimeout):
        await read(model_of(script, between_tokens=0.1))
    assert time.monotonic() - started < 1


async def test_each_chunk_restarts_the_time_between_tokens() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        for word in "abcd":
            await asyncio.sleep(0.06)
            yield AIMessageChunk(content=word)
        yield FINISH

    assert "".join(await read(model_of(script, between_tokens=0.15))) == "abcd"


async def test_the_listeners_own_time_is_not_the_models() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    heard = []
    now = time.monotonic()
    async for number in with_deadlines(numbers(), first=now + 0.05, between=0.05, end=now + 5):
        await asyncio.sleep(0.06)
        heard.append(number)
    assert heard == [0, 1, 2]


async def test_a_stream_that_is_given_up_is_closed() -> None:
    closed = asyncio.Event()

    async def script() -> AsyncIterator[AIMessageChunk]:
        try:
            yield AIMessageChunk(content="a")
            await asyncio.sleep(30)
        finally:
            closed.set()

    with pytest.raises(ModelTimeout):
        await read(model_of(script, first_token=0.1, total=0.1))
    async with asyncio.timeout(1):
        await closed.wait()


# Faults ---------------------------------------------------------------------------------------------------------------


def status(code: int) -> openai.APIStatusError:
    response: Any = httpx.Response(code, request=REQUEST)
    return openai.APIStatusError("secret detail", response=response, body=None)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (status(400), ModelRefused),
        (status(401), ModelRefused),
        (status(403), ModelRefused),
        (status(404), ModelRefused),
        (status(422), ModelRefused),
        (status(408), ModelUnavailable),
        (status(409), ModelUnavailable),
        (status(429), ModelUnavailable),
        (status(500), ModelUnavailable),
        (status(503), ModelUnavailable),
        (openai.APITimeoutError(request=REQUEST), ModelTimeout),
        (openai.APIConnectionError(request=REQUEST), ModelUnavailable),
        (openai.APIError("secret detail", request=REQUEST, body=None), ModelUnavailable),
        (ConnectionResetError("secret detail"), ModelUnavailable),
        (ValueError("secret detail"), ModelUnavailable),
        (TimeoutError("secret detail"), ModelTimeout),
        (AttributeError("secret detail"), ModelError),
        (RecursionError("secret detail"), ModelError),
    ],
    ids=lambda value: (
        f"{type(value).__name__}{getattr(value, 'status_code', '')}" if isinstance(value, Exception) else ""
    ),
)
@pytest.mark.parametrize("said", [(), ("half ",)], ids=["before the first word", "after it"])
async def test_each_fault_is_a_model_error_of_its_kind(
    fault: Exception, kind: type[ModelError], said: tuple[str, ...]
) -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        for word in said:
            yield AIMessageChunk(content=word)
        raise fault
        yield

    with pytest.raises(ModelError) as raised:
        await read(model_of(script))
    assert type(raised.value) is kind
    assert "secret" not in raised.value.message
    assert "your message is kept" in raised.value.message


async def test_an_answer_that_is_cut_off_is_an_error() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="half")

    with pytest.raises(ModelUnavailable, match="cut off"):
        await read(model_of(script))


async def test_a_model_that_yields_nothing_is_an_error() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        return
        yield

    with pytest.raises(ModelError):
        await read(model_of(script))


async def test_an_unexpected_error_is_found_by_the_log() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        raise ZeroDivisionError("secret detail")
        yield

    with capture_logs() as logs, pytest.raises(ModelError):
        await read(model_of(script))
    [line] = logs
    assert (line["event"], line["model"], line["reason"]) == ("model_call_failed", "small-name", "model_error")
    assert re.fullmatch(r"ZeroDivisionError at test_langchain\.py:\d+", line["cause"])


async def test_what_goes_wrong_after_the_end_of_an_answer_changes_nothing() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="whole")
        yield FINISH
        raise openai.APIConnectionError(request=REQUEST)

    assert "".join(await read(model_of(script))) == "whole"


async def test_a_call_of_a_tool_that_ends_at_its_allowed_length_is_an_error() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name="look", args="", id="1", index=0)])
        yield AIMessageChunk(content="", response_metadata={"finish_reason": "length"})

    with pytest.raises(ModelError, match="call of a tool was cut off"):
        await read(model_of(script))


async def test_text_that_ends_at_its_allowed_length_is_an_answer() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="as much as was allowed")
        yield AIMessageChunk(content="", response_metadata={"finish_reason": "length"})

    assert "".join(await read(model_of(script))) == "as much as was allowed"


async def test_an_answer_that_its_provider_breaks_off_is_a_refusal() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="half")
        yield AIMessageChunk(content="", response_metadata={"finish_reason": "content_filter"})

    with pytest.raises(ModelRefused, match="another wording"):
        await read(model_of(script))


@pytest.mark.parametrize("code", [401, 403, 404])
async def test_a_key_or_a_model_that_is_unknown_is_nothing_that_another_wording_helps(code: int) -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        raise status(code)
        yield

    with pytest.raises(ModelRefused, match="tell those who run the service"):
        await read(model_of(script))


async def test_the_answer_names_its_model_once_whatever_the_provider_calls_it() -> None:
    end = {"finish_reason": "stop", "model_name": "dated-name"}

    async def script() -> AsyncIterator[AIMessageChunk]:
        yield AIMessageChunk(content="a")
        yield AIMessageChunk(content="", response_metadata=dict(end))
        yield AIMessageChunk(content="", response_metadata=dict(end))

    chunks = [chunk async for chunk in model_of(script).stream(HELLO, (), ModelSettings())]
    assert add_ai_message_chunks(*chunks).response_metadata["model_name"] == "small-name"


async def test_a_stop_is_a_stop_and_no_error() -> None:
    async def script() -> AsyncIterator[AIMessageChunk]:
        await asyncio.sleep(30)
        yield FINISH

    reading = asyncio.create_task(read(model_of(script)))
    await asyncio.sleep(0.02)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


# The real client ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedModel]:
    with ScriptedModel().serving() as model:
        yield model


@pytest.fixture(scope="module")
async def client(endpoint: ScriptedModel) -> AsyncIterator[LangChainModel]:
    model = openai_model("gpt-4o-mini", key=SecretStr("key"), base_url=endpoint.address, timeout=5)
    yield LangChainModel({"small": model}, {"small": "gpt-4o-mini"}, first_token=2, total=5)
    await model.root_async_client.close()


async def told(client: LangChainModel, message: str, *tools: Tool) -> list[AIMessageChunk]:
    stream = client.stream([HumanMessage(message)], tools, ModelSettings(temperature=0.0, max_tokens=9))
    return [chunk async for chunk in stream]


async def test_the_client_streams_words_and_usage(client: LangChainModel, endpoint: ScriptedModel) -> None:
    chunks = await told(client, "one two")
    assert "".join(str(chunk.text) for chunk in chunks) == "one two"
    assert [chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata] == [15]


async def test_the_client_sends_settings_and_tools(client: LangChainModel, endpoint: ScriptedModel) -> None:
    await told(client, "with tools", Tool(look))
    body = endpoint.requests[-1]
    assert (body["model"], body["temperature"], body["stream"]) == ("gpt-4o-mini", 0.0, True)
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 9
    assert [tool["function"]["name"] for tool in body["tools"]] == ["look"]


async def test_without_tools_none_are_sent(client: LangChainModel, endpoint: ScriptedModel) -> None:
    await told(client, "no tools")
    assert "tools" not in endpoint.requests[-1]


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ("status 400", ModelRefused),
        ("status 500", ModelUnavailable),
        ("garbage", ModelUnavailable),
        ("break", ModelUnavailable),
    ],
)
async def test_the_clients_faults_are_model_errors(client: LangChainModel, order: str, kind: type[ModelError]) -> None:
    with pytest.raises(kind):
        await told(client, f"[[{order}]]")


async def test_an_answer_that_the_server_cuts_off_is_an_error(client: LangChainModel, endpoint: ScriptedModel) -> None:
    with pytest.raises(ModelUnavailable):
        await told(client, "half an answer [[cut]]")


async def test_an_address_without_a_server_is_unavailable() -> None:
    model = openai_model("m", key=None, base_url="http://127.0.0.1:1/v1", timeout=5)
    with pytest.raises(ModelUnavailable):
        await read(LangChainModel({"small": model}, {"small": "m"}, first_token=5, total=5))
    await model.root_async_client.close()


# Prices ---------------------------------------------------------------------------------------------------------------


def test_prices_are_exact_decimals(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("some-model: {prompt: '0.15', completion: '0.60'}\n")
    prices = read_prices(tmp_path / "prices.yaml")
    assert (prices["some-model"].prompt, prices["some-model"].completion) == (Decimal("0.15"), Decimal("0.60"))


def test_the_default_models_have_prices() -> None:
    assert {"gpt-4o-mini", "gpt-4o"} <= read_prices().keys()
    assert all(price.prompt > 0 < price.completion for price in read_prices().values())
