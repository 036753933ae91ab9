"""OpenAI's embeddings as `OpenAIEmbeddings` asks for them, from any server that speaks the protocol more or less."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import openai
import structlog
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from graph.adapters.models.openai_client import refused_parameter, without

log = structlog.get_logger(__name__)

OPTIONAL = ("dimensions", "encoding_format")
"""Parameters without which a server may do what was wanted; some refuse them."""


class PlainEmbeddings:
    """Asks for vectors as plain numbers, which every server can write, and reads them in the order of the texts."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client
        self._refused: set[str] = set()
        """Optional parameters that the model does not take."""

    async def create(self, **request: Any) -> dict[str, Any]:
        """Raises: ValueError: the response holds no vectors."""
        request["encoding_format"] = "float"
        while True:
            body = without(request, self._refused)
            try:
                response = await self._client.post("/embeddings", body=body, cast_to=object)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = refused_parameter(error, body, OPTIONAL)
                if name is None:
                    raise
                self._refused.add(name)
                log.warning("model_parameter_left_out", model=request.get("model"), parameter=name)
            else:
                return {"data": [{"embedding": vector} for vector in vectors_in(response)]}


def vectors_in(response: object) -> list[list[float]]:
    """Raises: ValueError: there are none."""
    data = response.get("data") if isinstance(response, dict) else None
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise ValueError("no vectors")
    numbers = [each.get("index") for each in data]
    if sorted(number for number in numbers if isinstance(number, int)) == list(range(len(data))):
        data = sorted(data, key=lambda each: each["index"])
    return [vector_in(each.get("embedding")) for each in data]


def vector_in(written: object) -> list[float]:
    if isinstance(written, str):
        return [float(number) for number in np.frombuffer(base64.b64decode(written), dtype="<f4")]
    if isinstance(written, Sequence) and all(isinstance(number, int | float) for number in written):
        return [float(number) for number in written]
    raise ValueError("no vector")


def openai_embeddings(
    name: str, *, width: int, key: SecretStr | None, base_url: str | None, timeout: float
) -> OpenAIEmbeddings:
    """An embedding model of OpenAI, or of any server that speaks its protocol."""
    client = OpenAIEmbeddings(
        model=name,
        dimensions=width,
        openai_api_key=key or SecretStr("none"),
        openai_api_base=base_url,
        request_timeout=timeout,
        max_retries=1,
        check_embedding_ctx_length=False,
    )
    client.async_client = PlainEmbeddings(client.async_client._client)
    return client
