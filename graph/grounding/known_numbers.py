"""The numbers that the model could read in a turn: question, tool results, passages, memory."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from graph.grounding.money_parser import numbers_in
from graph.state import Turn

DECIMAL_TEXT = re.compile(r"-?\d{1,18}(?:\.\d{1,12})?")
DIGIT = re.compile(r"\d")
ID_OR_DATE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d")


class KnownNumber(NamedTuple):
    """A number that can ground an amount."""

    value: Decimal
    currency: str
    """Empty for a number of any currency."""


def numbers_of_turn(turn: Turn) -> Iterator[KnownNumber]:
    """The numbers in the question, the tool results and the passages."""
    for message in turn.get("messages", ()):
        if not isinstance(message, AIMessage):
            yield from numbers_in_message(message)
    yield from (
        KnownNumber(number, "") for passage in turn.get("passages", ()) for number in numbers_in(passage["text"])
    )


def numbers_in_memory(turn: Turn) -> Iterator[KnownNumber]:
    """The numbers in the facts, the summary and the history. Earlier answers count: they were checked in their own turns."""
    if known := turn.get("recollection"):
        for message in known["history"]:
            yield from numbers_in_message(message)
        yield from (
            KnownNumber(number, "") for text in (*known["facts"], known["summary"]) for number in numbers_in(text)
        )


def numbers_in_message(message: AnyMessage) -> Iterator[KnownNumber]:
    """The numbers of a message; those of a tool's result have its currencies."""
    text = str(message.text)
    if isinstance(message, ToolMessage):
        try:
            yield from numbers_in_result(json.loads(text, parse_float=Decimal, parse_constant=lambda _: None), "")
            return
        except (ValueError, RecursionError):  # a result omitted from the history is plain text
            pass
    yield from (KnownNumber(number, "") for number in numbers_in(text))


def numbers_in_result(value: Any, currency: str) -> Iterator[KnownNumber]:
    """The numbers of a tool's result, each with the `currency` of the object that holds it."""
    if isinstance(value, str):
        if DECIMAL_TEXT.fullmatch(value):
            yield KnownNumber(Decimal(value).copy_abs(), currency)
        elif DIGIT.search(value) and not ID_OR_DATE.fullmatch(value):
            yield from (KnownNumber(number, "") for number in numbers_in(value))
    elif isinstance(value, dict):
        own = currency_of(value, currency)
        for item in value.values():
            yield from numbers_in_result(item, own)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in_result(item, currency)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield KnownNumber(Decimal(value).copy_abs(), currency)


def currency_of(fields: Mapping[str, Any], outer: str) -> str:
    """The currency of an object's amounts; empty if the object names several."""
    named = [name for name in fields if "currency" in name]
    if named == ["currency"] and isinstance(fields["currency"], str):
        return fields["currency"]
    return "" if named else outer
