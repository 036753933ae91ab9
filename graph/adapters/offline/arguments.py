"""Fills a tool's arguments from a question, by the names of the tool's properties."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from graph.adapters.offline.periods import Period, find_periods
from graph.adapters.offline.question_parser import ParsedQuestion
from graph.adapters.offline.tool_matcher import OfferedTool

MAX_CALLS = 4
"""Maximum periods or categories of one question; each is answered by a call of its own."""

Arguments = dict[str, Any]


def fill_arguments(tool: OfferedTool, text: str, parsed: ParsedQuestion, today: dt.date | None) -> list[Arguments]:
    """The arguments of each call that answers the question; empty if the question lacks a required argument.

    Unknown properties, and values that the schema does not allow, keep their defaults.

    Raises:
        AmbiguousPeriod: the question names a period whose days are unclear.
    """
    dated = {"start_date", "end_date"} & tool.properties.keys()
    periods: Sequence[Period | None] = (find_periods(text, today) if dated else []) or [None]
    calls = [
        _allowed_arguments(tool, named | _days(period)) for named in _argument_sets(tool, parsed) for period in periods
    ]
    required = set(tool.parameters.get("required", ()))
    return [call for call in calls if required <= call.keys()][:MAX_CALLS]


def _argument_sets(tool: OfferedTool, parsed: ParsedQuestion) -> list[Arguments]:
    """The arguments without dates. There are several sets if the tool takes one category and the question names more."""
    common: Arguments = {
        "type": _type(parsed),
        "min_amount": parsed.min_amount,
        "max_amount": parsed.max_amount,
        "merchant": parsed.merchant,
        "description": parsed.person,
        "account": parsed.account,
        "account_type": parsed.account_types[0] if len(parsed.account_types) == 1 else None,
        "limit": parsed.count,
    }
    if len(parsed.categories) > 1 and "categories" in tool.properties:
        return [common | {"categories": list(parsed.categories)}]
    return [common | {"category": category} for category in parsed.categories or (None,)]


def _type(parsed: ParsedQuestion) -> str | None:
    return "all" if len(parsed.types) > 1 else next(iter(parsed.types), None)


def _days(period: Period | None) -> Arguments:
    if period is None:
        return {}
    return {"start_date": _iso(period.start), "end_date": _iso(period.end)}


def _iso(date: dt.date | None) -> str | None:
    return date.isoformat() if date else None


def _allowed_arguments(tool: OfferedTool, arguments: Arguments) -> Arguments:
    """The arguments that the tool has, with values that it allows."""
    accepted: Arguments = {}
    for name, value in arguments.items():
        if value is None or name not in tool.properties:
            continue
        shapes = _shapes(tool.properties[name], tool.parameters)
        choices = [choice for shape in shapes for choice in _choices(shape)]
        if not choices or value in choices:
            accepted[name] = _typed(value, shapes)
    return accepted


def _shapes(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a JSON schema, with references resolved."""
    if "$ref" in schema:
        return _shapes(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return [shape for part in schema["anyOf"] for shape in _shapes(part, root)]
    return [schema]


def _choices(shape: Mapping[str, Any]) -> Sequence[Any]:
    choices: Sequence[Any] = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    return choices


def _typed(value: Any, shapes: Sequence[Mapping[str, Any]]) -> Any:
    """The value. An amount becomes a float only if the tool does not accept it as text, which is exact."""
    kinds = {shape.get("type") for shape in shapes}
    return float(value) if isinstance(value, str) and "string" not in kinds and "number" in kinds else value
