"""Amounts that follow by arithmetic from other amounts of the same sentence."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, combinations, count, islice

from graph.grounding.money_parser import numbers_in

PERCENTAGE = re.compile(r"(\d{1,6}(?:[.,]\d{1,6})?) ?(?:%|per ?cent)")

NEIGHBOURS = 3
"""Amounts on each side of an amount that are tried two at a time."""
MAX_RUN = 40
"""Amounts on each side of an amount that are added up to a run."""


@dataclass(frozen=True, slots=True)
class SentenceContext:
    """The surroundings of an amount in an answer, from which it may have been calculated."""

    before: Sequence[Decimal]
    """The grounded amounts before it, the nearest first."""
    after: Sequence[Decimal]
    """The grounded amounts after it, the nearest first."""
    sentence: str

    def neighbours(self) -> list[Decimal]:
        return [*self.before[:NEIGHBOURS], *self.after[:NEIGHBOURS]]

    def runs(self) -> Iterator[tuple[Decimal, int]]:
        """The sums of the nearest two, three … amounts on either side, each with the number of its amounts."""
        for side in (self.before, self.after):
            yield from zip(islice(accumulate(side), 1, MAX_RUN), count(2))


def sums(context: SentenceContext) -> Iterator[Decimal]:
    """Sums of a run of amounts and of two neighbours."""
    yield from (total for total, _ in context.runs())
    yield from (one + other for one, other in combinations(context.neighbours(), 2))


def differences(context: SentenceContext) -> Iterator[Decimal]:
    """Differences of two neighbours, and of an amount and the run of amounts between it and this one."""
    yield from (one - other for one, other in combinations(context.neighbours(), 2))
    for side in (context.before, context.after):
        yield from (first - rest for rest, first in zip(accumulate(side), side[1:], strict=False))
        yield from (side[0] - (total - side[0]) for total in islice(accumulate(side), 2, MAX_RUN))


def multiples_and_parts(context: SentenceContext) -> Iterator[Decimal]:
    """Averages of a run, and neighbours multiplied or divided by a number of the sentence, by 2 or by 12."""
    yield from (total / length for total, length in context.runs())
    for number in {Decimal(2), Decimal(12), *islice(numbers_in(context.sentence), 12)} - {Decimal(0)}:
        yield from (result for value in context.neighbours() for result in (value * number, value / number))


def percentages(context: SentenceContext) -> Iterator[Decimal]:
    """A percentage of the sentence of each neighbour, and the neighbour increased or reduced by it."""
    for percent in islice(PERCENTAGE.finditer(context.sentence), 4):
        share = Decimal(percent[1].replace(",", ".")) / 100
        yield from (value * part for value in context.neighbours() for part in (share, 1 + share, 1 - share))


def keywords(alternatives: str) -> re.Pattern[str]:
    """A pattern for one of these words, or for an equals sign."""
    return re.compile(rf"(?:\b(?:{alternatives})\b|=)", re.IGNORECASE)


ARITHMETIC: Sequence[tuple[re.Pattern[str], Callable[[SentenceContext], Iterator[Decimal]]]] = (
    (keywords("totals?|totall?ing|together|combined|overall|altogether|all|sum|plus|both|adds? up"), sums),
    (
        keywords(
            "more|less|differen(?:ce|t)|left|remain(?:s|ing|der)?|minus|up|down|above|below|over|under|higher|lower|short|to go"
            "|net|sav(?:e|es|ed|ing)|needs?|still|after|increased?|decreased?|rose|fell|dropped|cheaper|surplus|deficit|ahead"
            "|room"
        ),
        differences,
    ),
    (
        keywords(
            "average[ds]?|averaging|mean|each|every|per|an? (?:day|week|month|year)|daily|weekly|monthly|yearly|annual(?:ly)?"
            "|annualised|annualized|times|twice|double|half"
        ),
        multiples_and_parts,
    ),
    (re.compile("%|per ?cent"), percentages),
)
"""Words of a sentence, and the arithmetic by which an amount in such a sentence may follow from its neighbours."""
