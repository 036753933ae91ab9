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

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice, takewhile
from operator import itemgetter

from langchain_core.messages import AIMessage

from graph.grounding.arithmetic import ARITHMETIC, RUN, Shown
from graph.grounding.interpretation import Reading
from graph.grounding.known_numbers import Figure, figures_of_turn, figures_remembered
from graph.grounding.money_parser import Amount, amounts_in
from graph.state import Turn

SENTENCE_END = re.compile(r"\n|[.!?] ")
REACH = 200
"""Characters on each side in which the sentence of an amount begins and ends."""
RECKONED = 40
"""Amounts of an answer that are tried by arithmetic; one with more that nothing accounts for is wrong throughout."""


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
