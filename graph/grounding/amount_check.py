"""Finds the ungrounded amounts of money in an answer: those that the turn's own data does not explain.

An amount is grounded if the model could read a number with its value: in the results of the turn's tools, the user's words, the
remembered facts, summary and history, or the passages. The sign does not count. The currency counts where both name one. A
rounded amount is grounded by a number in its range (`graph.grounding.interpretation`).

An amount is also grounded if arithmetic over other grounded amounts of the answer gives it, but only where its sentence says
so (`together`, `left`, `each`, `a year`, `%`; see `graph.grounding.arithmetic`). Arithmetic over all numbers of a result would
explain most wrong amounts: there are too many sums and differences.

Two faults are not found: an amount that is right for another thing of the turn, and a wrong "about" amount that is near any
known number.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice, takewhile
from operator import itemgetter

from langchain_core.messages import AIMessage

from graph.grounding.arithmetic import ARITHMETIC, MAX_RUN, SentenceContext
from graph.grounding.interpretation import Interpretation
from graph.grounding.known_numbers import KnownNumber, numbers_in_memory, numbers_of_turn
from graph.grounding.money_parser import Amount, amounts_in
from graph.state import Turn

SENTENCE_END = re.compile(r"\n|[.!?] ")
SENTENCE_WINDOW = 200
"""Characters on each side of an amount in which its sentence is looked for."""
MAX_CALCULATED = 40
"""Amounts of an answer that are tried by arithmetic. An answer with more unmatched amounts is wrong throughout."""


def ungrounded_amounts(turn: Turn) -> list[str]:
    """The ungrounded amounts in a turn's answers, as they are written, each once."""
    answer = "\n".join(str(message.text) for message in turn.get("messages", ()) if isinstance(message, AIMessage))
    amounts = amounts_in(answer)
    if not amounts:
        return []
    known: set[KnownNumber] = set()
    for source in (numbers_of_turn, numbers_in_memory):  # the memory holds many numbers and is rarely needed
        known.update(source(turn))
        values = resolve_arithmetic(amounts, [*match_known(amounts, sorted(known))], answer)
        if None not in values:
            return []
    return list(dict.fromkeys(amount.text for amount, value in zip(amounts, values, strict=True) if value is None))


def match_known(amounts: Iterable[Amount], known: Sequence[KnownNumber]) -> Iterator[Decimal | None]:
    """The value of each amount that a known number grounds, None for the others; the known numbers are sorted."""
    for amount in amounts:
        yield next((meaning.value for meaning in amount.interpretations if is_grounded(meaning, amount, known)), None)


def is_grounded(meaning: Interpretation, amount: Amount, known: Sequence[KnownNumber]) -> bool:
    """Whether a known number lies in the range of a meaning and can have the amount's currency."""
    first = bisect_left(known, meaning.low, key=itemgetter(0))
    near = takewhile(lambda number: number.value <= meaning.high, islice(known, first, None))
    return any(not (number.currency and amount.currencies) or number.currency in amount.currencies for number in near)


def resolve_arithmetic(
    amounts: Sequence[Amount], matched: Sequence[Decimal | None], answer: str
) -> list[Decimal | None]:
    """The matched values, completed by those that arithmetic explains.

    It passes over the amounts twice, because a total may stand before its parts.
    """
    values = list(matched)
    missing = [index for index, value in enumerate(values) if value is None and amounts[index].interpretations]
    for index in 2 * missing[:MAX_CALCULATED]:
        if values[index] is None:
            values[index] = calculate(index, amounts, values, answer)
    return values


def calculate(index: int, amounts: Sequence[Amount], values: Sequence[Decimal | None], answer: str) -> Decimal | None:
    """The value of an amount, if arithmetic that its sentence names gives it."""
    sentence = sentence_around(answer, amounts[index])
    operations = [operation for words, operation in ARITHMETIC if words.search(sentence)]
    if not operations:
        return None
    context = SentenceContext(
        before=same_currency(amounts[index], reversed(amounts[:index]), reversed(values[:index])),
        after=same_currency(amounts[index], amounts[index + 1 :], values[index + 1 :]),
        sentence=sentence,
    )
    for candidate in (candidate for operation in operations for candidate in operation(context)):
        for meaning in amounts[index].interpretations:
            if meaning.low <= abs(candidate) <= meaning.high:
                return meaning.value
    return None


def same_currency(amount: Amount, others: Iterable[Amount], values: Iterable[Decimal | None]) -> list[Decimal]:
    """The values of the grounded amounts that may be in the currency of an amount."""
    same = (
        value
        for other, value in zip(others, values, strict=True)
        if value is not None
        and not (amount.currencies and other.currencies and amount.currencies.isdisjoint(other.currencies))
    )
    return list(islice(same, MAX_RUN))


def sentence_around(text: str, amount: Amount) -> str:
    """The sentence or line that holds an amount."""
    ends = list(SENTENCE_END.finditer(text, max(0, amount.start - SENTENCE_WINDOW), amount.end + SENTENCE_WINDOW))
    start = max(
        (end.end() for end in ends if end.end() <= amount.start), default=max(0, amount.start - SENTENCE_WINDOW)
    )
    end = min((end.start() for end in ends if end.start() >= amount.end), default=amount.end + SENTENCE_WINDOW)
    return text[start:end]
