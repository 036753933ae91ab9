"""A personal value in a text, and which of several findings at one place counts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """A personal value at its place in the original text."""

    kind: str
    """A name of `graph.redaction.values.entity_types`."""
    start: int
    end: int
    value: str = field(repr=False)
    """The value as it was written: the text from start to end."""
    key: str = field(repr=False)
    """The form in which it is compared."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of the plain text that a rule or the model has marked."""

    kind: str
    start: int
    end: int
    sure: bool
    """Proven by a checksum or an unmistakable form."""


def resolve(marks: Iterable[Mark], length: int, closed: Iterable[tuple[int, int]] = ()) -> list[Mark]:
    """Marks that do not overlap, in the order of the text.

    Sure marks win, then longer ones, then earlier ones; what sticks out of a mark that wins stays marked, so that
    nothing that was found is shown. `closed` spans are never marked.
    """
    taken = bytearray(length)
    for start, end in closed:
        taken[start:end] = b"\1" * (end - start)
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (not mark.sure, mark.start - mark.end, mark.start)):
        for start, end in free_stretches(taken, mark.start, mark.end):
            kept.append(Mark(mark.kind, start, end, mark.sure))
        taken[mark.start : mark.end] = b"\1" * (mark.end - mark.start)
    return sorted(kept, key=lambda mark: mark.start)


def free_stretches(taken: bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of a span that nothing has taken."""
    while start < end:
        if taken[start]:
            start += 1
            continue
        stop = taken.find(1, start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop
