"""Ranks the employees for a question by its similarity to their examples, without a model.

Own code: scikit-learn 1.9 needs 3 s to import, 200 MB and three times as long for a question, and is right no more often
(87.6 % of the held-back questions instead of 88.4 %).
"""

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
NGRAM_SIZES = (3, 4, 5)
"""Lengths of the character n-grams, which make a misspelt word similar to the right one."""

NGRAM_WEIGHT = 0.3
"""The share of the spelling in a similarity; the rest is the embedding's."""
MEAN_REMOVED = 0.8
"""The share of the mean embedding that is subtracted, since all samples are about money."""
RIDGE = 0.3
"""The regularisation of the regression: the larger, the less a single sample counts."""
TOP_WEIGHTS = (4 / 7, 2 / 7, 1 / 7)
"""Weights of the three samples of an employee that are most similar to the question."""
TOP_SHARE = 2.0
"""The weight of those samples beside the regression, whose weight is 1.

These five values were chosen on the tuning half of `tests/employees/questions.yaml`."""


@dataclass(frozen=True, slots=True)
class Match:
    """An employee and how well a question fits them: about 0 for not at all, 1 for one of their own examples."""

    employee: Employee
    score: float


@dataclass(slots=True)
class EmployeeRanker:
    """Ranks the employees for a question by their examples, capabilities and titles.

    The embedder reads the unmasked question, so it must run in this process. A changed roster takes effect at the next
    question.
    """

    roster: Roster
    embedder: Embedder
    _known: dict[str, list[float]] = field(default_factory=dict)
    """Embeddings of the samples, by text."""
    _index: "Index | None" = None

    async def rank(self, question: str) -> list[Match]:
        """All employees, best first; employees with equal scores are ordered by slug."""
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
            embeddings = np.array([self._known[text] for text in texts], dtype=np.float32)
            self._index = await asyncio.to_thread(Index, employees, texts, embeddings)
        return self._index


class Index:
    """Scores employees by kernel ridge regression and by their most similar samples.

    The regression (Saunders, Gammerman, Vovk 1998) learns which samples tell the employees apart. Similarity alone would
    count a word that many employees share, such as "spending", for each of them.
    """

    def __init__(self, employees: Sequence[Employee], texts: Sequence[str], embeddings: Numbers) -> None:
        """Train on the samples of all employees, in order, and their embeddings."""
        self.employees = employees
        self._owned = np.repeat(np.eye(len(employees)), [len(samples(employee)) for employee in employees], axis=0) > 0
        """A row a sample and a column an employee: whether the sample is the employee's."""
        self._ngrams = CharNgrams(texts)
        self._common_part = MEAN_REMOVED * embeddings.mean(axis=0)
        self._embeddings = self._without_common_part(embeddings)
        similarities = np.array(
            [self._similarity(text, embedding) for text, embedding in zip(texts, embeddings, strict=True)]
        )
        self._coefficients = np.linalg.solve(similarities + RIDGE * np.eye(len(texts)), self._owned)

    def scores(self, question: str, embedding: Numbers) -> Numbers:
        """How well the question with this embedding fits each employee, from 0 to 1."""
        similarity = self._similarity(question, embedding)
        near = np.array([top_similarity(similarity[owned]) for owned in self._owned.T])
        scores: Numbers = (similarity @ self._coefficients + TOP_SHARE * near) / (1 + TOP_SHARE)
        return np.clip(scores, 0, 1)

    def _similarity(self, text: str, embedding: Numbers) -> Numbers:
        """The similarity of a text to each sample."""
        similarities: Numbers = self._embeddings @ self._without_common_part(embedding)
        return NGRAM_WEIGHT * self._ngrams.similarity(text) + (1 - NGRAM_WEIGHT) * similarities

    def _without_common_part(self, embeddings: Numbers) -> Numbers:
        rest = embeddings - self._common_part
        unit: Numbers = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
        return unit


class CharNgrams:
    """TF-IDF vectors of unit length over words and character n-grams, in an inverted index."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(char_ngrams(text)) for text in texts]
        holding = Counter(ngram for count in counts for ngram in count)
        self._idf = {ngram: 1 + math.log(len(texts) / held) for ngram, held in holding.items()}
        self._size = len(texts)
        weighted = [self._weights(count) for count in counts]
        self._rows_by_ngram: dict[str, list[int]] = {ngram: [] for ngram in holding}
        self._weights_by_ngram: dict[str, list[float]] = {ngram: [] for ngram in holding}
        for number, weights in enumerate(weighted):
            for ngram, weight in weights.items():
                self._rows_by_ngram[ngram].append(number)
                self._weights_by_ngram[ngram].append(weight)

    def similarity(self, text: str) -> Numbers:
        """The cosine similarity of a text to each indexed text."""
        weights = self._weights(Counter(char_ngrams(text)))
        holders = [number for ngram in weights for number in self._rows_by_ngram[ngram]]
        products = [weight * there for ngram, weight in weights.items() for there in self._weights_by_ngram[ngram]]
        sums = np.bincount(np.array(holders, dtype=np.intp), np.array(products, dtype=np.float64), self._size)
        return sums.astype(np.float64)

    def _weights(self, counts: Mapping[str, int]) -> Mapping[str, float]:
        """The weights of the n-grams that the index holds."""
        known = {ngram: count for ngram, count in counts.items() if ngram in self._idf}
        weights = {ngram: (1 + math.log(count)) * self._idf[ngram] for ngram, count in known.items()}
        length = math.hypot(*weights.values()) or 1.0
        return {ngram: weight / length for ngram, weight in weights.items()}


def char_ngrams(text: str) -> Iterable[str]:
    """The words and their n-grams, with `<` and `>` around each word; every number counts as `0`."""
    for word in WORD.findall(text.lower()):
        token = "0" if word.isdigit() else word
        yield token
        marked = f"<{token}>"
        yield from (marked[at : at + size] for size in NGRAM_SIZES for at in range(len(marked) - size + 1))


def top_similarity(similarity: Numbers) -> float:
    """The weighted mean similarity of an employee's most similar samples."""
    best = np.sort(similarity)[::-1][: len(TOP_WEIGHTS)]
    return float(best @ np.array(TOP_WEIGHTS)[: len(best)])


def samples(employee: Employee) -> Sequence[str]:
    """The texts that describe an employee: examples, capabilities, and name with title."""
    capabilities = (capability.replace("-", " ") for capability in employee.capabilities)
    return (*employee.examples, *capabilities, f"{employee.name}, {employee.title}")
