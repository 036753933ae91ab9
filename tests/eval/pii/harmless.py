"""Texts in which nothing is personal: what is changed in them breaks an answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from graph.redaction.detection.detect import detect
from tests.eval.pii.generator import SEED
from tests.eval.pii.sentences import SENTENCES, words
from tests.eval.pii.values import digits, letters

MAX_ALTERED_SHARE = 0.01
"""The share of harmless texts that may be changed."""


@dataclass(slots=True)
class Harm:
    """What happened to harmless texts."""

    name: str
    texts: int = 0
    altered: list[tuple[str, str]] = field(default_factory=list)
    """The text and what was masked in it."""
    most: float = MAX_ALTERED_SHARE
    """The share that may be changed."""

    @property
    def share(self) -> float:
        return len(self.altered) / self.texts if self.texts else 0.0

    @property
    def holds(self) -> bool:
        return self.share <= self.most


def harm(name: str, texts: Iterable[str], most: float = MAX_ALTERED_SHARE) -> Harm:
    done = Harm(name, most=most)
    for text in texts:
        done.texts += 1
        done.altered += [(text, f"{detection.entity_type} {detection.value!r}") for detection in detect(text)[:1]]
    return done


def harmless(count: int, seed: int = SEED) -> Iterator[str]:
    """Questions about merchants, categories, amounts, dates and transaction ids."""
    random = Random(f"harmless:{seed}")
    frames: list[str] = SENTENCES["stays"]["frames"]
    shops, categories, months = words("stays", "shops"), words("stays", "categories"), words("dates", "months")
    for number in range(count):
        yield frames[number % len(frames)].format(
            shop=random.choice(shops),
            category=random.choice(categories),
            month=random.choice(months),
            amount=f"{random.randint(1, 4999)}.{digits(random, 2)}",
            date=random.choice(
                (f"{random.randint(1, 12):02}/{random.randint(1, 28):02}/2024", f"2024-0{random.randint(1, 9)}-11")
            ),
            id=random.choice(
                (digits(random, 9), f"txn_{digits(random, 12)}", f"{letters(random, 2)}-{digits(random, 6)}")
            ),
        )
