"""Makes texts that each hold one personal value whose place is known, from a seed: the same seed makes the same texts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from tests.eval.pii import values
from tests.eval.pii.people import person
from tests.eval.pii.places import address
from tests.eval.pii.sentences import SENTENCES

SEED = 20_240_229

FRAMES: Mapping[str, list[str]] = SENTENCES["frames"]

Make = Callable[[Random], str]

KINDS: Mapping[str, Make] = {
    "CARD": values.card,
    "IBAN": values.iban,
    "SSN": values.ssn,
    "EMAIL": values.email,
    "ACCOUNT": values.account,
    "PHONE": values.phone,
    "PERSON": person,
    "ADDRESS": address,
    "ITIN": values.itin,
    "EIN": values.ein,
    "SIN": values.sin,
    "NINO": values.nino,
    "NHS": values.nhs_number,
    "ROUTING": values.routing_number,
    "CRYPTO": values.crypto,
    "IP": values.ip,
    "BIRTHDATE": values.birth_date,
    "LICENSE": values.licence,
    "PASSPORT": values.passport,
}
"""What is made, the kinds with a bar of their own first."""

KNOWN_BY_FORM = ("CARD", "IBAN", "SSN", "EMAIL")
"""Kinds that are found without a word that names them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and its one value."""

    kind: str
    text: str
    start: int
    value: str

    @property
    def end(self) -> int:
        return self.start + len(self.value)

    def respelled(self, value: str) -> "Sample":
        return Sample(self.kind, self.text[: self.start] + value + self.text[self.end :], self.start, value)


def samples(kind: str, count: int, seed: int = SEED) -> Iterator[Sample]:
    """So many texts with a value of this kind."""
    random = Random(f"{kind}:{seed}")
    frames = FRAMES[kind] + (FRAMES["any"] if kind in KNOWN_BY_FORM else [])
    for number in range(count):
        frame, value = frames[number % len(frames)], KINDS[kind](random)
        yield Sample(kind, frame.format(value), frame.index("{}"), value)
