"""What a model refuses by name is left out from then on; everything else that it refuses is a fault."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from structlog.testing import capture_logs

from graph.adapters.models.langchain import LangChainModel
from graph.errors import ModelRefused
from graph.ports.models import ModelSettings
from tests.support.fakes.provider import END, Provider, text


@dataclass
class Particular(Provider):
    """Refuses requests that hold a parameter, as `refusals` says by its name."""

    lines: Any = (text("well"), END)
    refusals: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def respond(self, body: dict[str, Any]) -> bytes:
        for name, (status, error) in self.refusals.items():
            if name in body:
                content = json.dumps(error).encode()
                head = (
                    f"HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                )
                return head.encode() + b"Connection: close\r\n\r\n" + content
        return super().respond(body)


def named(parameter: str, message: str, code: str = "unsupported_parameter") -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}}


REFUSALS: dict[str, tuple[str, int, Any]] = {
    "OpenAI, the parameter": (
        "temperature",
        400,
        named("temperature", "Unsupported parameter: 'temperature' is not supported with this model."),
    ),
    "OpenAI, the value": (
        "temperature",
        400,
        named("temperature", "Unsupported value: 'temperature' does not support 0.7. Only the default (1)."),
    ),
    "without naming it in a field": ("temperature", 400, {"error": {"message": "`temperature` is deprecated for this model."}}),
    "Azure": ("stream_options", 400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
    "Mistral": (
        "stream_options",
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
    ),
    "Gemini": ("stream_options", 400, [{"error": {"message": 'Invalid JSON payload received. Unknown name "stream_options"'}}]),
    "a plain text": ("temperature", 400, "temperature is not allowed"),
}  # fmt: skip


async def answer(model: LangChainModel) -> str:
    chunks = model.stream([HumanMessage("hello")], (), ModelSettings(temperature=0.7, max_tokens=7))
    return "".join([str(chunk.text) async for chunk in chunks])


@pytest.mark.parametrize(("parameter", "status", "error"), REFUSALS.values(), ids=REFUSALS)
async def test_an_optional_parameter_that_is_refused_by_name_is_left_out_from_then_on(
    parameter: str, status: int, error: Any
) -> None:
    provider = Particular(refusals={parameter: (status, error)})
    async with provider.model() as model:
        with capture_logs() as logs:
            assert [await answer(model), await answer(model)] == ["well", "well"]
    assert [parameter in body for body in provider.bodies] == [True, False, False]
    assert [line["parameter"] for line in logs if line["event"] == "model_parameter_dropped"] == [parameter]


async def test_a_limit_that_is_unknown_by_its_present_name_is_sent_by_the_one_before() -> None:
    error = named("max_completion_tokens", "Unknown parameter: max_completion_tokens.")
    provider = Particular(refusals={"max_completion_tokens": (400, error)})
    async with provider.model() as model:
        assert await answer(model) == "well"
    assert [(body.get("max_completion_tokens"), body.get("max_tokens")) for body in provider.bodies] == [
        (7, None),
        (None, 7),
    ]


async def test_several_parameters_are_left_out_one_after_the_other() -> None:
    names = ("temperature", "stream_options", "max_completion_tokens", "max_tokens")
    provider = Particular(refusals={name: (400, named(name, f"{name} is not supported")) for name in names})
    async with provider.model() as model:
        assert await answer(model) == "well"
    assert set(provider.bodies[-1]) == {"model", "messages", "stream"}


@pytest.mark.parametrize(
    "error",
    [
        named("messages", "messages must alternate"),
        named("max_completion_tokens", "max_completion_tokens is too large: at most 2048."),
        {"error": {"message": "This model's maximum context length is 4096 tokens."}},
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_refused_for_another_reason_is_not_asked_again(error: Any) -> None:
    provider = Particular(refusals={"messages": (400, error)})
    async with provider.model() as model:
        with pytest.raises(ModelRefused):
            await answer(model)
    assert len(provider.bodies) == 1
