"""Quotes the passage that fits a question best, out of the numbered ones in the system message."""

import re
from collections.abc import Sequence

from graph.adapters.offline.answers import shortened
from graph.adapters.offline.tool_matcher import Weights
from graph.adapters.offline.words import Words

PASSAGE = re.compile(r"\[(?P<number>\d+)\] (?P<text>.+)")


def numbered_passages(system: str) -> list[re.Match[str]]:
    """The lines `[1] …` with which the system message ends, in order."""
    found: list[re.Match[str]] = []
    for line in reversed(system.rstrip().splitlines()):
        match = PASSAGE.fullmatch(line)
        if match is None:
            break
        found.insert(0, match)
    return found


def quote(question: str, passages: Sequence[re.Match[str]], words: Words) -> str:
    """The passage that shares most with the question, word for word; the first where none shares anything."""
    asked = words.content(question)
    samples = [words.content(passage["text"]) for passage in passages]
    weights = Weights(samples)
    likeness = [weights.cosine(asked, sample) for sample in samples]
    best = passages[likeness.index(max(likeness))]
    return (
        "I am the built-in offline model, so I can only quote what your own texts say; this comes closest: "
        f"“{shortened(best['text'])}” [{best['number']}]"
    )
