"""Citation markers in an answer, and the passages to which they refer."""

import re
from collections.abc import Iterator, Sequence

from graph.events import Citation
from graph.state import Passage

MARKER = re.compile(r"\[(\d{1,2})\]")
"""As in `[1]`; the number is the passage's position in the prompt, from 1."""


def citations_in(text: str, passages: Sequence[Passage]) -> Iterator[Citation]:
    """A citation for each passage to which a marker in the answer refers, in the order of their numbers."""
    for number in sorted({int(marker) for marker in MARKER.findall(text)}):
        if 1 <= number <= len(passages):
            passage = passages[number - 1]
            yield Citation(type="citation", marker=f"[{number}]", id=passage["id"], source=passage["source"])
