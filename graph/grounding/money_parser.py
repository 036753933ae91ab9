"""Finds the amounts of money in a text, as people and models write them.

A number is an amount if a currency stands beside it: `$1,234.50`, `1.234,50 €`, `USD 12`, `12 dollars`, `£3k`, `99 cents`,
`fifty dollars`. A number without a currency is an amount if it has two decimals or more (`| 582.63 |`). A whole number without
a currency is an amount if it follows a word about money (`spent 800 on rent`) or has thousands (`1,200`, `1.2k`), and if no
countable thing follows it. Percentages, rates, dates, times, years, ids, ordinals, factors, `[CARD_7K3Q9D]`, `[1]`,
`3 transactions` and `401(k)` are no amounts.

The sign is dropped: an expense is `-12.50` in a table and `12.50` in a sentence. Only English words are understood.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from graph.grounding.currency_signs import (
    CODES_AND_ABBREVIATIONS,
    CURRENCIES,
    CURRENCY_NAMES,
    SCALES,
    SUBUNITS,
    SYMBOLS,
    any_of,
)
from graph.grounding.interpretation import (
    DEFAULT_UNIT,
    GROUPED_NUMBERS,
    THOUSAND_OR_DECIMALS,
    Interpretation,
    decimal_mark,
    interpret,
    possible_values,
    precision_at,
)
from graph.grounding.spelled_numbers import NUMBER_WORDS, parse_words
from graph.values.currencies import decimal_places, smallest_unit

NORMALIZED_CHARS = str.maketrans(
    {**dict.fromkeys("\u00a0\u202f\u2009\u2007\t`\\", " "), **dict.fromkeys("\u2212\u2011", "-"), "\u2019": "'"}
)
"""Replaces variants of spaces, dashes and apostrophes one for one, so that positions stay valid."""

DAY, MONTH = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
NOT_MONEY = re.compile(
    rf"""
      \d{{4}}-\d\d(?:-\d\d)?(?:T[\d:.]+)?(?!\d)                                             # dates
    | (?:{DAY}([./]){MONTH}\1|{MONTH}/{DAY}/)(?:\d{{4}}|\d\d)(?![.,]?\d)
    | \d{{1,2}}:\d\d(?::\d\d)?(?!\d) | \d{{1,2}}\.\d\d\s?(?:[ap]\.?m\b|Uhr\b)             # times
    | 401\s?\(?k\b\)?                                                                     # a pension
    """,
    re.VERBOSE,
)
NUMBER = re.compile(r"\d(?:\d{0,2}(?: \d{3})+(?:[.,]\d{1,2})?(?![.,']?\d)|\d*(?:[.,']\d+)*)")
MISPLACED_SEPARATOR = re.compile(r"\d{3}|[.,]\d\d$")
SCALE = re.compile(r"(?:([kKmM]|mn|bn)|\s(hundred|thousand|million|billion))\b")

SIGN_BEFORE = re.compile(
    rf"((?<![^\W\d_])(?:{any_of(CODES_AND_ABBREVIATIONS)})\.?|[{''.join(SYMBOLS)}])[ *(]{{0,3}}[-+]?$"
)
SIGN_AFTER = re.compile(
    rf"[*_)]{{0,3}}[ -]?(?:({any_of(CODES_AND_ABBREVIATIONS)}|[{''.join(SYMBOLS)}])(?!\w|\s?\d)"
    rf"|((?i:{any_of(CURRENCY_NAMES)}))s?\b)"
)
PERCENT_AFTER = re.compile(
    r"[*_]{0,3}(?:\s?(?:[-\u2013]|to|and|or)\s?-?\d[\d.,]*)?\s?(?:%|‰|per ?cent|pct\b|pp\b|bps\b|(?:basis|percentage) points)"
)
RATE_BEFORE = re.compile(
    r"(?:rates?|APR|APY|yield|scores?|ratio|factor|version|\bz)(?: of| is| was|:| =)? ?[*_]*-?$", re.IGNORECASE
)
UNIT_AFTER = re.compile(
    r"\s?(?:[x\u00d7]|times|years?|months?|weeks?|days?|hours?|hrs?|minutes?|shares?|units?|points?|stars?|kg|km|mi|miles?)\b"
)
COUNTED_THING = re.compile(
    r"[ -](?:accounts?|transactions?|payments?|rows?|entries|purchases|categories|charges|subscriptions)\b"
)
MONEY_WORD_BEFORE = re.compile(
    r"\b(?:spen[dt]|spending|pay|paid|costs?|earn(?:ed)?|owed?|saved?|savings|charged|refund(?:ed|s)?|balance|total|budget|income"
    r"|worth|price|rent|salary|fee|sum)(?: (?:of|is|was|about|around|roughly|only|just|over|under|nearly|almost|exactly)|:)*"
    r" [*_]{0,2}-?$",
    re.IGNORECASE,
)
AMOUNT_END = re.compile(
    r"[*_]{0,2}(?:\s*(?:$|[|\n.,;:!?)])|\s(?:on|in|at|for|to|from|with|last|this|per|a|over|between|and|during|since|by|than|each"
    r"|every|left|so|before|after|net)\b)"
)
RANGE_DASH = re.compile(r" ?(?:[-\u2013]|to|and) ?")
YEAR = re.compile(r"(?:19|20)\d\d")
EXACTLY_ONE = re.compile(r"1(?:[.,]0+)?")
EQUALS = re.compile(r"\s?(?:[=≈]|is\b|was\b|buys\b|equals\b)")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in a text."""

    text: str
    """As it is written, with its currency."""
    start: int
    end: int
    interpretations: tuple[Interpretation, ...]
    """Several for `12 500 USD`, which may be two numbers; none if the separators are misplaced."""
    currencies: frozenset[str]
    """The currencies that it may be in; empty if it names none."""


