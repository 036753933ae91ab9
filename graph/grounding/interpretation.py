"""What a written number may mean: its value, and the range of values that are written so."""

import re
from decimal import Decimal
from typing import Literal, NamedTuple

Precision = Literal["exact", "about", "over", "under"]
PLAIN_NUMBER = re.compile(r"\d*[.,]?\d+")
GROUPED_NUMBERS = (
    re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d\d)+,\d{3})(?:\.(\d+))?"),
    re.compile(r"(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?"),
    re.compile(r"(\d{1,3}(?:'\d{3})+)(?:[.,](\d+))?"),
)
"""`1,234,567.89`, as in India `12,34,567.89`; `1.234.567,89`; `1'234'567.89`."""
THOUSAND_OR_DECIMALS = re.compile(r"\d{1,3}([.,])\d{3}")
WITHOUT_SEPARATORS = str.maketrans("", "", ".,'")
ENDS_IN_DECIMALS = re.compile(r"\d([.,])\d{1,2}(?![.,]?\d)")
PRECISION_WORDS: dict[Precision, re.Pattern[str]] = {
    "about": re.compile(
        r"(?:about|around|roughly|approximately|approx\.?|circa|ca\.|some|close to|~|≈)(?: an?)? ?[*_(-]*$",
        re.IGNORECASE,
    ),
    "over": re.compile(r"(?:over|more than|above|at least|upwards of|exceed(?:s|ed)?) ?[*_(-]*$", re.IGNORECASE),
    "under": re.compile(r"(?:under|less than|below|almost|nearly|at most|up to|not quite) ?[*_(-]*$", re.IGNORECASE),
}

DEFAULT_UNIT = Decimal("0.01")
ROUNDING_FROM = Decimal(100)
"""The least whole amount that may be a rounded one without saying so. A range around smaller amounts would match too much."""


class Interpretation(NamedTuple):
    """A value that an amount may mean, and the smallest and the largest value that would be written the same way."""

    value: Decimal
    low: Decimal
    high: Decimal


def decimal_mark(plain: str) -> str:
    """The decimal mark of the text, `.` or `,`; empty if no number of the text shows it."""
    match = ENDS_IN_DECIMALS.search(plain)
    return match[1] if match else ""


def precision_at(plain: str, start: int) -> Precision:
    """The precision that the words before an amount express: `about $1,200`."""
    near = (name for name, words in PRECISION_WORDS.items() if words.search(plain, max(0, start - 20), start))
    return next(near, "exact")


def possible_values(number: str, mark: str) -> tuple[Decimal, ...]:
    """The values that a number may have; none if its separators are misplaced.

    Args:
        number: the text of the number.
        mark: the decimal mark of the text. Without one, three digits after a single separator are thousands.
    """
    if " " in number:
        return (*possible_values(number.replace(" ", ""), mark), *possible_values(number.split(" ")[-1], mark))
    either = THOUSAND_OR_DECIMALS.fullmatch(number)
    if not (either and (either[1] == mark or number.startswith("0"))):
        for notation in GROUPED_NUMBERS:
            if grouped := notation.fullmatch(number):
                return (Decimal(f"{grouped[1].translate(WITHOUT_SEPARATORS)}.{grouped[2] or ''}"),)
    return (Decimal(number.replace(",", ".")),) if PLAIN_NUMBER.fullmatch(number) else ()


def interpret(
    value: Decimal, factor: Decimal, precision: Precision, scaled: bool, unit: Decimal = DEFAULT_UNIT
) -> Interpretation:
    """The value of an amount, with the range of values that it may be rounded from.

    An amount with cents (or the smaller `unit` of its currency) is exact. A whole amount of 100 or more may be rounded to the
    whole. An amount that is said to be approximate, or is scaled (`1.2k`), may be rounded to its last digit that is not zero,
    by a tenth at most.
    """
    decimals = -int(value.as_tuple().exponent)
    amount, place = value * factor, factor.scaleb(-decimals)
    if precision == "exact" and not scaled:
        rounded = place <= unit or (place == 1 and amount >= ROUNDING_FROM)
        slack = place / 2 if rounded else unit / 2
        return Interpretation(amount, amount - slack, amount + slack)
    if not decimals:
        place = factor.scaleb(count_trailing_zeros(value))
    slack, most = min(place / 2, amount / 10), min(place, amount / 10)
    below, above = {"over": (unit / 2, most), "under": (most, unit / 2)}.get(precision, (slack, slack))
    return Interpretation(amount, amount - below, amount + above)


def count_trailing_zeros(value: Decimal) -> int:
    digits = str(value)
    return len(digits) - len(digits.rstrip("0"))
