"""Why an answer ended, and whose fault a refusal is."""

from typing import Any

import httpx2
import openai
import pytest
from langchain_core.messages import AIMessageChunk

from graph.adapters.base.provider_errors import operator_fault
from graph.adapters.models.answer_errors import classify_finish_reason, status_error
from graph.errors import ModelError, ModelRefused, ModelUnavailable
from tests.support.fakes.provider import Provider, text

ENDS = {
    "complete": ["stop", "STOP", "tool_calls", "function_call", "end_turn", "eos", "eos_token", "COMPLETE", "tool-use"],
    "length": ["length", "max_tokens", "MAX_TOKENS", "model_length"],
    "filter": ["content_filter", "SAFETY", "RECITATION", "sensitive", "guardrail_intervened", "PROHIBITED_CONTENT"],
    "refusal": ["refusal"],
    "cut": [
        "",
        "error",
        "network_error",
        "insufficient_system_resource",
        "abort",
        "cancelled",
        "timeout",
        "unknown",
        "7",
    ],
}


@pytest.mark.parametrize(("kind", "reason"), [(kind, reason) for kind, reasons in ENDS.items() for reason in reasons])
def test_only_reasons_on_a_list_count_as_whole(kind: str, reason: str) -> None:
    assert classify_finish_reason(reason) == kind


async def heard(reason: Any) -> list[AIMessageChunk]:
    return await Provider([text("You owe"), {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]).say()


@pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource", "abort", 7, {"why": "?"}])
async def test_an_answer_that_ended_for_another_reason_was_cut_off(reason: Any) -> None:
    with pytest.raises(ModelUnavailable, match="was cut off"):
        await heard(reason)


@pytest.mark.parametrize("reason", ["SAFETY", "content_filter"])
async def test_an_answer_that_a_filter_ended_is_a_refusal(reason: str) -> None:
    with pytest.raises(ModelRefused, match="another wording"):
        await heard(reason)


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS"])
async def test_an_answer_that_ended_at_its_length_says_so(reason: str) -> None:
    assert (await heard(reason))[-1].response_metadata["finish_reason"] == "length"


async def test_a_streamed_refusal_is_the_answer_and_says_so() -> None:
    parts = [
        {"choices": [{"index": 0, "delta": {"content": None, "refusal": part}}]} for part in ("", "I cannot ", "help.")
    ]
    chunks = await Provider([*parts, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]).say()
    assert "".join(str(chunk.text) for chunk in chunks) == "I cannot help."
    assert chunks[-1].response_metadata["finish_reason"] == "refusal"


# Whose fault ----------------------------------------------------------------------------------------------------------


def refusal(
    status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: Any
) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx2.Response(status, request=request, headers=headers or {})
    return openai.APIStatusError(message, response=response, body={"message": message, **fields})


OPERATORS = {
    "key": [refusal(401), refusal(403)],
    "model": [refusal(404, "The model `gpt-9` does not exist")],
    "payment": [refusal(402, "Insufficient Balance")],
    "quota": [
        refusal(429, "You exceeded your current quota", type="insufficient_quota", code="insufficient_quota"),
        refusal(429, "You exceeded your current quota, please check your plan"),
        refusal(429, "Your account is suspended", type="exceeded_current_quota_error"),
        refusal(400, "Access denied", code="Arrearage"),
        refusal(400, "Your credit balance is too low to access the API", type="invalid_request_error"),
    ],
    "tools": [
        refusal(400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        refusal(404, "No endpoints found that support tool use"),
        refusal(400, "This model doesn't support function calling"),
        refusal(422, "Tools are not supported for this model"),
        refusal(400, '"auto" tool choice requires --enable-auto-tool-choice to be set'),
        refusal(500, "tools param requires --jinja flag"),
    ],
}


@pytest.mark.parametrize(
    ("fault", "error"), [(fault, error) for fault, errors in OPERATORS.items() for error in errors], ids=str
)
def test_a_fault_for_the_operator_is_not_reported_as_the_users(fault: str, error: openai.APIStatusError) -> None:
    assert operator_fault(error) == fault
    told = status_error(error)
    assert "tell those who run the service" in told.message
    assert "another wording" not in told.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal(429, "Rate limit reached", code="rate_limit_exceeded"), ModelUnavailable),
        (refusal(429, "You exceeded your current quota. Please retry in 30s."), ModelUnavailable),
        (refusal(429, "You exceeded your current quota", {"retry-after": "20"}), ModelUnavailable),
        (refusal(500, "does not support tools"), ModelUnavailable),
        (refusal(400, "messages must alternate"), ModelRefused),
        (refusal(400, "tool_call_id of a tool message was not found"), ModelRefused),
    ],
    ids=str,
)
def test_a_temporary_fault_or_one_of_the_message_is_not_the_operators(
    error: openai.APIStatusError, kind: type[ModelError]
) -> None:
    assert operator_fault(error) is None
    assert type(status_error(error)) is kind
