"""Turns finish reasons and the client's exceptions into `ModelError`s."""

import math

import openai

from graph.adapters.base.provider_errors import operator_fault, retry_after_seconds
from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable

CUT_OFF = "The language model's answer was cut off; your message is kept, send it again."
CALL_CUT_OFF = (
    "The language model's call of a tool was cut off at its length; your message is kept, ask for less at once."
)
FILTERED = "The language model's provider broke its answer off; your message is kept, try another wording."
CREDENTIALS_REJECTED = (
    "The model provider rejected this service's credentials; your message is kept, tell those who run the service."
)
SERVICE_REFUSED = (
    "The model provider does not serve this service now; your message is kept, tell those who run the service."
)

COMPLETE_REASONS = frozenset(
    (
        *("stop", "stop_sequence", "end_turn", "eos", "eos_token", "tool_calls", "tool_call", "tool_use"),
        *("function_call", "complete", "completed", "done"),
    )
)
"""Finish reasons of a complete answer, in lower case. An answer without a finish reason was cut off."""
LENGTH_REASONS = frozenset(
    (*("length", "max_tokens", "max_output_tokens", "max_length", "model_length", "model_context_window_exceeded"),)
)
"""Finish reasons of an answer that reached its maximum length."""
REFUSAL_REASON = "refusal"
"""Finish reason of an answer in which the model declines."""
FILTER_REASONS = frozenset(
    (
        *("content_filter", "content_filtered", "safety", "image_safety", "sensitive", "recitation", "blocklist"),
        *("prohibited_content", "spii", "moderation", "guardrail", "guardrails", "guardrail_intervened", "error_toxic"),
        *("policy_violation"),
    )
)
"""Finish reasons of an answer that the provider's filter ended."""


def classify_finish_reason(reason: str) -> str:
    """`complete`, `length`, `refusal` or `filter`; `cut` for every unlisted reason."""
    word = reason.lower().replace("-", "_")
    if word in COMPLETE_REASONS:
        return "complete"
    if word in LENGTH_REASONS:
        return "length"
    return "refusal" if word == REFUSAL_REASON else "filter" if word in FILTER_REASONS else "cut"


def raise_if_incomplete(kind: str, *, calls: bool) -> None:
    """Check the kind of an answer's finish reason.

    Raises:
        ModelError: the answer is incomplete. Text may end at its maximum length; a tool call may not, its arguments are cut.
    """
    if kind == "cut":
        raise ModelUnavailable(CUT_OFF)
    if kind == "filter":
        raise ModelRefused(FILTERED)
    if kind == "length" and calls:
        raise ModelError(CALL_CUT_OFF)


def to_model_error(fault: Exception, begun: bool) -> ModelError:
    """The `ModelError` for a client's exception, without its text, which may quote the conversation."""
    if isinstance(fault, (TimeoutError, openai.APITimeoutError)):
        return ModelTimeout()
    if isinstance(fault, openai.APIStatusError):
        return status_error(fault)
    if isinstance(fault, (openai.APIError, OSError, ValueError)):
        return ModelUnavailable(CUT_OFF if begun else None)
    return ModelError()  # an answer that LangChain cannot read, or a fault of this code: the log has the place


def status_error(fault: openai.APIStatusError) -> ModelError:
    status = fault.status_code
    if status in (401, 403, 404):
        return ModelRefused(CREDENTIALS_REJECTED)
    if operator_fault(fault):
        return ModelRefused(SERVICE_REFUSED)
    if status in (408, 409, 429) or status >= 500:
        wait = retry_after_seconds(fault.response.headers)
        return unavailable_for(wait) if wait else ModelUnavailable()
    return ModelRefused()


def unavailable_for(seconds: float) -> ModelUnavailable:
    """The error of a provider that is down for about `seconds`."""
    message = f"The language model is not available; your message is kept, send it again in {math.ceil(seconds)} s."
    return ModelUnavailable(message, retry_after=seconds)
