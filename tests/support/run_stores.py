"""A run store under test, and what happens to its runs outside the ports."""

from typing import Protocol, TypeVar

import pytest

from graph.events import Text
from graph.ports.runs import (
    ClaimedRun,
    OnConflict,
    Run,
    RunIntake,
    RunOutcome,
    RunQueue,
    RunRequest,
)

MAX_QUEUED = 10
DEFAULT_EMPLOYEE = "prime-boss"
OTHER_EMPLOYEE = "tag-ai"

Item = TypeVar("Item")


class RunStore(RunIntake, RunQueue, Protocol):
    """Both ports, as adapters implement them."""


class Backend(Protocol):
    """A run store, and what happens to its runs outside these ports."""

    @property
    def store(self) -> RunStore:
        """Its leases last longer than a test."""
        ...

    async def expire_lease(self, run: Run) -> None:
        """Let the run's lease pass, or its user's time for a decision."""
        ...

    async def request_approval(self, run: Run) -> None:
        """A call of the run needs its user's approval."""
        ...

    async def decide_all(self, run: Run) -> None:
        """The user decides every call of the run."""
        ...

    async def record(self, run: Run, question: str, answer: str) -> str:
        """Store the run's turn in the history; the id of the question."""
        ...

    async def branch(self, user_id: str, session_id: str) -> list[str]:
        """The questions of the session's current branch."""
        ...

    async def end_other_runs(self) -> None:
        """End the runs that other tests left behind; a process is shown a limited number of claimable runs."""
        ...


def text(content: str) -> Text:
    return Text(type="text", content=content)


async def send(store: RunStore, run: Run, words: str, on_conflict: OnConflict = "enqueue") -> Run:
    """Send a further message to the run's session."""
    return await store.accept(RunRequest(run.user_id, words, session_id=run.session_id, on_conflict=on_conflict))


async def end(store: RunStore, run: Run) -> bool:
    return await store.finish(run, [], RunOutcome())


async def claim(store: RunStore, run: Run) -> ClaimedRun:
    claimed = await store.claim(run.user_id, run.id)
    assert claimed
    return claimed


async def answer(backend: Backend, run: Run, question: str) -> str:
    """End the run with its turn in the history; the id of the question."""
    message_id = await backend.record(run, question, f"answer to {question}")
    await end(backend.store, run)
    return message_id


async def wait_for_user(backend: Backend, run: Run) -> bool:
    await backend.request_approval(run)
    return await backend.store.finish(run, [], RunOutcome("waiting"))


def is_listed(run: Run, claimable: list[tuple[str, str]]) -> bool:
    return (run.id, run.user_id) in claimable


class Contract:
    @pytest.fixture
    def store(self, backend: Backend) -> RunStore:
        return backend.store
