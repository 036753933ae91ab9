"""The spellings in which a value of the vault is detected.

A spelling is compared in one of two forms, both in small letters. *Joined* are the letters and digits with nothing between
them, for numbers that are printed in groups (`DE89 3704 …`, `DE893704…`). *Worded* are its words and numbers with one blank
between them, for names, addresses and dates: `Li Nan` is not `Linan`.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from graph.redaction.values.normalise import normalise

PIECE = re.compile(r"[^\W\d_]+|\d+")
"""A run of letters or of digits; spellings are sequences of them."""

MIN_PHONE_DIGITS = 7
_COUNTRY_CODE_DIGITS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One normalised form in which a known value is searched for."""

    text: str
    worded: bool
    """Whether the positions of its blanks matter."""


def pieces(text: str) -> list[str]:
    """The runs of letters and digits of a text, in small letters."""
    return [piece.casefold() for piece in PIECE.findall(normalise(text).text)]


def spellings(entity_type: str, value: str) -> set[Spelling]:
    """The ways in which a value of a kind may be written; none for a kind whose values are compared as they are."""
    return set(_SPELLINGS.get(entity_type, _joined)(value))


def _joined(value: str) -> Iterator[Spelling]:
    yield Spelling("".join(pieces(value)), worded=False)


def _worded(value: str) -> Iterator[Spelling]:
    yield Spelling(" ".join(pieces(value)), worded=True)


def _person(value: str) -> Iterator[Spelling]:
    """A name as it was written, the last name first, and the first beside the last."""
    words = pieces(value)
    yield Spelling(" ".join(words), worded=True)
    if len(words) > 1:
        yield Spelling(" ".join([words[-1], *words[:-1]]), worded=True)
        yield Spelling(f"{words[0]} {words[-1]}", worded=True)


def _email(value: str) -> Iterator[Spelling]:
    yield from _joined(value)
    local, _, host = value.partition("@")
    words = [*pieces(local.replace(".", " dot ")), "at", *pieces(host.replace(".", " dot "))]
    yield Spelling("".join(words), worded=False)


def _phone(value: str) -> Iterator[Spelling]:
    """A number with and without the code of its country; North America's is written without a plus, too."""
    digits = "".join(piece for piece in pieces(value.lower().partition("x")[0]) if piece.isdecimal())
    yield Spelling(digits, worded=False)
    if value.lstrip(" (").startswith(("+", "00")):
        digits = digits.removeprefix("00")
        for length in _COUNTRY_CODE_DIGITS:
            national = digits[length:].removeprefix("0")
            if len(national) > MIN_PHONE_DIGITS:
                yield Spelling(national, worded=False)
                yield Spelling(f"0{national}", worded=False)
        yield Spelling(f"00{digits}", worded=False)
        yield Spelling(digits, worded=False)
    elif len(digits) == 10:
        yield Spelling(f"1{digits}", worded=False)
    elif len(digits) == 11 and digits[0] == "1":
        yield Spelling(digits[1:], worded=False)


def _date(value: str) -> Iterator[Spelling]:
    """A date in numbers, in either order of day and month, and with the name of its month."""
    yield from _worded(value)
    for year, month, day in _dates(pieces(value)):
        days, months = {str(day), f"{day:02}"}, {str(month), f"{month:02}"}
        for d, m in product(days, months):
            yield from (
                Spelling(text, worded=True) for text in (f"{year} {m} {d}", f"{d} {m} {year}", f"{m} {d} {year}")
            )
        d, m = f"{day:02}", f"{month:02}"
        yield from (Spelling(text, worded=False) for text in (f"{year}{m}{d}", f"{d}{m}{year}", f"{m}{d}{year}"))
        names = (calendar.month_name[month].casefold(), calendar.month_abbr[month].casefold())
        ordinals = {*days, f"{day} {_ordinal_ending(day)}"}
        for d, name, y in product(ordinals, names, (str(year), f"{year % 100:02}")):
            forms = (f"{d} {name} {y}", f"{d} of {name} {y}", f"{name} {d} {y}", f"{y} {name} {d}")
            yield from (Spelling(text, worded=True) for text in forms)


def _dates(words: list[str]) -> Iterator[tuple[int, int, int]]:
    """The dates that some words may mean, as year, month and day."""
    numbers = [int(word) for word in words if word.isdecimal() and len(word) <= 4]
    month = next((number for word in words if (number := _month_number(word))), None)
    years = [number for number in numbers if number > 999]
    rest = [number for number in numbers if number <= 31]
    if len(years) != 1 or not rest:
        return
    if month:
        yield from ((years[0], month, day) for day in rest[:1] if day)
    elif len(rest) == 2:
        yield from ((years[0], m, d) for m, d in {(rest[0], rest[1]), (rest[1], rest[0])} if 1 <= m <= 12 and d)


def _month_number(word: str) -> int | None:
    """The month that a word names, by at least three letters."""
    names = [name.casefold() for name in calendar.month_name]
    return next((n for n, name in enumerate(names) if n and len(word) >= 3 and name.startswith(word)), None)


def _ordinal_ending(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _none(value: str) -> Iterator[Spelling]:
    return iter(())


_SPELLINGS: Mapping[str, Callable[[str], Iterator[Spelling]]] = {
    "PERSON": _person,
    "ADDRESS": _worded,
    "IP": _worded,
    "EMAIL": _email,
    "PHONE": _phone,
    "BIRTHDATE": _date,
    "PASSWORD": _none,
}
"""How the values of a kind are spelt; numbers of all other kinds are printed in groups or without."""
