"""What goes wrong with a provider's answer, as an error of ours: why an answer ended, and what a client raised."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

import openai

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

QUOTA = (
    *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"),
    *("exceeded_current_quota_error", "arrearage"),
)
QUOTA_WORDS = (
    *("exceeded your current quota", "insufficient balance", "insufficient credit", "insufficient funds"),
    *("credit balance is too low", "out of credit", "billing hard limit", "in arrears", "account is suspended"),
)
SOON_WORDS = ("retry in", "retrydelay", "per minute", "try again in")
"""How servers say that a limit is one of the moment, though they call it a quota."""
NO_TOOLS = re.compile(
    r"(?:n't|not) (?:currently )?support(?:ed)? (?:\w+ ){0,2}(?:tool|function)"
    r"|(?:tools?|tool use|(?:tool|function) calling)\b.{0,40}\b(?:not (?:supported|available|enabled)|unsupported)"
    r"|no endpoints found that support tool|tool choice requires"
)
"""How servers say that a model takes no tools."""
NO_TEMPLATE = "requires --jinja"
"""How llama.cpp says it, as a fault of its own."""


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


def operators_fault(fault: BaseException | None) -> str | None:
    """What only those who run the service can mend, in a word; None if it is something else."""
    if not isinstance(fault, openai.APIStatusError):
        return None
    text = f"{fault.message} {fault.body or ''}".lower()
    match fault.status_code:
        case 401 | 403:
            return "key"
        case 404:
            return "tools" if NO_TOOLS.search(text) else "model"
        case 402:
            return "payment"
        case 400 | 429 if is_quota(fault, text):
            return "quota"
        case status if NO_TEMPLATE in text or (status < 500 and NO_TOOLS.search(text)):
            return "tools"
        case _:
            return None


def is_quota(fault: openai.APIStatusError, text: str) -> bool:
    """Whether what was paid for is used up, rather than what may be used in a minute."""
    if {str(fault.code).lower(), str(fault.type).lower()} & set(QUOTA):
        return True
    soon = asked_wait(fault.response.headers) or any(words in text for words in SOON_WORDS)
    return not soon and any(words in text for words in QUOTA_WORDS)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a provider asks to be left alone (Retry-After of RFC 9110); a date is read by the provider's clock."""
    asked = headers.get("retry-after", "")
    seconds = math.nan
    with suppress(ValueError):
        seconds = float(asked)
    with suppress(ValueError, TypeError, KeyError):
        seconds = (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds()
    return seconds if 0 < seconds < math.inf else None


def unavailable(seconds: float) -> ModelUnavailable:
    """The error that says when to try again."""
    message = f"The language model is not available; your message is kept, send it again in {math.ceil(seconds)} s."
    return ModelUnavailable(message, retry_after=seconds)


def is_down(fault: BaseException | None) -> bool:
    """Whether a fault is one of a provider that answers nobody, rather than one of this call."""
    if isinstance(fault, openai.APIStatusError):
        return fault.status_code >= 500
    return isinstance(fault, (openai.APIConnectionError, OSError))
