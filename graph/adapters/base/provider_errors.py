"""Reads the errors of an OpenAI-compatible provider: what only an operator can fix, and when to try again."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

import openai

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


def is_down(fault: BaseException | None) -> bool:
    """Whether a fault is one of a provider that answers nobody, rather than one of this call."""
    if isinstance(fault, openai.APIStatusError):
        return fault.status_code >= 500
    return isinstance(fault, (openai.APIConnectionError, OSError))
