"""Finds the amounts of money in a text, as people and models write them.

A number is an amount if a currency stands at it: `$1,234.50`, `1.234,50 €`, `USD 12`, `12 dollars`, `£3k`, `99 cents`, `fifty
dollars`. Without one it is an amount if it has two decimals or more (`| 582.63 |`), or if it is whole, stands behind a word of
money (`spent 800 on rent`) or has thousands (`1,200`, `1.2k`), and no thing follows that it could count. Percentages, rates,
dates, times, years, ids, ordinals, factors, `[CARD_7K3Q9D]`, `[1]`, `3 transactions` and `401(k)` are none.

Signs are left out: an expense is `-12.50` in a table and `12.50` in a sentence. The words that are understood are English.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from graph.grounding.currency_signs import CURRENCIES, LETTERS, NAMES, PARTS, SCALES, SYMBOLS, any_of
from graph.grounding.interpretation import (
    CENT,
    GROUPED,
    THOUSAND_OR_DECIMALS,
    Reading,
    decimal_mark,
    precision_at,
    reading,
    values,
)
from graph.grounding.spelled_numbers import WORDS, spelled
from graph.values.currencies import decimal_places, smallest_unit

ALIKE = str.maketrans(
    {**dict.fromkeys("\u00a0\u202f\u2009\u2007\t`\\", " "), **dict.fromkeys("\u2212\u2011", "-"), "\u2019": "'"}
)
"""Characters that mean the same at a number; one for one, so that places stay."""

DAY, MONTH = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
OTHER = re.compile(
    rf"""
      \d{{4}}-\d\d(?:-\d\d)?(?:T[\d:.]+)?(?!\d)                                             # dates
    | (?:{DAY}([./]){MONTH}\1|{MONTH}/{DAY}/)(?:\d{{4}}|\d\d)(?![.,]?\d)
    | \d{{1,2}}:\d\d(?::\d\d)?(?!\d) | \d{{1,2}}\.\d\d\s?(?:[ap]\.?m\b|Uhr\b)             # times
    | 401\s?\(?k\b\)?                                                                     # a pension
    """,
    re.VERBOSE,
)
NUMBER = re.compile(r"\d(?:\d{0,2}(?: \d{3})+(?:[.,]\d{1,2})?(?![.,']?\d)|\d*(?:[.,']\d+)*)")
MISPLACED = re.compile(r"\d{3}|[.,]\d\d$")
SCALE = re.compile(r"(?:([kKmM]|mn|bn)|\s(hundred|thousand|million|billion))\b")

BEFORE = re.compile(rf"((?<![^\W\d_])(?:{any_of(LETTERS)})\.?|[{''.join(SYMBOLS)}])[ *(]{{0,3}}[-+]?$")
AFTER = re.compile(
    rf"[*_)]{{0,3}}[ -]?(?:({any_of(LETTERS)}|[{''.join(SYMBOLS)}])(?!\w|\s?\d)|((?i:{any_of(NAMES)}))s?\b)"
)
PERCENT = re.compile(
    r"[*_]{0,3}(?:\s?(?:[-\u2013]|to|and|or)\s?-?\d[\d.,]*)?\s?(?:%|‰|per ?cent|pct\b|pp\b|bps\b|(?:basis|percentage) points)"
)
RATE = re.compile(
    r"(?:rates?|APR|APY|yield|scores?|ratio|factor|version|\bz)(?: of| is| was|:| =)? ?[*_]*-?$", re.IGNORECASE
)
UNIT = re.compile(
    r"\s?(?:[x\u00d7]|times|years?|months?|weeks?|days?|hours?|hrs?|minutes?|shares?|units?|points?|stars?|kg|km|mi|miles?)\b"
)
THING = re.compile(
    r"[ -](?:accounts?|transactions?|payments?|rows?|entries|purchases|categories|charges|subscriptions)\b"
)
OF_MONEY = re.compile(
    r"\b(?:spen[dt]|spending|pay|paid|costs?|earn(?:ed)?|owed?|saved?|savings|charged|refund(?:ed|s)?|balance|total|budget|income"
    r"|worth|price|rent|salary|fee|sum)(?: (?:of|is|was|about|around|roughly|only|just|over|under|nearly|almost|exactly)|:)*"
    r" [*_]{0,2}-?$",
    re.IGNORECASE,
)
ENDED = re.compile(
    r"[*_]{0,2}(?:\s*(?:$|[|\n.,;:!?)])|\s(?:on|in|at|for|to|from|with|last|this|per|a|over|between|and|during|since|by|than|each"
    r"|every|left|so|before|after|net)\b)"
)
RANGE = re.compile(r" ?(?:[-\u2013]|to|and) ?")
YEAR = re.compile(r"(?:19|20)\d\d")
ONE = re.compile(r"1(?:[.,]0+)?")
EQUALS = re.compile(r"\s?(?:[=≈]|is\b|was\b|buys\b|equals\b)")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in a text."""

    written: str
    """With its sign of currency."""
    start: int
    end: int
    readings: tuple[Reading, ...]
    """`12 500 USD` may be two numbers; none if its separators stand where no notation has them."""
    currencies: frozenset[str]
    """Those that it may be of; empty if it does not say."""


