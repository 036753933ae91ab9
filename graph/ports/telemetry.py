"""What is counted of runs."""

from contextlib import AbstractContextManager
from typing import Protocol

from graph.ports.runs import Run, RunOutcome
from graph.state import Usage


class Meter(Protocol):
    """Hears what becomes of runs, for whoever watches the service. It is told nothing of what was said."""

    def accepted(self, run: Run) -> None: ...

    def refused(self, code: str) -> None:
        """A turn was not accepted; `code` is the error's."""
        ...

    def attending(self, run: Run, waited: bool = False) -> AbstractContextManager[None]:
        """Lasts as long as this process works on a run; epochs above 1 are take-overs, unless the run waited for its user."""
        ...

    def first_text(self, run: Run, seconds: float) -> None:
        """The first words were shown so long after this process began to work on the run."""
        ...

    def ended(self, run: Run, outcome: RunOutcome, usage: Usage, seconds: float) -> None: ...

    def untraced(self, run: Run, amounts: int) -> None:
        """The answer states so many amounts of money for which nothing accounts."""
        ...

    def lost(self, run: Run) -> None:
        """Another process has taken the run over."""
        ...

    def retried(self, what: str) -> None:
        """A write for a run failed and will be made again: `log` or `lease`."""
        ...

    def due(self, runs: int) -> None:
        """So many runs waited for a process when this one looked."""
        ...
