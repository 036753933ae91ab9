"""The same value as somebody writes it who groups, copies or disguises it."""

from collections.abc import Callable, Mapping
from random import Random

from tests.eval.pii.generator import Sample
from tests.eval.pii.values import grouped

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
NO_BREAK = "\u00a0\u202f\u2007"

Respell = Callable[[str, str, Random], str]


def in_groups(kind: str, value: str, random: Random) -> str:
    """Digits in groups, 3-2-4 for a social security number; an e-mail address with blanks around its @ or in groups of four."""
    if kind == "EMAIL":
        return random.choice((value.replace("@", " @ "), grouped(value, 4)))
    return _in_groups(kind, value, " ")


def with_dots(kind: str, value: str, random: Random) -> str:
    """Dots instead of blanks; in an e-mail address the words for its signs."""
    if kind == "EMAIL":
        return random.choice((value.replace(".", " dot ").replace("@", " at "), value.replace(".", "[dot]")))
    return _in_groups(kind, value, ".")


def full_width(kind: str, value: str, random: Random) -> str:
    """Letters, digits and signs as wide as a Chinese character."""
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in value)


def no_break(kind: str, value: str, random: Random) -> str:
    """Blanks at which no line breaks."""
    return in_groups(kind, value, random).replace(" ", random.choice(NO_BREAK))


def zero_width(kind: str, value: str, random: Random) -> str:
    """Characters that nobody sees between the others."""
    return "".join(character + random.choice(("", random.choice(ZERO_WIDTH))) for character in value[:-1]) + value[-1]


RESPELLINGS: Mapping[str, Respell] = {
    "as written": lambda kind, value, random: value,
    "space groups": in_groups,
    "dots": with_dots,
    "full-width": full_width,
    "no-break": no_break,
    "zero-width": zero_width,
}


def _in_groups(kind: str, value: str, mark: str) -> str:
    plain = "".join(character for character in value if character.isalnum())
    if kind == "SSN":
        return mark.join((plain[:3], plain[3:5], plain[5:]))
    return grouped(plain, 4, mark)


def respelled(sample: Sample, spelling: str, seed: int) -> Sample:
    random = Random(f"{spelling}:{sample.text}:{seed}")
    return sample.respelled(RESPELLINGS[spelling](sample.kind, sample.value, random))
