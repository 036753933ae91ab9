"""What is counted of runs."""

from contextlib import AbstractContextManager
from typing import Literal, Protocol

from graph.ports.runs import Run, RunOutcome
from graph.state import Usage


class RunMetrics(Protocol):
    """Counts what becomes of runs. No method takes a text of a user."""

    def accepted(self, run: Run) -> None:
        """A new run was stored."""
        ...

    def refused(self, code: str) -> None:
        """A message was not accepted; `code` is the error's code."""
        ...

    def track_run(self, run: Run, waited: bool = False) -> AbstractContextManager[None]:
        """Spans the time in which this process works on the run.

        Args:
            run: an epoch above 1 is a take-over, unless the run waited for its user.
            waited: whether the run waited for its user before.
        """
        ...

    def first_text(self, run: Run, seconds: float) -> None:
        """The run streamed its first words, so many seconds after this process began to work on it."""
        ...

    def ended(self, run: Run, outcome: RunOutcome, usage: Usage, seconds: float) -> None:
        """The run ended or began to wait for its user, so many seconds after this process began to work on it."""
        ...

    def ungrounded_amounts(self, run: Run, amounts: int) -> None:
        """The answer states so many amounts of money that match nothing in the turn."""
        ...

    def detached(self, run: Run) -> None:
        """This process stopped working on the run before its end, because it lost the lease or the database."""
        ...

    def write_retried(self, what: Literal["log", "lease"]) -> None:
        """A write for a run failed and is tried again."""
        ...

    def claimable(self, runs: int) -> None:
        """So many runs waited for a process at the last look."""
        ...


class MetricsPage(Protocol):
    """The metrics of this process, as a scraper reads them."""

    def exposition(self, accepted: str) -> tuple[bytes, str]:
        """The metrics now, and their media type; `accepted` is the scraper's Accept header."""
        ...
