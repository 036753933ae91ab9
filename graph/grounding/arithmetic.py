"""Amounts that follow by arithmetic from other amounts of the same sentence."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, combinations, count, islice

from graph.grounding.money_parser import numbers_in

PERCENT = re.compile(r"(\d{1,6}(?:[.,]\d{1,6})?) ?(?:%|per ?cent)")

NEAR = 3
"""Amounts on each side of one that it may have been reckoned from, two at a time."""
RUN = 40
"""Amounts on each side that it may be the sum of."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer shows around an amount that may be reckoned from it."""

    before: Sequence[Decimal]
    """The amounts before it that are accounted for, the nearest first."""
    after: Sequence[Decimal]
    """Those after it, the nearest first."""
    sentence: str

    def near(self) -> list[Decimal]:
        return [*self.before[:NEAR], *self.after[:NEAR]]

    def runs(self) -> Iterator[tuple[Decimal, int]]:
        """The sums of the nearest two, three … amounts on either side, and of how many."""
        for side in (self.before, self.after):
            yield from zip(islice(accumulate(side), 1, RUN), count(2))


def sums(shown: Shown) -> Iterator[Decimal]:
    yield from (total for total, _ in shown.runs())
    yield from (one + other for one, other in combinations(shown.near(), 2))


def differences(shown: Shown) -> Iterator[Decimal]:
    """Of two amounts, and of one and those between it and this one."""
    yield from (one - other for one, other in combinations(shown.near(), 2))
    for side in (shown.before, shown.after):
        yield from (first - rest for rest, first in zip(accumulate(side), side[1:], strict=False))
        yield from (side[0] - (total - side[0]) for total in islice(accumulate(side), 2, RUN))


def shares(shown: Shown) -> Iterator[Decimal]:
    """Averages, multiples and parts."""
    yield from (total / length for total, length in shown.runs())
    for number in {Decimal(2), Decimal(12), *islice(numbers_in(shown.sentence), 12)} - {Decimal(0)}:
        yield from (result for value in shown.near() for result in (value * number, value / number))


def percentages(shown: Shown) -> Iterator[Decimal]:
    """A percentage of an amount, and the amount with it or without it."""
    for percent in islice(PERCENT.finditer(shown.sentence), 4):
        share = Decimal(percent[1].replace(",", ".")) / 100
        yield from (value * part for value in shown.near() for part in (share, 1 + share, 1 - share))


def said(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\b(?:{'|'.join(words)})\b|=)", re.IGNORECASE)


ARITHMETIC: Sequence[tuple[re.Pattern[str], Callable[[Shown], Iterator[Decimal]]]] = (
    (
        said(
            "totals?",
            "totall?ing",
            "together",
            "combined",
            "overall",
            "altogether",
            "all",
            "sum",
            "plus",
            "both",
            "adds? up",
        ),
        sums,
    ),
    (
        said(
            *(
                "more",
                "less",
                "differen(?:ce|t)",
                "left",
                "remain(?:s|ing|der)?",
                "minus",
                "up",
                "down",
                "above",
                "below",
                "over",
            ),
            *(
                "under",
                "higher",
                "lower",
                "short",
                "to go",
                "net",
                "sav(?:e|es|ed|ing)",
                "needs?",
                "still",
                "after",
                "increased?",
            ),
            *("decreased?", "rose", "fell", "dropped", "cheaper", "surplus", "deficit", "ahead", "room"),
        ),
        differences,
    ),
    (
        said(
            *(
                "average[ds]?",
                "averaging",
                "mean",
                "each",
                "every",
                "per",
                "an? (?:day|week|month|year)",
                "daily",
                "weekly",
            ),
            *("monthly", "yearly", "annual(?:ly)?", "annualised", "annualized", "times", "twice", "double", "half"),
        ),
        shares,
    ),
    (re.compile("%|per ?cent"), percentages),
)
"""What a sentence says of an amount that is reckoned, and from what it may have been."""
