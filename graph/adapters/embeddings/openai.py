"""An embedder (port `Embedder`) of a provider: OpenAI, or any server that speaks its protocol."""

import asyncio
import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import openai
import structlog
from langchain_openai import OpenAIEmbeddings
from openai import APIStatusError, OpenAIError
from pydantic import SecretStr

from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.adapters.base.provider_errors import operator_fault
from graph.adapters.base.provider_status import UNREACHABLE
from graph.adapters.base.request_parameters import refused_parameter, without_refused
from graph.errors import ConfigurationError, ModelUnavailable
from graph.ports.models import DIMENSIONS

log = structlog.get_logger(__name__)

QUERY_SECONDS = 2.0
"""How long a turn waits for a query's vector; after that it continues without stored texts."""
PASSAGES_SECONDS = 30.0
CHECK_SECONDS = 10.0

CONFIGURATION = "configuration"
FAULT_SETTINGS = {"key": "OPENAI_API_KEY", "model": "OPENAI_EMBEDDING_MODEL", CONFIGURATION: "OPENAI_EMBEDDING_MODEL"}
"""The setting that fixes each fault."""
FAULT_MESSAGES = {
    "key": "the provider of embeddings refuses it; set the right one, or EMBEDDINGS=local.",
    "model": "there is no {model} at OPENAI_BASE_URL; set another one, or EMBEDDINGS=local.",
    CONFIGURATION: "{model} refuses a request for vectors; set another one, or EMBEDDINGS=local.",
}

OPTIONAL_PARAMETERS = ("dimensions", "encoding_format")
"""Parameters that a server may refuse; they are left out of later requests."""


