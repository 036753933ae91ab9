"""What a written number may mean: its value, and the range of values that are written so."""

import re
from decimal import Decimal
from typing import Literal, NamedTuple

Precision = Literal["exact", "about", "over", "under"]
PLAIN = re.compile(r"\d*[.,]?\d+")
GROUPED = (
    re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d\d)+,\d{3})(?:\.(\d+))?"),
    re.compile(r"(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?"),
    re.compile(r"(\d{1,3}(?:'\d{3})+)(?:[.,](\d+))?"),
)
"""`1,234,567.89`, as in India `12,34,567.89`; `1.234.567,89`; `1'234'567.89`."""
THOUSAND_OR_DECIMALS = re.compile(r"\d{1,3}([.,])\d{3}")
NO_MARKS = str.maketrans("", "", ".,'")
DECIMALS = re.compile(r"\d([.,])\d{1,2}(?![.,]?\d)")
PRECISIONS: dict[Precision, re.Pattern[str]] = {
    "about": re.compile(
        r"(?:about|around|roughly|approximately|approx\.?|circa|ca\.|some|close to|~|≈)(?: an?)? ?[*_(-]*$",
        re.IGNORECASE,
    ),
    "over": re.compile(r"(?:over|more than|above|at least|upwards of|exceed(?:s|ed)?) ?[*_(-]*$", re.IGNORECASE),
    "under": re.compile(r"(?:under|less than|below|almost|nearly|at most|up to|not quite) ?[*_(-]*$", re.IGNORECASE),
}

CENT = Decimal("0.01")
SURE = Decimal(100)
"""From here on a whole amount may be a rounded one without saying so; of the smaller ones too many would be near another."""


class Reading(NamedTuple):
    """What an amount may mean: a value, and the least and the greatest that are written so."""

    value: Decimal
    low: Decimal
    high: Decimal


def decimal_mark(plain: str) -> str:
    """What stands before decimals in this text: `.` or `,`, or nothing if it has no number that shows it."""
    match = DECIMALS.search(plain)
    return match[1] if match else ""


def precision_at(plain: str, start: int) -> Precision:
    """How exact an amount that begins here says to be: `about $1,200`."""
    near = (name for name, words in PRECISIONS.items() if words.search(plain, max(0, start - 20), start))
    return next(near, "exact")


def values(number: str, mark: str) -> tuple[Decimal, ...]:
    """What a number may be; nothing if its separators stand where no notation has them.

    Args:
        number: as it is written.
        mark: what stands before decimals elsewhere in the text; without it, three digits behind a single separator are
            thousands.
    """
    if " " in number:
        return (*values(number.replace(" ", ""), mark), *values(number.split(" ")[-1], mark))
    either = THOUSAND_OR_DECIMALS.fullmatch(number)
    if not (either and (either[1] == mark or number.startswith("0"))):
        for notation in GROUPED:
            if grouped := notation.fullmatch(number):
                return (Decimal(f"{grouped[1].translate(NO_MARKS)}.{grouped[2] or ''}"),)
    return (Decimal(number.replace(",", ".")),) if PLAIN.fullmatch(number) else ()


def reading(value: Decimal, factor: Decimal, precision: Precision, scaled: bool, unit: Decimal = CENT) -> Reading:
    """A value with what it may be a rounding of.

    Exact amounts with cents (or the smaller `unit` of their currency) are such; whole ones from 100 on may be rounded to the
    whole. What says that it is about some amount, and what is scaled (`1.2k`), may be rounded to its last digit that is not
    zero, by a tenth at most.
    """
    decimals = -int(value.as_tuple().exponent)
    amount, place = value * factor, factor.scaleb(-decimals)
    if precision == "exact" and not scaled:
        rounded = place <= unit or (place == 1 and amount >= SURE)
        slack = place / 2 if rounded else unit / 2
        return Reading(amount, amount - slack, amount + slack)
    if not decimals:
        place = factor.scaleb(zeros_at_end(value))
    slack, most = min(place / 2, amount / 10), min(place, amount / 10)
    below, above = {"over": (unit / 2, most), "under": (most, unit / 2)}.get(precision, (slack, slack))
    return Reading(amount, amount - below, amount + above)


def zeros_at_end(value: Decimal) -> int:
    digits = str(value)
    return len(digits) - len(digits.rstrip("0"))
