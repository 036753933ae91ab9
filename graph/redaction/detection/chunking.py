"""Splits long texts into overlapping chunks, so that no call keeps a worker busy for long.

A value at a boundary is whole in one of the two chunks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from graph.redaction.values.detection import Detection
from graph.redaction.values.entity_types import ENTITY_TYPES

MAX_CHUNK_CHARS = 8_000
OVERLAP_CHARS = 400
"""Characters that adjacent chunks share."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def split(text: str) -> list[Chunk]:
    """The chunks of a text, which begin and end at a blank where one is near."""
    return list(_chunks(text))


def _chunks(text: str) -> Iterator[Chunk]:
    start = 0
    while len(text) - start > MAX_CHUNK_CHARS:
        end = start + MAX_CHUNK_CHARS
        end = max(text.rfind(mark, end - OVERLAP_CHARS, end) for mark in "\n ") + 1 or end
        yield Chunk(start, text[start:end])
        begin = end - OVERLAP_CHARS
        start = text.find(" ", begin, begin + OVERLAP_CHARS // 4) + 1 or begin
    yield Chunk(start, text[start:])


def join_detections(chunks: Iterable[Chunk], found: Iterable[list[Detection]]) -> list[Detection]:
    """The detections of all chunks at their offsets in the text, in order and without overlaps."""
    kept: list[Detection] = []
    last = 0
    for chunk, detections in zip(chunks, found, strict=True):
        for detection in detections:
            start, end = chunk.start + detection.start, chunk.start + detection.end
            if end > last:
                kept.append(_moved(detection, max(start, last), end))
                last = end
    return kept


def _moved(detection: Detection, start: int, end: int) -> Detection:
    """The detection at other offsets, without the part that the chunk before has detected."""
    if end - start == len(detection.value):
        return replace(detection, start=start, end=end)
    value = detection.value[start - end :]
    return Detection(detection.entity_type, start, end, value, ENTITY_TYPES[detection.entity_type](value))
