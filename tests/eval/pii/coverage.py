"""How much of the values is masked, kind by kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graph.redaction.detection.detect import detect
from graph.redaction.values.detection import Detection
from tests.eval.pii.generator import KNOWN_BY_FORM, SEED, Sample, samples
from tests.eval.pii.respell import RESPELLINGS, respelled

BARS = {
    **dict.fromkeys(KNOWN_BY_FORM, 1.0),
    **{"ACCOUNT": 0.99, "PHONE": 0.97, "PERSON": 0.92, "ADDRESS": 0.90},
    **dict.fromkeys(("ITIN", "EIN", "SIN", "NINO", "NHS", "ROUTING", "CRYPTO", "IP"), 0.99),
    **dict.fromkeys(("BIRTHDATE", "LICENSE", "PASSPORT"), 0.97),
}
"""The least share of a kind's values of which nothing may be left; the last two lines are our own."""


@dataclass(slots=True)
class Coverage:
    """Values of one kind, in one spelling."""

    kind: str
    spelling: str = "as written"
    values: int = 0
    whole: int = 0
    """Values of which no letter and no digit is left: only these count."""
    characters: int = 0
    masked: int = 0
    """Letters and digits."""
    misses: list[Sample] = field(default_factory=list)
    own_bar: float | None = None
    """What stands for the bar of the kind."""

    @property
    def share(self) -> float:
        return self.whole / self.values if self.values else 1.0

    @property
    def share_of_characters(self) -> float:
        return self.masked / self.characters if self.characters else 1.0

    @property
    def bar(self) -> float:
        return BARS[self.kind] if self.own_bar is None else self.own_bar

    @property
    def holds(self) -> bool:
        return self.share >= self.bar

    def add(self, sample: Sample, detections: Sequence[Detection]) -> None:
        self.add_together([sample], detections)

    def add_together(self, samples: Sequence[Sample], detections: Sequence[Detection]) -> None:
        """Count several values of one text as one, which is masked if all of them are."""
        places = [place for each in samples for place in range(each.start, each.end) if each.text[place].isalnum()]
        masked = sum(any(detection.start <= place < detection.end for detection in detections) for place in places)
        self.values += 1
        self.characters += len(places)
        self.masked += masked
        self.whole += masked == len(places)
        if masked < len(places):
            self.misses.append(samples[0])


def covered(kind: str, spelling: str, texts: Iterable[Sample]) -> Coverage:
    coverage = Coverage(kind, spelling)
    for sample in texts:
        coverage.add(sample, detect(sample.text))
    return coverage


def spellings(kind: str) -> Sequence[str]:
    """Every spelling where the kind is known by its form, else as written only."""
    return tuple(RESPELLINGS) if kind in KNOWN_BY_FORM else ("as written",)


def made(kind: str, spelling: str, count: int, seed: int = SEED) -> Coverage:
    """The coverage of made values."""
    return covered(kind, spelling, (respelled(sample, spelling, seed) for sample in samples(kind, count, seed)))
