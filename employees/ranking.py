"""Who should be given a question: the employees, best first, by how like it is to their examples. No model is asked."""

import asyncio
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from employees.roster import Employee, Roster
from graph.ports.models import Embedder

Numbers = npt.NDArray[np.floating]

WORD = re.compile(r"[^\W_]+")
PIECES = (3, 4, 5)
"""Letters in the pieces of words that are compared, so that a misspelt word is still like itself."""

SPELLING = 0.3
"""The share of spelling in a likeness; the rest is meaning."""
COMMON = 0.8
"""How much of what all samples have in common is taken out of a meaning: here everything is about money."""
SMOOTHING = 0.3
"""How little a single sample is trusted (the ridge)."""
NEAREST = (4 / 7, 2 / 7, 1 / 7)
"""The shares of an employee's samples that are most like the question, the first, the second and the third."""
NEARNESS = 2.0
"""How much those count beside what tells the employees apart.

These five were chosen on the tuning half of `tests/employees/questions.yaml`."""


@dataclass(frozen=True, slots=True)
class Match:
    """An employee and how well a question fits them: about 0 for not at all, 1 for one of their own examples."""

    employee: Employee
    score: float


@dataclass(slots=True)
class Router:
    """Ranks the employees for a question by their examples, capabilities and titles.

    The question goes to the embedder as it is, so this has to be one that runs within the process. Changed employees are
    read at the next question.
    """

    roster: Roster
    embedder: Embedder
    _known: dict[str, list[float]] = field(default_factory=dict)
    """Vectors of the samples."""
    _index: "Index | None" = None

    async def rank(self, question: str) -> list[Match]:
        """Everybody, best first."""
        index = await self._current()
        scores = index.scores(question, np.array(await self.embedder.query(question), dtype=np.float32))
        matches = [
            Match(employee, round(float(score), 4)) for employee, score in zip(index.employees, scores, strict=True)
        ]
        return sorted(matches, key=lambda match: (-match.score, match.employee.slug))

    async def _current(self) -> "Index":
        employees = self.roster.all()
        if self._index is None or self._index.employees is not employees:
            texts = [text for employee in employees for text in samples(employee)]
            missing = [text for text in dict.fromkeys(texts) if text not in self._known]
            self._known |= dict(zip(missing, await self.embedder.passages(missing), strict=True))
            meanings = np.array([self._known[text] for text in texts], dtype=np.float32)
            self._index = await asyncio.to_thread(Index, employees, texts, meanings)
        return self._index


class Index:
    """The samples of everybody, ready to be compared with: kernel ridge regression beside the nearest samples.

    The regression (Saunders, Gammerman, Vovk 1998) learns which samples tell the employees apart, where nearness alone
    would take a word that many share, such as "spending", for a sign of each of them.
    """

    def __init__(self, employees: Sequence[Employee], texts: Sequence[str], meanings: Numbers) -> None:
        """`texts` are the samples of all employees in order, `meanings` their vectors."""
        self.employees = employees
        self._owned = np.repeat(np.eye(len(employees)), [len(samples(each)) for each in employees], axis=0) > 0
        """For each sample and employee whether it is the employee's."""
        self._spellings = Spellings(texts)
        self._common = COMMON * meanings.mean(axis=0)
        self._meanings = self._told_apart(meanings)
        alike = np.array([self._likeness(text, meaning) for text, meaning in zip(texts, meanings, strict=True)])
        self._shares = np.linalg.solve(alike + SMOOTHING * np.eye(len(texts)), self._owned)

    def scores(self, question: str, meaning: Numbers) -> Numbers:
        """How well the question fits each employee; `meaning` is its vector."""
        likeness = self._likeness(question, meaning)
        near = np.array([nearness(likeness[owned]) for owned in self._owned.T])
        scores: Numbers = (likeness @ self._shares + NEARNESS * near) / (1 + NEARNESS)
        return np.clip(scores, 0, 1)

    def _likeness(self, text: str, meaning: Numbers) -> Numbers:
        """The likeness of a text to each sample."""
        alike: Numbers = self._meanings @ self._told_apart(meaning)
        return SPELLING * self._spellings.likeness(text) + (1 - SPELLING) * alike

    def _told_apart(self, meanings: Numbers) -> Numbers:
        rest = meanings - self._common
        unit: Numbers = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
        return unit


class Spellings:
    """Texts as weighted words and pieces of words (TF-IDF, unit length), found by their pieces."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(pieces(text)) for text in texts]
        holding = Counter(piece for count in counts for piece in count)
        self._rarity = {piece: 1 + math.log(len(texts) / held) for piece, held in holding.items()}
        self._size = len(texts)
        weighted = [self._weights(count) for count in counts]
        self._holders: dict[str, list[int]] = {piece: [] for piece in holding}
        self._weights_there: dict[str, list[float]] = {piece: [] for piece in holding}
        for number, weights in enumerate(weighted):
            for piece, weight in weights.items():
                self._holders[piece].append(number)
                self._weights_there[piece].append(weight)

    def likeness(self, text: str) -> Numbers:
        """The cosine of a text with each."""
        weights = self._weights(Counter(pieces(text)))
        holders = [number for piece in weights for number in self._holders[piece]]
        products = [weight * there for piece, weight in weights.items() for there in self._weights_there[piece]]
        sums = np.bincount(np.array(holders, dtype=np.intp), np.array(products, dtype=np.float64), self._size)
        return sums.astype(np.float64)

    def _weights(self, counts: Mapping[str, int]) -> Mapping[str, float]:
        """The weights of those pieces that some text has."""
        known = {piece: count for piece, count in counts.items() if piece in self._rarity}
        weights = {piece: (1 + math.log(count)) * self._rarity[piece] for piece, count in known.items()}
        length = math.hypot(*weights.values()) or 1.0
        return {piece: weight / length for piece, weight in weights.items()}


def pieces(text: str) -> Iterable[str]:
    """The words, and the pieces of each between marks for its beginning and end; a number is like any other."""
    for word in WORD.findall(text.lower()):
        told = "0" if word.isdigit() else word
        yield told
        marked = f"<{told}>"
        yield from (marked[at : at + size] for size in PIECES for at in range(len(marked) - size + 1))


def nearness(likeness: Numbers) -> float:
    """The likeness of an employee's nearest samples."""
    best = np.sort(likeness)[::-1][: len(NEAREST)]
    return float(best @ np.array(NEAREST)[: len(best)])


def samples(employee: Employee) -> Sequence[str]:
    """What stands for an employee: the examples, each capability, name and title."""
    capabilities = (capability.replace("-", " ") for capability in employee.capabilities)
    return (*employee.examples, *capabilities, f"{employee.name}, {employee.title}")