def amounts_in(text: str) -> list[Amount]:
    """The amounts of money in a text, in order."""
    plain = text.translate(NORMALIZED_CHARS)
    mark, found = decimal_mark(plain), list[Amount]()
    for match in free_numbers(plain):
        if amount := parse_amount(text, plain, match, mark, found[-1] if found else None):
            found.append(amount)
    return sorted([*found, *spelled_amounts(text, plain)], key=lambda amount: amount.start)


def numbers_in(text: str) -> Iterator[Decimal]:
    """All numbers in a text, money or not; both values of an ambiguous `1.234`."""
    plain = text.translate(NORMALIZED_CHARS)
    for match in free_numbers(plain):
        if not follows_word(plain, match.start()):
            scale, _ = scale_at(plain, match.end())
            yield from {value * scale for mark in ".," for value in possible_values(match[0], mark)}
    yield from (amount.interpretations[0].value for amount in spelled_amounts(text, plain))


def free_numbers(plain: str) -> Iterator[re.Match[str]]:
    """The numbers that are no part of a date, a time, an id or a placeholder."""
    place = 0
    while match := NUMBER.search(plain, place):
        other = NOT_MONEY.match(plain, match.start())
        place = (other or match).end()
        if not other and plain[match.start() - 1 : match.start()] not in ("_", "#"):
            yield match


def spelled_amounts(text: str, plain: str) -> Iterator[Amount]:
    """The amounts that are spelled out before a currency's name: `fifty dollars`."""
    lower = plain.lower()
    if not any(name in lower for name in CURRENCY_NAMES):
        return
    for match in NUMBER_WORDS.finditer(plain):
        value, after = parse_words(match[0]), SIGN_AFTER.match(plain, match.end())
        if value is not None and after and after[2]:
            sign = after[2].lower()
            meant = interpret(value, SUBUNITS.get(sign, Decimal(1)), "exact", False)
            yield Amount(text[match.start() : after.end()], match.start(), after.end(), (meant,), CURRENCIES[sign])


