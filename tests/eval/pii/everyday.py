"""Everyday sentences about money, in which nothing is personal: templates from life, filled from a seed."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from string import Formatter
from typing import Any

from tests.eval.pii.generator import SEED
from tests.eval.pii.values import digits

COUNT = 1_500
MAX_ALTERED = 0.005
"""The share of everyday sentences that may be changed."""

_GRAMMAR: dict[str, Any] = tomllib.loads(Path(__file__).with_name("everyday.toml").read_text("utf-8"))

Slot = Callable[[Random], str]


def words(name: str) -> list[str]:
    return [word.replace("_", " ") for word in _GRAMMAR[name].split()]


def _one_of(name: str) -> Slot:
    listed = words(name)
    return lambda random: random.choice(listed)


def number(random: Random) -> str:
    """An amount without a sign, as people type it."""
    return random.choice(
        (
            str(random.randint(2, 99)),
            str(random.randint(1, 60) * 50),
            str(random.randint(100, 9_999)),
            f"{random.randint(1, 400)}.{digits(random, 2)}",
            f"{random.randint(1, 99)},{digits(random, 3)}",
            f"{random.randint(1, 90)}k",
        )
    )


def amount(random: Random) -> str:
    return random.choice(("${}", "${}", "${}", "€{}", "£{}", "{} dollars", "{} euros", "{} USD", "{} bucks")).format(
        number(random)
    )


def date(random: Random) -> str:
    year, month, day = random.randint(2021, 2026), random.randint(1, 12), random.randint(1, 28)
    return random.choice(
        (f"{year}-{month:02}-{day:02}", f"{month:02}/{day:02}/{year}", f"{month}/{day}", f"{day}.{month}.{year}")
    )


def nth(random: Random) -> str:
    return random.choice(["1st", "2nd", "3rd", "5th", "10th", "15th", "21st", "28th"])


def order(random: Random) -> str:
    return random.choice(
        (
            f"112-{digits(random, 7)}-{digits(random, 7)}",
            f"#{digits(random, 5)}",
            f"ORD-{digits(random, 6)}",
            f"INV-2025-{digits(random, 4)}",
            f"A{digits(random, 7)}",
            f"no. {digits(random, 6)}",
        )
    )


SLOTS: Mapping[str, Slot] = {
    "category": _one_of("categories"),
    "merchant": _one_of("merchants"),
    "goal": _one_of("goals"),
    "ticker": _one_of("tickers"),
    "nick": _one_of("nicks"),
    "month": _one_of("months"),
    "weekday": _one_of("weekdays"),
    "number": number,
    "amount": amount,
    "date": date,
    "nth": nth,
    "order": order,
    "year": lambda random: str(random.randint(2018, 2030)),
    "quarter": lambda random: random.choice(("Q1", "Q2", "Q3", "Q4", "the first quarter of", "H1")),
    "day": lambda random: str(random.randint(1, 28)),
    "count": lambda random: str(random.randint(2, 12)),
    "age": lambda random: str(random.randint(22, 67)),
    "percent": lambda random: f"{random.randint(1, 60)}{random.choice(('%', '.5%', ' percent'))}",
}


def templates() -> list[str]:
    listed: list[str] = _GRAMMAR["templates"]
    return listed


def everyday(count: int = COUNT, seed: int = SEED) -> Iterator[str]:
    """So many sentences, each template as often as the others."""
    random = Random(f"everyday:{seed}")
    listed = templates()
    for place in range(count):
        yield filled(listed[place % len(listed)], random)


def filled(template: str, random: Random) -> str:
    """A template whose slots hold values, a new one for each."""
    pieces: list[str] = []
    for text, slot, _, _ in Formatter().parse(template):
        pieces += [text, SLOTS[slot](random) if slot else ""]
    return "".join(pieces)