def amounts_in(text: str) -> list[Amount]:
    """The amounts of money in a text, in order."""
    plain = text.translate(ALIKE)
    mark, found = decimal_mark(plain), list[Amount]()
    for match in numbers(plain):
        if amount := read(text, plain, match, mark, found[-1] if found else None):
            found.append(amount)
    return sorted([*found, *amounts_in_words(text, plain)], key=lambda amount: amount.start)


def numbers_in(text: str) -> Iterator[Decimal]:
    """All numbers in a text, money or not; both where `1.234` may be either."""
    plain = text.translate(ALIKE)
    for match in numbers(plain):
        if not glued(plain, match.start()):
            scale, _ = scale_at(plain, match.end())
            yield from {value * scale for mark in ".," for value in values(match[0], mark)}
    yield from (amount.readings[0].value for amount in amounts_in_words(text, plain))


def numbers(plain: str) -> Iterator[re.Match[str]]:
    """The numbers that are not part of something else."""
    place = 0
    while match := NUMBER.search(plain, place):
        other = OTHER.match(plain, match.start())
        place = (other or match).end()
        if not other and plain[match.start() - 1 : match.start()] not in ("_", "#"):
            yield match


def amounts_in_words(text: str, plain: str) -> Iterator[Amount]:
    """What is spelled out before a currency's name: `fifty dollars`."""
    lower = plain.lower()
    if not any(name in lower for name in NAMES):
        return
    for match in WORDS.finditer(plain):
        value, after = spelled(match[0]), AFTER.match(plain, match.end())
        if value is not None and after and after[2]:
            sign = after[2].lower()
            meant = reading(value, PARTS.get(sign, Decimal(1)), "exact", False)
            yield Amount(text[match.start() : after.end()], match.start(), after.end(), (meant,), CURRENCIES[sign])


def read(text: str, plain: str, match: re.Match[str], mark: str, last: Amount | None) -> Amount | None:
    """The amount that this number is, if it is one; `last` is the one before it."""
    number, (start, end), meanings = match[0], match.span(), values(match[0], mark)
    scale, after_scale = scale_at(plain, end)
    before = BEFORE.search(plain, max(last.end if last else 0, start - 8), start)
    after = AFTER.match(plain, after_scale)
    if before:
        if after and after[0].startswith((" ", "-")):
            after = None
        is_money = not (ONE.fullmatch(number) and EQUALS.match(plain, end))
    elif after:
        is_money = not is_other(number, plain, start, after)
    else:
        ranges = last is not None and RANGE.fullmatch(plain, last.end, start) and ENDED.match(plain, after_scale)
        is_money = bool(ranges) or is_bare(number, meanings, plain, start, after_scale)
    if not is_money:
        return None
    sign = (before and before[1].rstrip(".")) or (after and (after[1] or after[2].lower())) or ""
    factor, begin, finish = scale * PARTS.get(sign, Decimal(1)), before or match, after.end() if after else after_scale
    precision, currencies = precision_at(plain, begin.start()), CURRENCIES.get(sign, frozenset())
    if THOUSAND_OR_DECIMALS.fullmatch(number) and any(decimal_places(each) == 3 for each in currencies):
        meanings = tuple(dict.fromkeys([Decimal(number.replace(",", ".")), *meanings]))
    unit = min([CENT, *map(smallest_unit, currencies)])
    return Amount(
        written=text[begin.start() : finish].strip(" *_()").replace("*", ""),
        start=start,
        end=finish,
        readings=tuple(reading(value, factor, precision, scale != 1, unit) for value in meanings),
        currencies=currencies,
    )


def is_other(number: str, plain: str, start: int, after: re.Match[str]) -> bool:
    """Whether a number before a sign of currency is something else: `3 USD accounts`, `1 EUR = …`, `A12 EUR`."""
    if glued(plain, start) or (number.isdecimal() and THING.match(plain, after.end())):
        return True
    return bool(ONE.fullmatch(number) and EQUALS.match(plain, after.end()))


def is_bare(number: str, meanings: Sequence[Decimal], plain: str, start: int, end: int) -> bool:
    """Whether a number without a currency is an amount; its scale ends here."""
    if glued(plain, start) or PERCENT.match(plain, end) or RATE.search(plain, max(0, start - 20), start):
        return False
    scaled = end > start + len(number)
    if not scaled and has_cents(number, meanings):
        return not (UNIT.match(plain, end) or plain[end : end + 1].isalpha())
    if " " in number or not ENDED.match(plain, end):
        return False
    if scaled or GROUPED[0].fullmatch(number):
        return not scaled or plain[end - 1] in "kK"
    return number.isdecimal() and not YEAR.fullmatch(number) and bool(OF_MONEY.search(plain, max(0, start - 40), start))


def has_cents(number: str, meanings: Sequence[Decimal]) -> bool:
    """Whether a number has two decimals or more, or separators that are out of place."""
    if not meanings:
        return bool(MISPLACED.search(number))
    return int(meanings[0].as_tuple().exponent) <= -2


def glued(plain: str, start: int) -> bool:
    """Whether a number goes on a word."""
    return plain[start - 1 : start].isalpha()


def scale_at(plain: str, end: int) -> tuple[int, int]:
    """What a number that ends here is multiplied by, and where that ends: `1.2k`."""
    match = SCALE.match(plain, end)
    return (SCALES[(match[1] or match[2]).lower()], match.end()) if match else (1, end)
