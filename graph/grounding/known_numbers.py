"""The numbers that a turn had to go by: question, tool results, passages, memory."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from graph.grounding.money_parser import numbers_in
from graph.state import Turn

DECIMAL = re.compile(r"-?\d{1,18}(?:\.\d{1,12})?")
DIGIT = re.compile(r"\d")
NO_FIGURE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d")
"""An id or a date."""


class Figure(NamedTuple):
    """A number that can account for an amount: of any currency, if it has none."""

    value: Decimal
    currency: str


def figures_of_turn(turn: Turn) -> Iterator[Figure]:
    """The numbers in the question, the results of its tools and its passages."""
    for message in turn.get("messages", ()):
        if not isinstance(message, AIMessage):
            yield from figures_in_message(message)
    yield from (Figure(number, "") for passage in turn.get("passages", ()) for number in numbers_in(passage["text"]))


def figures_remembered(turn: Turn) -> Iterator[Figure]:
    """The numbers in the facts, the summary and the history; an earlier answer was looked at in its own turn."""
    if known := turn.get("recollection"):
        for message in known["history"]:
            yield from figures_in_message(message)
        yield from (Figure(number, "") for text in (*known["facts"], known["summary"]) for number in numbers_in(text))


def figures_in_message(message: AnyMessage) -> Iterator[Figure]:
    text = str(message.text)
    if isinstance(message, ToolMessage):
        try:
            yield from figures_in_result(json.loads(text, parse_float=Decimal, parse_constant=lambda _: None), "")
            return
        except (ValueError, RecursionError):  # a result that was left out of a history is a text
            pass
    yield from (Figure(number, "") for number in numbers_in(text))


def figures_in_result(value: Any, currency: str) -> Iterator[Figure]:
    """The numbers of a tool's result, each with the `currency` of the object that it is in."""
    if isinstance(value, str):
        if DECIMAL.fullmatch(value):
            yield Figure(Decimal(value).copy_abs(), currency)
        elif DIGIT.search(value) and not NO_FIGURE.fullmatch(value):
            yield from (Figure(number, "") for number in numbers_in(value))
    elif isinstance(value, dict):
        own = currency_of(value, currency)
        for item in value.values():
            yield from figures_in_result(item, own)
    elif isinstance(value, list):
        for item in value:
            yield from figures_in_result(item, currency)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield Figure(Decimal(value).copy_abs(), currency)


def currency_of(fields: Mapping[str, Any], outer: str) -> str:
    """The currency of an object's amounts; nothing if it names several."""
    named = [name for name in fields if "currency" in name]
    if named == ["currency"] and isinstance(fields["currency"], str):
        return fields["currency"]
    return "" if named else outer
