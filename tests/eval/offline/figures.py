"""The figures of the evaluation, beside the bars that they are held to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.eval.offline.judging import Verdict

NAMES = {
    "tool": "right tool, by whoever",
    "arguments": "right arguments where the tool is right",
    "talk": "right talk where no tool is needed",
    "refused": "refused although answerable",
    "needless": "tool called on what no tool can do",
    "dump": "answers that print fields",
    "failed": "failed turns",
    "amount": "amounts in the answer equal to SQL's",
    "amount_in_result": "amounts in the tool's result equal to SQL's",
    "is_right": "right in everything",
}
MIN_SHARE = {"tool": 0.92, "arguments": 0.93, "talk": 0.92, "amount": 1.0}
MAX_SHARE = {"refused": 0.04, "needless": 0.03, "dump": 0.0, "failed": 0.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of the answers of which it can be asked something is true."""

    name: str
    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def holds(self) -> bool:
        """Whether the bar is reached; a figure without one, or over nothing, holds."""
        return not self.of or MIN_SHARE.get(self.name, 0.0) <= self.share <= MAX_SHARE.get(self.name, 1.0)

    @property
    def bar(self) -> str:
        if self.name in MIN_SHARE:
            return f"at least {MIN_SHARE[self.name]:.0%}"
        return f"at most {MAX_SHARE[self.name]:.0%}" if self.name in MAX_SHARE else ""

    def __str__(self) -> str:
        missed = "" if self.holds else "   BELOW THE BAR"
        return f"  {NAMES[self.name]:<44} {self.count:>4} of {self.of:>4} {self.share:>7.1%}   {self.bar}{missed}"


def figures(verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Each figure by its name."""
    return {name: figure(name, [getattr(each, name) for each in verdicts]) for name in NAMES}


def figure(name: str, values: Iterable[bool | None]) -> Figure:
    asked = [value for value in values if value is not None]
    return Figure(name, sum(asked), len(asked))


def kinds(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts by the file of their question."""
    by_kind: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_kind.setdefault(verdict.outcome.question.kind, []).append(verdict)
    return dict(sorted(by_kind.items()))
