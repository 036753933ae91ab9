"""Finds the amounts of money in an answer for which nothing that the turn was given accounts.

An amount is accounted for by a number with its value in what the model had to go by: the results of the turn's tools, the
user's words, the remembered facts, summary and history, the passages. The sign does not count; the currency does, where both
say one. So does a rounding count as far as it shows itself (`graph.grounding.money_parser.reading`).

Beyond that only arithmetic over figures that the answer itself shows and that are accounted for, and only where the sentence
says so (`together`, `left`, `each`, `a year`, `%`): the sum of a run of amounts or of two, the difference of two or of one and
those behind it, an average, a product or quotient with a number of the sentence, with 2 and with 12, a percentage of the
sentence. Among all figures of a result there are so many sums and differences that most wrong amounts would be one of them.

What is not found: a wrong amount that is another figure of the turn (it is of the wrong thing), and a wrong one of those that
are said to be "about" so much, if it is near to any figure.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, combinations, count, islice, takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from graph.grounding.money_parser import Amount, Reading, amounts_in, numbers_in
from graph.state import Turn

DECIMAL = re.compile(r"-?\d{1,18}(?:\.\d{1,12})?")
DIGIT = re.compile(r"\d")
NO_FIGURE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d")
"""An id or a date."""
SENTENCE_END = re.compile(r"\n|[.!?] ")
PERCENT = re.compile(r"(\d{1,6}(?:[.,]\d{1,6})?) ?(?:%|per ?cent)")

NEAR = 3
"""Amounts on each side of one that it may have been reckoned from, two at a time."""
RUN = 40
"""Amounts on each side that it may be the sum of."""
REACH = 200
"""Characters on each side in which the sentence of an amount begins and ends."""
RECKONED = 40
"""Amounts of an answer that are tried by arithmetic; one with more that nothing accounts for is wrong throughout."""


class Figure(NamedTuple):
    """A number that can account for an amount: of any currency, if it has none."""

    value: Decimal
    currency: str


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


def untraced_amounts(turn: Turn) -> list[str]:
    """The amounts in a turn's answers for which nothing accounts, as they are written, each once."""
    answer = "\n".join(str(message.text) for message in turn.get("messages", ()) if isinstance(message, AIMessage))
    amounts = amounts_in(answer)
    if not amounts:
        return []
    figures: set[Figure] = set()
    for more in (figures_of_turn, figures_remembered):  # the second are many, and mostly not needed
        figures.update(more(turn))
        values = reckoned(amounts, [*traced(amounts, sorted(figures))], answer)
        if None not in values:
            return []
    return list(dict.fromkeys(amount.written for amount, value in zip(amounts, values, strict=True) if value is None))


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


def traced(amounts: Iterable[Amount], figures: Sequence[Figure]) -> Iterator[Decimal | None]:
    """What each amount is, if one of these figures (in order) accounts for it."""
    for amount in amounts:
        yield next((reading.value for reading in amount.readings if accounts_for(reading, amount, figures)), None)


def accounts_for(reading: Reading, amount: Amount, figures: Sequence[Figure]) -> bool:
    first = bisect_left(figures, reading.low, key=itemgetter(0))
    near = takewhile(lambda figure: figure.value <= reading.high, islice(figures, first, None))
    return any(not (each.currency and amount.currencies) or each.currency in amount.currencies for each in near)


def reckoned(amounts: Sequence[Amount], traced: Sequence[Decimal | None], answer: str) -> list[Decimal | None]:
    """The values of the amounts, those among them that are arithmetic over others; tried twice, as a sum may come first."""
    values = list(traced)
    missing = [index for index, value in enumerate(values) if value is None and amounts[index].readings][:RECKONED]
    for index in (*missing, *missing):
        if values[index] is None:
            values[index] = reckon(index, amounts, values, answer)
    return values


def reckon(index: int, amounts: Sequence[Amount], values: Sequence[Decimal | None], answer: str) -> Decimal | None:
    sentence = sentence_at(answer, amounts[index])
    ways = [way for words, way in ARITHMETIC if words.search(sentence)]
    if not ways:
        return None
    shown = Shown(
        before=alike(amounts[index], reversed(amounts[:index]), reversed(values[:index])),
        after=alike(amounts[index], amounts[index + 1 :], values[index + 1 :]),
        sentence=sentence,
    )
    for candidate in (candidate for way in ways for candidate in way(shown)):
        for reading in amounts[index].readings:
            if reading.low <= abs(candidate) <= reading.high:
                return reading.value
    return None


def alike(amount: Amount, others: Iterable[Amount], values: Iterable[Decimal | None]) -> list[Decimal]:
    """The values of those amounts that are accounted for and may be of the same currency."""
    same = (
        value
        for other, value in zip(others, values, strict=True)
        if value is not None
        and not (amount.currencies and other.currencies and amount.currencies.isdisjoint(other.currencies))
    )
    return list(islice(same, RUN))


def sentence_at(text: str, amount: Amount) -> str:
    """The sentence or line in which an amount stands."""
    ends = list(SENTENCE_END.finditer(text, max(0, amount.start - REACH), amount.end + REACH))
    start = max((end.end() for end in ends if end.end() <= amount.start), default=max(0, amount.start - REACH))
    end = min((end.start() for end in ends if end.start() >= amount.end), default=amount.end + REACH)
    return text[start:end]


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
