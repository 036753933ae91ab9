"""Citation markers in an answer, and the passages to which they refer."""

import re
from collections.abc import Iterator, Sequence

from graph.events import Citation
from graph.state import Passage

MARKER = re.compile(r"\[(\d{1,2})\]")


def cited(text: str, passages: Sequence[Passage]) -> Iterator[Citation]:
    """The passages to which the markers of an answer refer, each once."""
    for number in sorted({int(marker) for marker in MARKER.findall(text)}):
        if 1 <= number <= len(passages):
            passage = passages[number - 1]
            yield Citation(type="citation", marker=f"[{number}]", id=passage["id"], source=passage["source"])
