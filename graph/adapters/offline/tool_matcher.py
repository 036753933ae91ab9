"""Which tool answers a question: the one whose examples are most like it, if any is like enough (TF-IDF, cosine)."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.adapters.offline.question_parser import Reading, read_question
from graph.adapters.offline.words import Words

MINIMUM = 0.45
"""The cosine from which a question is taken for one that the tool answers. With today's tools it takes 3 % of the
questions to a bank in banking77, which no tool answers, for one of theirs; at 0.6 it would be 1 %."""

PLACEHOLDER_WEIGHT = 0.5
"""A period or an amount says less about what is asked than a word does."""

UNHELD = 0.6
"""What a tool's likeness is multiplied by for each thing that is named and that its arguments have no place for."""

PLACES: Mapping[str, Sequence[str]] = {
    "<period>": ("start_date", "end_date"),
    "<amount>": ("min_amount", "max_amount"),
    "<merchant>": ("merchant", "description"),
    "<category>": ("category", "categories"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as the model is offered it."""

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
class Chooser:
    """Chooses among offers; it reads each example once and keeps what it read."""

    words: Words
    _read: dict[str, list[str]] = field(default_factory=dict)

    def choose(self, reading: Reading, offers: Sequence[Offer]) -> Offer | None:
        """The offer that fits the question best, or None if none fits."""
        asked = _stems(reading, self.words)
        if not asked or self.words.wants_more(reading.frame):
            return None
        samples = [self._samples(offer) for offer in offers]
        weights = Weights([sample for group in samples for sample in group])
        scored = [
            (self._score(asked, offer, group, weights), offer) for offer, group in zip(offers, samples, strict=True)
        ]
        best, offer = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        return offer if best >= MINIMUM else None

    def _samples(self, offer: Offer) -> list[list[str]]:
        """What the offer is for, in stems: its examples and the first sentence of its description."""
        return [self._sample(text) for text in (*offer.examples, offer.description.split(".")[0])]

    def _sample(self, text: str) -> list[str]:
        if text not in self._read:
            self._read[text] = _stems(read_question(text, self.words), self.words)
        return self._read[text]

    def _score(self, asked: Sequence[str], offer: Offer, samples: list[list[str]], weights: "Weights") -> float:
        known = {stem for sample in samples[: len(offer.examples)] for stem in sample}
        if any(stem in self.words.beyond_stems and stem not in known for stem in asked):
            return 0.0
        places = [PLACES[stem] for stem in set(asked) if stem in PLACES]
        unheld = sum(1 for names in places if not any(name in offer.properties for name in names))
        likeness: float = max(weights.cosine(asked, sample) for sample in samples)
        return likeness * UNHELD**unheld


def _stems(reading: Reading, words: Words) -> list[str]:
    """What a question says, with one placeholder for all words of earning and spending."""
    return ["<flow>" if stem in words.type_stems else stem for stem in words.content(reading.frame)]


class Weights:
    """How much a stem says, by how few of the samples have it; one that none has says most."""

    def __init__(self, samples: Sequence[Sequence[str]]) -> None:
        self._count = len(samples)
        self._holding = Counter(stem for sample in samples for stem in set(sample))

    def of(self, stem: str) -> float:
        rarity = math.log((1 + self._count) / (1 + self._holding[stem])) + 0.5
        return rarity * PLACEHOLDER_WEIGHT if stem in PLACES else rarity

    def cosine(self, one: Sequence[str], other: Sequence[str]) -> float:
        shared = sum(self.of(stem) ** 2 for stem in set(one) & set(other))
        return shared / (self._length(one) * self._length(other)) if shared else 0.0

    def _length(self, stems: Sequence[str]) -> float:
        return math.sqrt(sum(self.of(stem) ** 2 for stem in set(stems)))
