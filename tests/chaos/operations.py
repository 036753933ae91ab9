"""The operation log: what the users sent and saw, which faults were injected, and what was found to be wrong."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.chaos.client import Turn

RECOVERY_SECONDS = 5.0
"""After a lease has ended, or the database is back, in which a run goes on."""

LOST, DOUBLED, MISSING, WEDGED, LATE, WRONG = "lost", "doubled", "missing", "wedged", "late", "wrong"
"""What can go wrong: a turn without its outcome, an effect that happened more than once or not at all, a session that takes no
message, a run that went on too late, and anything else."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    """The kind of injected fault during which it happened."""
    what: str
    text: str


@dataclass(slots=True)
class Operations:
    """All that happened."""

    turns: list[Turn] = field(default_factory=list)
    harmed: Counter[str] = field(default_factory=Counter)
    """By kind of injected fault: how often it was injected."""
    is_waiting: dict[str, list[float]] = field(default_factory=dict)
    """By kind of injected fault: the seconds from when runs could go on to when their users saw that they did."""
    faults: list[Fault] = field(default_factory=list)

    def begin(self, turn: Turn) -> Turn:
        self.turns.append(turn)
        return turn

    def wait(self, kind: str, seconds: float, which: str) -> None:
        self.is_waiting.setdefault(kind, []).append(max(0.0, seconds))
        if seconds > RECOVERY_SECONDS:
            self.fault(kind, LATE, f"{which}: it went on after {seconds:.1f} s")

    def fault(self, kind: str, what: str, text: str) -> None:
        self.faults.append(Fault(kind, what, text))

    def of(self, kind: str) -> list[Turn]:
        return [turn for turn in self.turns if turn.kind == kind]

    def write(self, file: Path, faults: Sequence[Fault]) -> None:
        """One line of JSON for each turn, then one for each fault."""
        entries = [*map(asdict, self.turns), *map(asdict, faults)]
        lines = [json.dumps(entry) for entry in entries]
        file.write_text("\n".join(lines) + "\n", "utf-8")
