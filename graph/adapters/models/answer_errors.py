"""What goes wrong with a provider's answer, as an error of ours: why an answer ended, and what a client raised."""

import math

import openai

from graph.adapters.base.provider_errors import asked_wait, operators_fault
from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable

CUT_OFF = "The language model's answer was cut off; your message is kept, send it again."
CALL_CUT_OFF = (
    "The language model's call of a tool was cut off at its length; your message is kept, ask for less at once."
)
FILTERED = "The language model's provider broke its answer off; your message is kept, try another wording."
NOT_LET_IN = "The language model does not let this service in; your message is kept, tell those who run the service."
NOT_SERVED = "The language model does not serve this service now; your message is kept, tell those who run the service."

COMPLETE = frozenset(
    (
        *("stop", "stop_sequence", "end_turn", "eos", "eos_token", "tool_calls", "tool_call", "tool_use"),
        *("function_call", "complete", "completed", "done"),
    )
)
"""Reasons for which an answer is whole, in lower case. An answer without a reason was cut off, whatever else it says."""
LENGTH = frozenset(
    (*("length", "max_tokens", "max_output_tokens", "max_length", "model_length", "model_context_window_exceeded"),)
)
"""Reasons for which an answer ended at its allowed length."""
REFUSAL = "refusal"
"""The reason of an answer in which the model says that it will not answer."""
FILTER = frozenset(
    (
        *("content_filter", "content_filtered", "safety", "image_safety", "sensitive", "recitation", "blocklist"),
        *("prohibited_content", "spii", "moderation", "guardrail", "guardrails", "guardrail_intervened", "error_toxic"),
        *("policy_violation"),
    )
)
"""Reasons for which a provider breaks an answer off because of what it holds."""


def kind_of_end(reason: str) -> str:
    """`complete`, `length`, `refusal`, `filter`, or `cut` for every reason that is on no list."""
    word = reason.lower().replace("-", "_")
    if word in COMPLETE:
        return "complete"
    if word in LENGTH:
        return "length"
    return "refusal" if word == REFUSAL else "filter" if word in FILTER else "cut"


def check_end(kind: str, *, calls: bool) -> None:
    """Look at why an answer ended.

    Raises:
        ModelError: it is not whole. Text may end at its allowed length; a call of a tool that does asks for something else.
    """
    if kind == "cut":
        raise ModelUnavailable(CUT_OFF)
    if kind == "filter":
        raise ModelRefused(FILTERED)
    if kind == "length" and calls:
        raise ModelError(CALL_CUT_OFF)


def translate(fault: Exception, begun: bool) -> ModelError:
    """What a model raised, as an error of ours; its text stays behind, it may quote the conversation."""
    if isinstance(fault, (TimeoutError, openai.APITimeoutError)):
        return ModelTimeout()
    if isinstance(fault, openai.APIStatusError):
        return of_status(fault)
    if isinstance(fault, (openai.APIError, OSError, ValueError)):
        return ModelUnavailable(CUT_OFF if begun else None)
    return ModelError()  # an answer of a shape that LangChain stumbles over, or a fault of ours: the log says where


def of_status(fault: openai.APIStatusError) -> ModelError:
    status = fault.status_code
    if status in (401, 403, 404):
        return ModelRefused(NOT_LET_IN)
    if operators_fault(fault):
        return ModelRefused(NOT_SERVED)
    if status in (408, 409, 429) or status >= 500:
        wait = asked_wait(fault.response.headers)
        return unavailable(wait) if wait else ModelUnavailable()
    return ModelRefused()


def unavailable(seconds: float) -> ModelUnavailable:
    """The error that says when to try again."""
    message = f"The language model is not available; your message is kept, send it again in {math.ceil(seconds)} s."
    return ModelUnavailable(message, retry_after=seconds)
