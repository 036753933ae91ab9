"""A personal value in a text, and the choice among overlapping candidates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Detection:
    """A personal value at its place in the original text."""

    entity_type: str
    """A name of `graph.redaction.values.entity_types`."""
    start: int
    end: int
    value: str = field(repr=False)
    """The value as it was written: the text from start to end."""
    key: str = field(repr=False)
    """The form in which it is compared."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of the plain text that a rule or the model has found."""

    entity_type: str
    start: int
    end: int
    sure: bool
    """Proven by a checksum or an unmistakable form."""


def resolve(candidates: Iterable[Candidate], length: int, protected: Iterable[tuple[int, int]] = ()) -> list[Candidate]:
    """Marks that do not overlap, in the order of the text.

    Sure marks win, then longer ones, then earlier ones; what sticks out of a mark that wins stays marked, so that
    nothing that was found is shown. `protected` spans are never marked.
    """
    taken = bytearray(length)
    for start, end in protected:
        taken[start:end] = b"\1" * (end - start)
    kept: list[Candidate] = []
    for candidate in sorted(
        candidates, key=lambda candidate: (not candidate.sure, candidate.start - candidate.end, candidate.start)
    ):
        for start, end in free_spans(taken, candidate.start, candidate.end):
            kept.append(Candidate(candidate.entity_type, start, end, candidate.sure))
        taken[candidate.start : candidate.end] = b"\1" * (candidate.end - candidate.start)
    return sorted(kept, key=lambda candidate: candidate.start)


def free_spans(taken: bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a span that are not taken."""
    while start < end:
        if taken[start]:
            start += 1
            continue
        stop = taken.find(1, start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop
