"""Matches a question with a tool: the one with the most similar example, if any is similar enough (TF-IDF, cosine)."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.adapters.offline.question_parser import ParsedQuestion, parse_question
from graph.adapters.offline.words import Words

MIN_SIMILARITY = 0.45
"""Minimum cosine of a match. At 0.45 the tools match 3 % of the questions to a bank in banking77, which none of them
answers; at 0.6 they would match 1 %.
"""

PLACEHOLDER_WEIGHT = 0.5
"""Weight of a placeholder: a period or an amount says less about the question than a word."""

MISSING_ARGUMENT_PENALTY = 0.6
"""Factor for each named thing that the tool has no argument for."""

ARGUMENTS_OF_PLACEHOLDER: Mapping[str, Sequence[str]] = {
    "<period>": ("start_date", "end_date"),
    "<amount>": ("min_amount", "max_amount"),
    "<merchant>": ("merchant", "description"),
    "<category>": ("category", "categories"),
}


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments."""
    examples: Sequence[str]

    @property
    def properties(self) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.parameters.get("properties", {})
        return properties


@dataclass(frozen=True, slots=True)
class ToolMatcher:
    """Matches questions with tools. It parses each example once."""

    words: Words
    _read: dict[str, list[str]] = field(default_factory=dict)

    def match(self, parsed: ParsedQuestion, tools: Sequence[OfferedTool]) -> OfferedTool | None:
        """The best matching tool, or None."""
        asked = _stems(parsed, self.words)
        if not asked or self.words.is_out_of_scope(parsed.template):
            return None
        samples = [self._samples(tool) for tool in tools]
        weights = StemWeights([sample for group in samples for sample in group])
        scored = [(self._score(asked, tool, group, weights), tool) for tool, group in zip(tools, samples, strict=True)]
        best, tool = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        return tool if best >= MIN_SIMILARITY else None

    def _samples(self, tool: OfferedTool) -> list[list[str]]:
        """The stems of the tool's examples and of the first sentence of its description."""
        return [self._sample(text) for text in (*tool.examples, tool.description.split(".")[0])]

    def _sample(self, text: str) -> list[str]:
        if text not in self._read:
            self._read[text] = _stems(parse_question(text, self.words), self.words)
        return self._read[text]

    def _score(
        self, asked: Sequence[str], tool: OfferedTool, samples: list[list[str]], weights: "StemWeights"
    ) -> float:
        known = {stem for sample in samples[: len(tool.examples)] for stem in sample}
        if any(stem in self.words.out_of_scope_stems and stem not in known for stem in asked):
            return 0.0
        places = [ARGUMENTS_OF_PLACEHOLDER[stem] for stem in set(asked) if stem in ARGUMENTS_OF_PLACEHOLDER]
        unplaced = sum(1 for names in places if not any(name in tool.properties for name in names))
        likeness: float = max(weights.cosine(asked, sample) for sample in samples)
        return likeness * MISSING_ARGUMENT_PENALTY**unplaced


def _stems(parsed: ParsedQuestion, words: Words) -> list[str]:
    """The stems of a question, with one placeholder for all words of earning and spending."""
    return ["<flow>" if stem in words.type_stems else stem for stem in words.content(parsed.template)]


class StemWeights:
    """Inverse document frequency of stems: the rarer in the samples, the heavier."""

    def __init__(self, samples: Sequence[Sequence[str]]) -> None:
        self._count = len(samples)
        self._document_counts = Counter(stem for sample in samples for stem in set(sample))

    def weight(self, stem: str) -> float:
        rarity = math.log((1 + self._count) / (1 + self._document_counts[stem])) + 0.5
        return rarity * PLACEHOLDER_WEIGHT if stem in ARGUMENTS_OF_PLACEHOLDER else rarity

    def cosine(self, one: Sequence[str], other: Sequence[str]) -> float:
        shared = sum(self.weight(stem) ** 2 for stem in set(one) & set(other))
        return shared / (self._length(one) * self._length(other)) if shared else 0.0

    def _length(self, stems: Sequence[str]) -> float:
        return math.sqrt(sum(self.weight(stem) ** 2 for stem in set(stems)))