class RawEmbeddings:
    """Requests vectors as plain numbers, which every server supports, and returns them in the order of the texts."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client
        self._refused: set[str] = set()
        """Optional parameters that the model refused."""

    async def create(self, **request: Any) -> dict[str, Any]:
        """Raises: ValueError: the response holds no vectors."""
        request["encoding_format"] = "float"
        while True:
            body = without_refused(request, self._refused)
            try:
                response = await self._client.post("/embeddings", body=body, cast_to=object)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = refused_parameter(error, body, OPTIONAL_PARAMETERS)
                if name is None:
                    raise
                self._refused.add(name)
                log.warning("model_parameter_dropped", model=request.get("model"), parameter=name)
            else:
                return {"data": [{"embedding": vector} for vector in parse_vectors(response)]}


def parse_vectors(response: object) -> list[list[float]]:
    """Raises: ValueError: the response has no vectors."""
    data = response.get("data") if isinstance(response, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise ValueError("no vectors")
    numbers = [item.get("index") for item in data]
    if sorted(number for number in numbers if isinstance(number, int)) == list(range(len(data))):
        data = sorted(data, key=lambda item: item["index"])
    return [parse_vector(item.get("embedding")) for item in data]


def parse_vector(written: object) -> list[float]:
    if isinstance(written, str):
        return [float(number) for number in np.frombuffer(base64.b64decode(written), dtype="<f4")]
    if isinstance(written, Sequence) and all(isinstance(number, int | float) for number in written):
        return [float(number) for number in written]
    raise ValueError("no vector")


def openai_embeddings(
    name: str, *, width: int, key: SecretStr | None, base_url: str | None, timeout: float, raw: bool = True
) -> OpenAIEmbeddings:
    """Build an embedding model of OpenAI, or of any server that speaks its protocol.

    Args:
        name: the provider's name of the model.
        width: numbers of each vector.
        key: the API key; None for a server that needs none.
        base_url: address of the server; None for OpenAI's.
        timeout: seconds for a request.
        raw: whether `RawEmbeddings` replaces the official client, which only OpenAI's own server is sure to understand.
    """
    client = OpenAIEmbeddings(
        model=name,
        dimensions=width,
        openai_api_key=key or SecretStr("none"),
        openai_api_base=base_url,
        request_timeout=timeout,
        max_retries=1,
        check_embedding_ctx_length=False,
    )
    if raw:
        client.async_client = RawEmbeddings(client.async_client._client)
    return client


class OpenAIEmbedder:
    """An OpenAI-compatible embedding model. A query waits at most `QUERY_SECONDS`, and not at all while the breaker is open."""

    minimum_similarity = 0.30
    """OpenAI's third-generation models give unrelated texts about 0.1. Not measured here."""

    def __init__(self, client: OpenAIEmbeddings, report: Callable[[str | None], None] = lambda fault: None) -> None:
        """`report` is called with a fault of the provider (a key of `provider_status.FAULTS`), or None if it answers."""
        self._client = client
        self._report = report
        self._breaker = CircuitBreaker()
        self.model = client.model

    async def query(self, text: str) -> list[float]:
        """Raises: ModelUnavailable."""
        if wait := self._breaker.wait_seconds():
            raise ModelUnavailable(retry_after=wait)
        try:
            [vector] = await self._vectors([text], QUERY_SECONDS, self._report)
        except ConfigurationError as error:
            self._breaker.record_success()
            raise ModelUnavailable from error
        except ModelUnavailable:
            self._breaker.record_failure()
            raise
        self._breaker.record_success()
        return vector

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises: ModelUnavailable, ConfigurationError."""
        return await self._vectors(texts, PASSAGES_SECONDS, self._report)

    async def verify_configuration(self) -> None:
        """Request a vector to verify the configuration. An unreachable provider is only reported.

        Raises:
            ConfigurationError: the key, the model or the size of its vectors is wrong; the message names the setting.
        """
        faults: list[str | None] = []
        try:
            await self._vectors(["A sentence of ordinary length."], CHECK_SECONDS, faults.append)
        except ModelUnavailable as error:
            fault = classify_fault(error.__cause__)
            if setting := FAULT_SETTINGS.get(fault):
                raise ConfigurationError(f"{setting}: {FAULT_MESSAGES[fault].format(model=self.model)}") from error
        for reported in faults:
            self._report(reported)

    async def _vectors(
        self, texts: Sequence[str], seconds: float, report: Callable[[str | None], None]
    ) -> list[list[float]]:
        try:
            async with asyncio.timeout(seconds):
                vectors = await self._client.aembed_documents(list(texts))
            validate_vectors(vectors, len(texts), self.model)
        except ConfigurationError:
            report(CONFIGURATION)
            raise
        except (OpenAIError, TimeoutError, ValueError) as error:
            if (fault := classify_fault(error)) != CONFIGURATION:  # a provider may refuse a single text for its content
                report(fault)
            raise ModelUnavailable from error
        report(None)
        return vectors


def classify_fault(error: BaseException | None) -> str:
    """The fault behind an error, as a key of `provider_status.FAULTS`."""
    is_refused = isinstance(error, APIStatusError) and error.status_code in (400, 405, 413, 422)
    return operator_fault(error) or (CONFIGURATION if is_refused else UNREACHABLE)


def validate_vectors(vectors: Sequence[Sequence[float]], count: int, model: str) -> None:
    """Check a provider's vectors.

    Raises:
        ConfigurationError: they have another size than the database's.
        ValueError: their number is wrong, or one is zero or not finite.
    """
    if len(vectors) != count:
        raise ValueError("another number of vectors than of texts")
    if width := next((len(vector) for vector in vectors if len(vector) != DIMENSIONS), None):
        raise ConfigurationError(
            f"OPENAI_EMBEDDING_MODEL: the vectors of {model} have {width} numbers, and the database holds {DIMENSIONS}; "
            "choose a model that makes such vectors or takes `dimensions`, or set EMBEDDINGS=local."
        )
    if not all(any(vector) and all(map(math.isfinite, vector)) for vector in vectors):
        raise ValueError("a vector that points nowhere")
