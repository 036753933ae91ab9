"""Asks the user for the currency that a call lacks, and repeats the call with the answer.

A tool that lacks something only the user knows begins its error with the question. The call, its error and the question stay in
the history, so a short next message is read as the answer.
"""

import re
from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage

from graph.state import parse_tool_result
from graph.values.currencies import is_currency

QUESTION = re.compile(r"[^.?!]+\?")
"""The first sentence of an error, if it is a question."""
ASKS_FOR_CURRENCY = "call again with currency"

MAX_ANSWER_WORDS = 5
"""A longer message is a message of its own."""
WORD = re.compile(r"[^\W\d_]+|[€£$¥₹]")

UNIQUE_NAMES: Mapping[str, str] = {
    "euro": "EUR",
    "€": "EUR",
    "yen": "JPY",
    "¥": "JPY",
    "rupee": "INR",
    "₹": "INR",
    "franc": "CHF",
    "zloty": "PLN",
}
SHARED_NAMES: Mapping[str, Mapping[str, str]] = {
    "dollar": {"": "USD", "us": "USD", "american": "USD", "canadian": "CAD", "australian": "AUD"},
    "buck": {"": "USD"},
    "$": {"": "USD"},
    "pound": {"": "GBP", "british": "GBP", "egyptian": "EGP"},
    "£": {"": "GBP"},
    "krona": {"swedish": "SEK", "icelandic": "ISK"},
    "krone": {"norwegian": "NOK", "danish": "DKK"},
    "peso": {"mexican": "MXN", "chilean": "CLP", "colombian": "COP", "argentine": "ARS"},
}
"""Names of the money of several countries: the currency by the word before the name, or without such a word."""
FILLER = frozenset({"in", "it", "is", "its", "the", "use", "take", "make", "please", "of", "my", "s", "with", "all"})


def question_in(error: str) -> str:
    """The question to the user with which an error begins; empty if it begins with none."""
    match = QUESTION.match(error)
    return match[0].strip() if match else ""


def answered_call(messages: Sequence[BaseMessage]) -> ToolCall | None:
    """The call that lacked a currency, with the one that the last message names; None if that message is no such answer."""
    if len(messages) < 4 or not isinstance(messages[-2], AIMessage) or not isinstance(messages[-3], ToolMessage):
        return None
    result = messages[-3]
    if ASKS_FOR_CURRENCY not in str(parse_tool_result(result).get("error", "")):
        return None
    currency = currency_in(str(messages[-1].text))
    calls = [call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    call = next((call for call in reversed(calls) if call["id"] == result.tool_call_id), None)
    if call is None or currency is None:
        return None
    return ToolCall(name=call["name"], args={**call["args"], "currency": currency}, id=call["id"])


def currency_in(answer: str) -> str | None:
    """The code of the currency that a short answer names; None if it names none, or one of several countries."""
    words: list[str] = WORD.findall(answer)
    if not 0 < len(words) <= MAX_ANSWER_WORDS:
        return None
    telling = [word for word in words if word.isupper() or word.lower() not in FILLER]
    codes = [word.upper() for word in telling if word.isupper() or len(telling) == 1]
    if code := next((code for code in codes if is_currency(code)), None):
        return code
    named = [(number, name) for number, word in enumerate(telling) if (name := name_of(word))]
    if len(named) != 1:
        return None
    number, name = named[0]
    country = telling[number - 1].lower() if number else ""
    return UNIQUE_NAMES.get(name) or SHARED_NAMES[name].get(country)


def name_of(word: str) -> str:
    """The name of money that the word is, in the singular; empty if it is none."""
    lower = word.lower()
    return next((name for name in (lower, lower.removesuffix("s")) if name in UNIQUE_NAMES or name in SHARED_NAMES), "")
