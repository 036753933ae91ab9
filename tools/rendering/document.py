"""Documents: headings, notes, tables and pictures, as PDF."""

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
    """A table under a title; all columns but the first are amounts, and stand to the right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    png: bytes
    share: float = 1.0
    """Of the width of the text."""


DocumentPart = Heading | Note | Grid | Picture
