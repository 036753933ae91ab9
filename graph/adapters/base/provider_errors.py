"""Reads the errors of an OpenAI-compatible provider: what only an operator can fix, and when to try again."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

import openai

QUOTA_CODES = (
    *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"),
    *("exceeded_current_quota_error", "arrearage"),
)
QUOTA_WORDS = (
    *("exceeded your current quota", "insufficient balance", "insufficient credit", "insufficient funds"),
    *("credit balance is too low", "out of credit", "billing hard limit", "in arrears", "account is suspended"),
)
RATE_LIMIT_WORDS = ("retry in", "retrydelay", "per minute", "try again in")
"""Words of a temporary limit that a server calls a quota."""
TOOLS_UNSUPPORTED = re.compile(
    r"(?:n't|not) (?:currently )?support(?:ed)? (?:\w+ ){0,2}(?:tool|function)"
    r"|(?:tools?|tool use|(?:tool|function) calling)\b.{0,40}\b(?:not (?:supported|available|enabled)|unsupported)"
    r"|no endpoints found that support tool|tool choice requires"
)
"""A refusal that matches says that the model supports no tools."""
TEMPLATE_MISSING = "requires --jinja"
"""llama.cpp's words for the same, with status 500."""


def operator_fault(fault: BaseException | None) -> str | None:
    """The fault (a key of `provider_status.FAULTS`) if only an operator can fix it; else None."""
    if not isinstance(fault, openai.APIStatusError):
        return None
    text = f"{fault.message} {fault.body or ''}".lower()
    match fault.status_code:
        case 401 | 403:
            return "key"
        case 404:
            return "tools" if TOOLS_UNSUPPORTED.search(text) else "model"
        case 402:
            return "payment"
        case 400 | 429 if is_quota(fault, text):
            return "quota"
        case status if TEMPLATE_MISSING in text or (status < 500 and TOOLS_UNSUPPORTED.search(text)):
            return "tools"
        case _:
            return None


def is_quota(fault: openai.APIStatusError, text: str) -> bool:
    """Whether the account's credit is used up, rather than its limit a minute."""
    if {str(fault.code).lower(), str(fault.type).lower()} & set(QUOTA_CODES):
        return True
    soon = retry_after_seconds(fault.response.headers) or any(words in text for words in RATE_LIMIT_WORDS)
    return not soon and any(words in text for words in QUOTA_WORDS)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header (RFC 9110), None without one; a date is compared with the provider's own clock."""
    asked = headers.get("retry-after", "")
    seconds = math.nan
    with suppress(ValueError):
        seconds = float(asked)
    with suppress(ValueError, TypeError, KeyError):
        seconds = (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds()
    return seconds if 0 < seconds < math.inf else None


def is_provider_down(fault: BaseException | None) -> bool:
    """Whether the provider is down, rather than this one call refused."""
    if isinstance(fault, openai.APIStatusError):
        return fault.status_code >= 500
    return isinstance(fault, (openai.APIConnectionError, OSError))
