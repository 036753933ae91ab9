"""Text from the service as a terminal may print it."""

import json
import re
from collections.abc import Mapping
from typing import Any

UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters except tab and line feed, which could move the cursor or change the terminal, and the characters that
turn the direction of text. Merchants, memos and files carry what strangers wrote."""

NOTHING = "—"
"""Stands for a value that is not there."""


def printable(text: str) -> str:
    """The text without characters that a terminal obeys."""
    return UNPRINTABLE.sub("", text)


def one_line(value: object) -> str:
    """A value of JSON in one line: a text as it is, a list with commas, an object with its names."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case str():
            return " ".join(printable(value).split())
        case list():
            return ", ".join(one_line(item) for item in value)
        case dict():
            return one_line_arguments(value)
        case _:
            return printable(json.dumps(value))


def one_line_arguments(arguments: Mapping[str, Any]) -> str:
    """Names and values in one line, without those that have no value."""
    return ", ".join(f"{one_line(name)}: {one_line(value)}" for name, value in arguments.items() if value is not None)
