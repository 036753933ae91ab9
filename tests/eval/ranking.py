"""How many questions go to somebody who may take them: `python -m tests.eval.ranking` prints it for each employee.

Questions are split by a hash of their text. What the router is tuned on is one half; the other is held back, and nobody
looks at its misses, so that its figure stays an honest one.
"""

import asyncio
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from employees.ranking import EmployeeRanker
from employees.roster import read_roster
from graph.adapters.embeddings.local import LocalEmbedder
from tools.catalog import by_name

EMPLOYEES = Path(__file__).parents[2] / "employees"
QUESTIONS = Path(__file__).parents[1] / "employees" / "questions.yaml"

Half = Literal["tuning", "held back"]


@dataclass(frozen=True, slots=True)
class Case:
    """A question, whom it was written for, and who else may take it."""

    ask: str
    meant: str
    may: frozenset[str]

    @property
    def half(self) -> Half:
        return "held back" if hashlib.sha256(self.ask.encode()).digest()[0] % 2 else "tuning"


def read_cases() -> list[Case]:
    written = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    return [
        Case(entry["ask"], slug, frozenset({slug, *entry.get("also", ())}))
        for slug, entries in written.items()
        for entry in entries
    ]


@dataclass(frozen=True, slots=True)
class Tally:
    """Questions and right choices, by the employee whom a question was written for."""

    asked: Mapping[str, int]
    right: Mapping[str, int]

    @property
    def share(self) -> float:
        return sum(self.right.values()) / sum(self.asked.values())

    def lines(self) -> Iterable[str]:
        for slug in self.asked:
            yield f"{slug:<16} {self.right.get(slug, 0):>3} of {self.asked[slug]:>3}"
        yield f"{'all':<16} {sum(self.right.values()):>3} of {sum(self.asked.values()):>3}   {self.share:.1%}"


async def tally(ranker: EmployeeRanker, cases: Sequence[Case]) -> Tally:
    asked, right = Counter[str](), Counter[str]()
    for case in cases:
        best = (await ranker.rank(case.ask))[0]
        asked[case.meant] += 1
        right[case.meant] += best.employee.slug in case.may
    return Tally(asked, right)


def ranker_of(embedder: LocalEmbedder) -> EmployeeRanker:
    """The service's router over the house's employees."""
    return EmployeeRanker(read_roster(EMPLOYEES, by_name()), embedder)


def main() -> None:
    cases = read_cases()
    with tempfile.TemporaryDirectory() as cache:
        ranker = ranker_of(LocalEmbedder(Path(cache)))
        for half in ("tuning", "held back"):
            print(f"\n{half}: top 1 among those who may take it")
            print("\n".join(asyncio.run(tally(ranker, [case for case in cases if case.half == half])).lines()))


if __name__ == "__main__":
    main()
