"""Quotes the best matching of the system message's numbered passages."""

import re
from collections.abc import Sequence

from graph.adapters.offline.answers import truncated
from graph.adapters.offline.tool_matcher import StemWeights
from graph.adapters.offline.words import Words

PASSAGE = re.compile(r"\[(?P<number>\d+)\] (?P<text>.+)")


def numbered_passages(system: str) -> list[re.Match[str]]:
    """The matches of the lines `[1] …` at the end of the system message, in order."""
    found: list[re.Match[str]] = []
    for line in reversed(system.rstrip().splitlines()):
        match = PASSAGE.fullmatch(line)
        if match is None:
            break
        found.insert(0, match)
    return found


def quote(question: str, passages: Sequence[re.Match[str]], words: Words) -> str:
    """Quote the passage that is most similar to the question; the first if none is similar."""
    asked = words.content(question)
    samples = [words.content(passage["text"]) for passage in passages]
    weights = StemWeights(samples)
    likeness = [weights.cosine(asked, sample) for sample in samples]
    best = passages[likeness.index(max(likeness))]
    return (
        "I am the built-in offline model, so I can only quote what your own texts say; this comes closest: "
        f"“{truncated(best['text'])}” [{best['number']}]"
    )
