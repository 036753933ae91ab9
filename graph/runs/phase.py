"""The phases of a run in the process that works on it, and the transitions between them."""

from collections.abc import Mapping
from enum import Enum, auto


class RunPhase(Enum):
    RUNNING = auto()
    """The graph runs, or is about to."""
    WAITING = auto()
    """The graph has reached an interrupt: the user decides before the run goes on."""
    STOPPING = auto()
    """The user requested a stop. The graph is cancelled."""
    HANDING_OVER = auto()
    """This process shuts down and leaves the run to another one. The graph is cancelled."""
    DETACHED = auto()
    """This process does not have the run any more: another process has it, or may take it."""
    ENDED = auto()
    """The run has streamed its last event here: `done` or `error`."""


TRANSITIONS: Mapping[RunPhase, frozenset[RunPhase]] = {
    RunPhase.RUNNING: frozenset(RunPhase) - {RunPhase.RUNNING},
    RunPhase.WAITING: frozenset({RunPhase.STOPPING, RunPhase.HANDING_OVER, RunPhase.DETACHED, RunPhase.ENDED}),
    RunPhase.STOPPING: frozenset({RunPhase.DETACHED, RunPhase.ENDED}),
    RunPhase.HANDING_OVER: frozenset({RunPhase.STOPPING, RunPhase.DETACHED, RunPhase.ENDED}),
    RunPhase.DETACHED: frozenset({RunPhase.ENDED}),
    RunPhase.ENDED: frozenset(),
}
"""The phases that may follow each phase.

Stops, shutdowns and lost leases arrive at any moment; one that may not follow the current phase changes nothing. A stop
therefore outranks a hand-over. A detached run still ends if the database took its end and only the lease keeper found no
lease any more.
"""


def may_follow(current: RunPhase, following: RunPhase) -> bool:
    return following in TRANSITIONS[current]
