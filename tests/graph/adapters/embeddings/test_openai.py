"""Embeddings of servers with manners of their own: right vectors in order, or an error that names the setting."""

import asyncio
import base64
import json
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from langchain_openai import OpenAIEmbeddings
from openai import APIConnectionError, OpenAIError
from structlog.testing import capture_logs

from graph.adapters.base.circuit_breaker import FAILURE_THRESHOLD
from graph.adapters.base.provider_status import ProviderStatus
from graph.adapters.embeddings import openai as embedders
from graph.adapters.embeddings.openai import OpenAIEmbedder, openai_embeddings
from graph.errors import ConfigurationError, ModelUnavailable
from graph.ports.models import DIMENSIONS, Embedder
from graph.settings import Settings
from graph.wiring.models import build_embedder

TEXTS = ["first", "second", "third"]


def vector(text: str, width: int = DIMENSIONS) -> list[float]:
    return [float(len(text)), *([1.0] * (width - 1))]


def encoded(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


FAILURES: dict[str, tuple[int, Any]] = {
    "no data": (200, {"error": None}),
    "refused key": (401, {"error": {"message": "Incorrect API key"}}),
    "unknown model": (404, {"error": {"message": "model not found"}}),
    "refused": (400, {"error": {"message": "no embeddings here"}}),
    "no credit": (402, {"error": {"message": "Insufficient Balance"}}),
    "down": (503, {}),
}


@dataclass
class Embeddings:
    """An endpoint that answers as its manners say."""

    manners: str = "usual"
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def respond(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.manners in FAILURES:
            return FAILURES[self.manners]
        if self.manners == "no dimensions" and "dimensions" in body:
            return 400, {"error": {"message": "Model does not support matryoshka representation: dimensions"}}
        if self.manners == "no encoding_format" and "encoding_format" in body:
            return 422, {"detail": [{"loc": ["body", "encoding_format"], "msg": "Extra inputs are not permitted"}]}
        width = 768 if self.manners == "another width" else DIMENSIONS
        data = [{"index": place, "embedding": vector(text, width)} for place, text in enumerate(body["input"])]
        return 200, {"data": self.changed(data)}

    def changed(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The vectors in the form that the manners ask for."""
        match self.manners:
            case "base64":
                return [{**item, "embedding": encoded(item["embedding"])} for item in data]
            case "reversed":
                return data[::-1]
            case "without index":
                return [{"embedding": item["embedding"]} for item in data]
            case "one less":
                return data[:-1]
            case "not a number":
                data[0]["embedding"][0] = float("nan")
            case "nowhere":
                data[0]["embedding"] = [0.0] * DIMENSIONS
        return data

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        self.bodies.append(json.loads(await reader.readexactly(int(length[1]))))
        if self.manners == "hanging":
            await reader.read()
        status, answer = self.respond(self.bodies[-1])
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + content)
        writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            server.close()

    @asynccontextmanager
    async def embedder(self, status: ProviderStatus | None = None) -> AsyncIterator[OpenAIEmbedder]:
        async with self.serving() as address:
            settings = Settings(
                _env_file=None, openai_base_url=address, embeddings="openai", openai_embedding_model="nomic"
            )
            faults = status or ProviderStatus()
            embedder = build_embedder(settings, lambda fault: faults.report("embeddings", fault))
            assert isinstance(embedder, OpenAIEmbedder)
            yield embedder


@pytest.mark.parametrize(
    "manners", ["usual", "no dimensions", "no encoding_format", "base64", "reversed", "without index"]
)
async def test_vectors_are_read_in_the_order_of_their_texts(manners: str) -> None:
    async with Embeddings(manners).embedder() as embedder:
        await embedder.verify_configuration()
        vectors = await embedder.passages(TEXTS)
        assert [each[0] for each in vectors] == [5, 6, 5]
        assert {len(each) for each in vectors} == {DIMENSIONS}
        assert (await embedder.query("a query"))[0] == 7


@pytest.mark.parametrize("manners", ["usual", "base64"])
async def test_vectors_that_the_official_client_can_read_are_read_the_same(manners: str) -> None:
    async with Embeddings(manners).serving() as address:
        clients = [
            openai_embeddings("nomic", width=DIMENSIONS, key=None, base_url=address, timeout=5, raw=raw)
            for raw in (True, False)
        ]
        raw, official = [await client.aembed_documents(TEXTS) for client in clients]
    assert raw == official


async def test_a_refused_parameter_is_left_out_from_then_on() -> None:
    provider = Embeddings("no dimensions")
    async with provider.embedder() as embedder:
        await embedder.passages(TEXTS)
        await embedder.passages(TEXTS)
    assert ["dimensions" in body for body in provider.bodies] == [True, False, False]


WRONG = {
    "another width": r"OPENAI_EMBEDDING_MODEL: the vectors of nomic have 768 numbers, and the database holds 384",
    "refused key": r"OPENAI_API_KEY: the provider of embeddings refuses it",
    "unknown model": r"OPENAI_EMBEDDING_MODEL: there is no nomic",
    "refused": r"OPENAI_EMBEDDING_MODEL: nomic refuses",
}


@pytest.mark.parametrize(("manners", "message"), WRONG.items(), ids=WRONG)
async def test_a_wrong_configuration_is_an_error_that_names_the_setting(manners: str, message: str) -> None:
    async with Embeddings(manners).embedder() as embedder:
        with pytest.raises(ConfigurationError, match=message) as raised:
            await embedder.verify_configuration()
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("manners", ["down", "one less", "not a number", "nowhere", "no data", "no credit"])
async def test_a_provider_that_does_not_serve_now_is_reported_and_lets_the_service_start(manners: str) -> None:
    status = ProviderStatus()
    provider = Embeddings(manners)
    async with provider.embedder(status) as embedder:
        with capture_logs() as logs:
            await embedder.verify_configuration()
        assert list(status.details()) == ["embeddings"]
        assert [line["log_level"] for line in logs] == ["error" if manners == "no credit" else "warning"]
        with pytest.raises(ModelUnavailable):
            await embedder.query("a query")
        provider.manners = "usual"
        await embedder.query("a query")
        assert status.details() == {}


async def test_a_wrong_configuration_that_shows_in_a_turn_is_no_fault_of_the_turn() -> None:
    async with Embeddings("another width").embedder() as embedder:
        with pytest.raises(ModelUnavailable):
            await embedder.query("a query")


async def test_a_provider_that_hangs_holds_a_turn_no_longer_than_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    assert embedders.QUERY_SECONDS == 2
    monkeypatch.setattr(embedders, "QUERY_SECONDS", 0.1)
    provider = Embeddings("hanging")
    async with provider.embedder() as embedder:
        for _ in range(FAILURE_THRESHOLD):
            began = time.monotonic()
            with pytest.raises(ModelUnavailable):
                await embedder.query("a query")
            assert time.monotonic() - began < 1
        asked = len(provider.bodies)
        with pytest.raises(ModelUnavailable):
            await embedder.query("a query")
        assert len(provider.bodies) == asked, "a provider that is down is not asked"


class GivenVectors:
    """A client of a provider that answers without a network."""

    model = "text-embedding-3-small"

    def __init__(self, failure: OpenAIError | None = None) -> None:
        self.failure = failure

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.failure:
            raise self.failure
        return [[float(len(text)), *([0.0] * (DIMENSIONS - 1))] for text in texts]


def provider(client: GivenVectors) -> OpenAIEmbedder:
    return OpenAIEmbedder(cast(OpenAIEmbeddings, client))


async def test_a_providers_model_is_named_beside_its_vectors() -> None:
    embedder: Embedder = provider(GivenVectors())
    assert embedder.model == "text-embedding-3-small"
    assert [vector[0] for vector in await embedder.passages(["a", "bb"])] == [1, 2]
    assert (await embedder.query("ccc"))[0] == 3


async def test_a_provider_that_fails_is_unavailable() -> None:
    request: Any = httpx.Request("POST", "http://127.0.0.1/v1/embeddings")
    with pytest.raises(ModelUnavailable):
        await provider(GivenVectors(APIConnectionError(request=request))).query("a")
