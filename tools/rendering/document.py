"""Documents as data: headings, notes, tables and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a title. All columns but the first hold amounts and are right-aligned."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    png: bytes
    share: float = 1.0
    """Width, as a share of the width of the text."""


DocumentPart = Heading | Note | Grid | Picture
