"""Whether the arguments of a call are those that a question means."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.eval.offline.days import Days, clipped, dates, pairs, readings
from tests.eval.offline.question_set import data
from tools.catalog import by_name

NUMBERS = {"amount", "balance", "min_amount", "extra", "principal", "rate", "months", "monthly", "payment"}
PARTS_OF_NAMES = {"merchant", "account", "name", "text"}


def are_right(tool: str, given: Mapping[str, Any], meant: Mapping[str, Any]) -> bool:
    """Whether each argument that the question means and the tool takes is right."""
    return all(is_right(tool, given, name, value) for name, value in meant.items())


def is_right(tool: str, given: Mapping[str, Any], name: str, meant: Any) -> bool:
    if name == "period":
        return is_period(tool, given, meant)
    if name == "periods":
        return is_pair(given, meant)
    taken = [each for each in data("argument_names")[name] if each in parameters(tool)]
    values = [given[each] for each in taken if given.get(each) is not None]
    return not taken or any(fits(name)(value, meant) for value in values)


def parameters(tool: str) -> set[str]:
    return set(by_name()[tool].arguments.model_fields)


def is_period(tool: str, given: Mapping[str, Any], meant: str) -> bool:
    taken = parameters(tool)
    if "start_date" in taken:
        return days_of(given.get("start_date"), given.get("end_date")) in readings(meant)
    if "month" in taken:
        return any(f"{start:%Y-%m}" == str(given.get("month"))[:7] for start, _ in readings(meant))
    return True


def is_pair(given: Mapping[str, Any], meant: list[str]) -> bool:
    now = days_of(given.get("start_date"), given.get("end_date"))
    before = days_of(given.get("compare_start_date"), given.get("compare_end_date"))
    return {now, before} in [set(each) for each in pairs(*meant)]


def days_of(start: object, end: object) -> Days | None:
    """The days between two arguments; None where one is missing or is no date."""
    try:
        return clipped(dt.date.fromisoformat(str(start)), dt.date.fromisoformat(str(end)))
    except ValueError:
        return None


def fits(name: str) -> Callable[[Any, Any], bool]:
    if name in NUMBERS:
        return is_number
    if name in PARTS_OF_NAMES:
        return is_part
    if name == "date":
        return is_date
    return is_same


def is_number(given: Any, meant: str) -> bool:
    try:
        return abs(Decimal(str(given))) == Decimal(meant)
    except InvalidOperation:
        return False


def is_part(given: Any, meant: str) -> bool:
    """Whether one names the other: "greenleaf" and "Greenleaf Market"."""
    one, other = letters(given), letters(meant)
    return len(one) >= 3 and (one in other or other in one)


def letters(text: Any) -> str:
    return "".join(character for character in str(text).casefold() if character.isalnum())


def is_date(given: Any, meant: str) -> bool:
    try:
        return dt.date.fromisoformat(str(given)) in dates(meant)
    except ValueError:
        return False


def is_same(given: Any, meant: str) -> bool:
    """Equal but for capitals; a list holds nothing else."""
    values = given if isinstance(given, list) else [given]
    return [str(value).casefold() for value in values] == [str(meant).casefold()]
