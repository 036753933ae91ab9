"""The runs of a process: what it takes over, whatever goes wrong with one of them."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import pytest

from graph.errors import DatabaseUnavailable
from graph.ports.runs import ClaimedRun, Run
from graph.replay.recorded_ports import KeptCheckpoints, KeptRun, KeptTranscript, NoNotifier, NoRunMetrics
from graph.runs.manager import RunManager
from graph.runs.runner import RunPorts
from tests.fakes.ports import GivenAnswers, GivenTools, OneNameRedactor, roster_of, words

pytestmark = pytest.mark.anyio

GRAPH: Any = None
"""No run comes so far: none can be read any more, so that each ends at once."""


class Abandoned(KeptRun):
    """A store with runs that wait for a process; the claim of the first one fails."""

    def __init__(self, failure: Exception) -> None:
        super().__init__("tester")
        self.failure = failure
        self.waiting = ["broken", "whole"]

    async def list_claimable(self) -> list[tuple[str, str]]:
        return [(run_id, self.run.user_id) for run_id in self.waiting]

    async def claim(self, user_id: str, run_id: str) -> ClaimedRun | None:
        if run_id == "broken":
            raise self.failure
        self.waiting.remove(run_id)
        return ClaimedRun(replace(self.run, id=run_id), None)


def runs_over(store: KeptRun, begun: list[str] | None = None) -> RunManager:
    ports = RunPorts(
        intake=store,
        queue=store,
        checkpoints=KeptCheckpoints(),
        transcript=KeptTranscript(),
        redactor=OneNameRedactor(),
        roster=roster_of(),
        model=GivenAnswers([]),
        toolbox=GivenTools({}),
        count=words,
        notifier=NoNotifier(),
        metrics=NoRunMetrics(),
        prefetch=lambda run, text: (begun if begun is not None else []).append(text),
        lease_seconds=60,
        run_timeout_seconds=60,
    )
    return RunManager(GRAPH, ports, max_active=10)


async def ended(store: KeptRun) -> Run:
    """The run that was taken over, once it has ended."""
    async with asyncio.timeout(5):
        while not store.log:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return store.run


@pytest.mark.parametrize("failure", [DatabaseUnavailable(), LookupError("a fault of ours")])
async def test_a_run_that_cannot_be_taken_over_keeps_no_other_waiting(failure: Exception) -> None:
    store = Abandoned(failure)
    async with runs_over(store).lifespan():
        await ended(store)
    assert store.waiting == ["broken"]
    assert [event["type"] for _, event in store.log] == ["error"]


async def test_a_look_for_runs_that_fails_is_not_the_last_one() -> None:
    class Faulty(Abandoned):
        looks = 0

        async def list_claimable(self) -> list[tuple[str, str]]:
            self.looks += 1
            if self.looks == 1:
                raise LookupError("a fault of ours")
            return await super().list_claimable()

    store = Faulty(DatabaseUnavailable())
    with contextlib.suppress(TimeoutError):
        async with runs_over(store).lifespan():
            await ended(store)
    assert store.waiting == ["broken"]


@pytest.mark.parametrize(("epoch", "begun"), [(1, ["hello"]), (2, [])])
async def test_a_run_that_goes_on_reads_nothing_ahead_a_second_time(epoch: int, begun: list[str]) -> None:
    class Waiting(KeptRun):
        claimed = False

        async def list_claimable(self) -> list[tuple[str, str]]:
            return [] if self.claimed else [(self.run.id, self.run.user_id)]

        async def claim(self, user_id: str, run_id: str) -> ClaimedRun | None:
            self.claimed = True
            return ClaimedRun(replace(self.run, epoch=epoch), "hello", stop_requested=True)

    ahead: list[str] = []
    store = Waiting("tester")
    async with runs_over(store, ahead).lifespan():
        await ended(store)
    assert ahead == begun
