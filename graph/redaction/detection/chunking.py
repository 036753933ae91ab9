"""Long texts are searched piece by piece, so that no worker is busy for long.

Pieces overlap, so a value at a cut is seen whole by one of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from graph.redaction.values.detection import Finding
from graph.redaction.values.entity_types import KINDS

LONGEST_PIECE = 8_000
OVERLAP = 400
"""Characters that two neighbours share, at least half of them on either side of what is found in the middle."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def cut(text: str) -> list[Piece]:
    """The pieces of a text, which end and begin at a blank where one is near."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    start = 0
    while len(text) - start > LONGEST_PIECE:
        end = start + LONGEST_PIECE
        end = max(text.rfind(mark, end - OVERLAP, end) for mark in "\n ") + 1 or end
        yield Piece(start, text[start:end])
        begin = end - OVERLAP
        start = text.find(" ", begin, begin + OVERLAP // 4) + 1 or begin
    yield Piece(start, text[start:])


def joined(pieces: Iterable[Piece], found: Iterable[list[Finding]]) -> list[Finding]:
    """The findings of all pieces at their places in the text, in order and without overlaps."""
    kept: list[Finding] = []
    last = 0
    for piece, findings in zip(pieces, found, strict=True):
        for finding in findings:
            start, end = piece.start + finding.start, piece.start + finding.end
            if end > last:
                kept.append(_moved(finding, max(start, last), end))
                last = end
    return kept


def _moved(finding: Finding, start: int, end: int) -> Finding:
    """The finding at another place, without the part that its neighbour has already."""
    if end - start == len(finding.value):
        return replace(finding, start=start, end=end)
    value = finding.value[start - end :]
    return Finding(finding.kind, start, end, value, KINDS[finding.kind](value))
