"""Fills the arguments of a tool from what a question names, by the names of the tool's properties."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from graph.adapters.offline.periods import Period, find_periods
from graph.adapters.offline.question_parser import Reading
from graph.adapters.offline.tool_matcher import Offer

MOST_CALLS = 4
"""Periods or categories that one question may name, each answered by a call of its own."""

Arguments = dict[str, Any]


def fill(offer: Offer, text: str, reading: Reading, today: dt.date | None) -> list[Arguments]:
    """The arguments of each call that answers the question; none if something required is not in the question.

    Properties that are unknown here, and values that the schema does not allow, are left to their defaults.

    Raises:
        PeriodUnclear: the question names a period that the tool takes, but which days it means cannot be told.
    """
    dated = {"start_date", "end_date"} & offer.properties.keys()
    periods: Sequence[Period | None] = (find_periods(text, today) if dated else []) or [None]
    calls = [_accepted(offer, named | _days(period)) for named in _named(offer, reading) for period in periods]
    required = set(offer.parameters.get("required", ()))
    return [call for call in calls if required <= call.keys()][:MOST_CALLS]


def _named(offer: Offer, reading: Reading) -> list[Arguments]:
    """Everything but the days; several sets where the tool takes one category a call and more are asked for."""
    common: Arguments = {
        "type": _type(reading),
        "min_amount": reading.least,
        "max_amount": reading.most,
        "merchant": reading.merchant,
        "description": reading.person,
        "account": reading.account,
        "account_type": reading.account_types[0] if len(reading.account_types) == 1 else None,
        "limit": reading.count,
    }
    if len(reading.categories) > 1 and "categories" in offer.properties:
        return [common | {"categories": list(reading.categories)}]
    return [common | {"category": category} for category in reading.categories or (None,)]


def _type(reading: Reading) -> str | None:
    return "all" if len(reading.types) > 1 else next(iter(reading.types), None)


def _days(period: Period | None) -> Arguments:
    if period is None:
        return {}
    return {"start_date": _iso(period.start), "end_date": _iso(period.end)}


def _iso(date: dt.date | None) -> str | None:
    return date.isoformat() if date else None


def _accepted(offer: Offer, arguments: Arguments) -> Arguments:
    """The arguments that the tool has and whose values it allows."""
    accepted: Arguments = {}
    for name, value in arguments.items():
        if value is None or name not in offer.properties:
            continue
        shapes = _shapes(offer.properties[name], offer.parameters)
        choices = [choice for shape in shapes for choice in _choices(shape)]
        if not choices or value in choices:
            accepted[name] = _typed(value, shapes)
    return accepted


def _shapes(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a JSON schema, references followed."""
    if "$ref" in schema:
        return _shapes(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return [shape for part in schema["anyOf"] for shape in _shapes(part, root)]
    return [schema]


def _choices(shape: Mapping[str, Any]) -> Sequence[Any]:
    choices: Sequence[Any] = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    return choices


def _typed(value: Any, shapes: Sequence[Mapping[str, Any]]) -> Any:
    """The value; an amount becomes a number only where the tool does not take it as text, which is exact."""
    kinds = {shape.get("type") for shape in shapes}
    return float(value) if isinstance(value, str) and "string" not in kinds and "number" in kinds else value