def parse_amount(text: str, plain: str, match: re.Match[str], mark: str, last: Amount | None) -> Amount | None:
    """The amount that a number stands for, or None if it is no amount.

    Args:
        text: the text as it is written.
        plain: the text with normalized characters.
        match: the number.
        mark: the decimal mark of the text.
        last: the amount before this number.
    """
    number, (start, end), meanings = match[0], match.span(), possible_values(match[0], mark)
    scale, after_scale = scale_at(plain, end)
    before = SIGN_BEFORE.search(plain, max(last.end if last else 0, start - 8), start)
    after = SIGN_AFTER.match(plain, after_scale)
    if before:
        if after and after[0].startswith((" ", "-")):
            after = None
        is_money = not (EXACTLY_ONE.fullmatch(number) and EQUALS.match(plain, end))
    elif after:
        is_money = not counts_something(number, plain, start, after)
    else:
        ends_range = last is not None and RANGE_DASH.fullmatch(plain, last.end, start)
        ends_range = ends_range and AMOUNT_END.match(plain, after_scale)
        is_money = bool(ends_range) or is_amount_without_sign(number, meanings, plain, start, after_scale)
    if not is_money:
        return None
    sign = (before and before[1].rstrip(".")) or (after and (after[1] or after[2].lower())) or ""
    factor, begin = scale * SUBUNITS.get(sign, Decimal(1)), before or match
    finish = after.end() if after else after_scale
    precision, currencies = precision_at(plain, begin.start()), CURRENCIES.get(sign, frozenset())
    if THOUSAND_OR_DECIMALS.fullmatch(number) and any(decimal_places(currency) == 3 for currency in currencies):
        meanings = tuple(dict.fromkeys([Decimal(number.replace(",", ".")), *meanings]))
    unit = min([DEFAULT_UNIT, *map(smallest_unit, currencies)])
    return Amount(
        text=text[begin.start() : finish].strip(" *_()").replace("*", ""),
        start=start,
        end=finish,
        interpretations=tuple(interpret(value, factor, precision, scale != 1, unit) for value in meanings),
        currencies=currencies,
    )


def counts_something(number: str, plain: str, start: int, after: re.Match[str]) -> bool:
    """Whether a number before a currency is no amount: `3 USD accounts`, `1 EUR = …`, `A12 EUR`."""
    if follows_word(plain, start) or (number.isdecimal() and COUNTED_THING.match(plain, after.end())):
        return True
    return bool(EXACTLY_ONE.fullmatch(number) and EQUALS.match(plain, after.end()))


def is_amount_without_sign(number: str, meanings: Sequence[Decimal], plain: str, start: int, end: int) -> bool:
    """Whether a number without a currency is an amount; `end` is the end of its scale."""
    if (
        follows_word(plain, start)
        or PERCENT_AFTER.match(plain, end)
        or RATE_BEFORE.search(plain, max(0, start - 20), start)
    ):
        return False
    scaled = end > start + len(number)
    if not scaled and has_cents(number, meanings):
        return not (UNIT_AFTER.match(plain, end) or plain[end : end + 1].isalpha())
    if " " in number or not AMOUNT_END.match(plain, end):
        return False
    if scaled or GROUPED_NUMBERS[0].fullmatch(number):
        return not scaled or plain[end - 1] in "kK"
    return (
        number.isdecimal()
        and not YEAR.fullmatch(number)
        and bool(MONEY_WORD_BEFORE.search(plain, max(0, start - 40), start))
    )


def has_cents(number: str, meanings: Sequence[Decimal]) -> bool:
    """Whether a number has two decimals or more, or misplaced separators."""
    if not meanings:
        return bool(MISPLACED_SEPARATOR.search(number))
    return int(meanings[0].as_tuple().exponent) <= -2


def follows_word(plain: str, start: int) -> bool:
    """Whether a letter stands directly before a number."""
    return plain[start - 1 : start].isalpha()


def scale_at(plain: str, end: int) -> tuple[int, int]:
    """The factor that follows a number (`1.2k`), and the position where it ends."""
    match = SCALE.match(plain, end)
    return (SCALES[(match[1] or match[2]).lower()], match.end()) if match else (1, end)
