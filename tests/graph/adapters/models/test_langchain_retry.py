"""The second attempt, and the breaker that spares a provider a third: real HTTP, the provider's requests counted."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from langchain_core.messages import HumanMessage

from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.adapters.base.provider_errors import retry_after_seconds
from graph.adapters.models.langchain import LangChainModel, openai_model
from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable
from graph.ports.models import ModelSettings
from tests.support.fakes.scripted_model import ScriptedModel

FIRST_TOKEN = 1.5
PAUSE = 60.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedModel]:
    with ScriptedModel().serving() as model:
        yield model


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def model_at(address: str, clock: Clock) -> AsyncIterator[LangChainModel]:
    client = openai_model("m", key=None, base_url=address, timeout=5)
    breaker = CircuitBreaker(failures=4, pause=PAUSE, clock=clock)
    yield LangChainModel({"small": client}, {"small": "m"}, first_token=FIRST_TOKEN, total=5, breaker=breaker)
    await client.root_async_client.close()


@pytest.fixture
async def model(endpoint: ScriptedModel, clock: Clock) -> AsyncIterator[LangChainModel]:
    async for each in model_at(endpoint.address, clock):
        yield each


async def told(model: LangChainModel, message: str) -> str:
    chunks = [chunk async for chunk in model.stream([HumanMessage(message)], (), ModelSettings())]
    return "".join(str(chunk.text) for chunk in chunks)


# The second attempt ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    ["status 500", "status 502", "status 503", "status 429", "status 408", "cut", "break", "garbage"],
)
async def test_what_fails_once_before_it_shows_anything_is_asked_again(
    fault: str, model: LangChainModel, endpoint: ScriptedModel
) -> None:
    silent = "" if "status" in fault else "[[once silent]]"
    message = f"[[once {fault}]] {silent} [[say well now]] once {fault}"
    assert await told(model, message) == "well now"
    assert len(endpoint.asked(message)) == 2


@pytest.mark.parametrize(
    ("order", "kind", "calls"),
    [
        ("[[status 500]]", ModelUnavailable, 2),
        ("[[status 429]]", ModelUnavailable, 2),
        ("[[cut]] [[silent]]", ModelUnavailable, 2),
        ("[[garbage]] [[silent]]", ModelUnavailable, 2),
        ("[[status 400]]", ModelRefused, 1),
        ("[[status 401]]", ModelRefused, 1),
        ("[[cut]] [[say half]]", ModelUnavailable, 1),
        ("[[break]] [[say half]]", ModelUnavailable, 1),
        ("[[garbage]] [[say half]]", ModelUnavailable, 1),
        ('[[halves]] [[cut]] [[call look {"a": 1}]]', ModelUnavailable, 1),
        ("[[hang]]", ModelTimeout, 1),
    ],
)
async def test_a_provider_is_asked_twice_at_most_and_never_after_it_showed_something(
    order: str, kind: type[ModelError], calls: int, model: LangChainModel, endpoint: ScriptedModel
) -> None:
    message = f"{order} calls"
    with pytest.raises(ModelError) as raised:
        await told(model, message)
    assert type(raised.value) is kind
    assert len(endpoint.asked(message)) == calls


async def test_an_empty_answer_is_an_answer(model: LangChainModel, endpoint: ScriptedModel) -> None:
    assert await told(model, "[[silent]] empty") == ""
    assert len(endpoint.asked("[[silent]] empty")) == 1


async def test_both_attempts_together_keep_the_first_deadline(model: LangChainModel, endpoint: ScriptedModel) -> None:
    message = "[[once status 500]] [[hang]] never"
    began = time.monotonic()
    with pytest.raises(ModelTimeout):
        await told(model, message)
    assert FIRST_TOKEN - 0.1 < time.monotonic() - began < FIRST_TOKEN + 1
    assert len(endpoint.asked(message)) == 2


async def test_a_provider_that_comes_back_between_the_attempts_answers(clock: Clock) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b'data: {"choices": [{"index": 0, "delta": {"content": "back"}, "finish_reason": "stop"}]}\n\n')
        writer.close()

    async def come_back() -> asyncio.Server:
        await asyncio.sleep(0.1)
        return await asyncio.start_server(answer, sock=closed)

    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # bound, but not listening: a connection is refused
    coming = asyncio.create_task(come_back())
    async for model in model_at(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", clock):
        assert await told(model, "are you there?") == "back"
    (await coming).close()


# Retry-After ----------------------------------------------------------------------------------------------------------


async def test_a_provider_that_asks_to_wait_is_left_alone_for_so_long(
    model: LangChainModel, endpoint: ScriptedModel
) -> None:
    message = "[[once status 429]] [[retry_after 0.7]] [[say thanks]] for waiting"
    began = time.monotonic()
    assert await told(model, message) == "thanks"
    assert time.monotonic() - began > 0.9, "what was asked for, and the least pause"
    assert len(endpoint.asked(message)) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_longer_than_the_time_left_is_raised_at_once(
    status: int, model: LangChainModel, endpoint: ScriptedModel
) -> None:
    message = f"[[status {status}]] [[retry_after 20]] no time"
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"your message is kept, send it again in 20 s\.") as raised:
        await told(model, message)
    assert time.monotonic() - began < 1
    assert raised.value.retry_after == 20
    assert len(endpoint.asked(message)) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 GMT"}, None),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 GMT", "date": "Fri, 31 Oct 2025 10:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 GMT", "date": "Fri, 31 Oct 2025 10:00:30 GMT"}, None),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 GMT", "date": "today"}, None),
        ({"retry-after": "Fri, 31 Oct 2025 10:00:30 -0000", "date": "Fri, 31 Oct 2025 10:00:00 GMT"}, None),
    ],
    ids=lambda value: " | ".join(value.values()) or "none" if isinstance(value, dict) else "",
)
async def test_what_a_provider_asks_for_is_read_as_it_is_meant(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


# The breaker ----------------------------------------------------------------------------------------------------------


async def test_a_provider_that_is_down_is_left_alone_until_a_pause_is_over(
    model: LangChainModel, endpoint: ScriptedModel, clock: Clock
) -> None:
    down, well = "[[status 500]] down", "well again"
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await told(model, down)
    with pytest.raises(ModelUnavailable, match=r"your message is kept, send it again in 60 s\.") as refused:
        await told(model, well)
    assert refused.value.retry_after == PAUSE
    assert (len(endpoint.asked(down)), len(endpoint.asked(well))) == (4, 0)

    clock.now += PAUSE
    with pytest.raises(ModelUnavailable):
        await told(model, down)
    assert len(endpoint.asked(down)) == 5, "a trial that fails is not made twice"
    with pytest.raises(ModelUnavailable):
        await told(model, well)

    clock.now += PAUSE
    assert [await told(model, well), await told(model, well)] == [well, well]


@pytest.mark.parametrize("order", ["[[status 429]]", "[[status 400]]", "[[status 401]]", "[[cut]] [[silent]]"])
async def test_a_provider_that_refuses_is_not_down(order: str, model: LangChainModel, endpoint: ScriptedModel) -> None:
    for _ in range(4):
        with pytest.raises(ModelError):
            await told(model, f"{order} refused")
    assert await told(model, "still there") == "still there"


async def test_a_provider_that_hangs_is_down(endpoint: ScriptedModel, clock: Clock) -> None:
    client = openai_model("m", key=None, base_url=endpoint.address, timeout=5)
    breaker = CircuitBreaker(failures=2, pause=PAUSE, clock=clock)
    model = LangChainModel({"small": client}, {"small": "m"}, first_token=0.1, total=5, breaker=breaker)
    for _ in range(2):
        with pytest.raises(ModelTimeout):
            await told(model, "[[hang]]")
    with pytest.raises(ModelUnavailable):
        await told(model, "anybody?")
    await client.root_async_client.close()
