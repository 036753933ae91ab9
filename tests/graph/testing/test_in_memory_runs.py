"""The runs in memory."""

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graph.ports.memory import TurnRecord
from graph.ports.runs import Run
from graph.state import NO_USAGE
from graph.testing.in_memory_runs import InMemoryRunStore
from tests.graph.ports.run_intake_contract import RunIntakeContract
from tests.graph.ports.run_queue_contract import RunQueueContract


class InMemoryBackend:
    def __init__(self) -> None:
        self.store = InMemoryRunStore()

    async def expire_lease(self, run: Run) -> None:
        self.store.expire_lease(run.id)

    async def request_approval(self, run: Run) -> None:
        self.store.request_approval(run.id)

    async def decide_all(self, run: Run) -> None:
        self.store.decide_all(run.id)

    async def record(self, run: Run, question: str, answer: str) -> str:
        messages: list[AnyMessage] = [HumanMessage(question), AIMessage(answer)]
        await self.store.transcript.record(
            TurnRecord(run.user_id, run.session_id, run.id, run.epoch, run.employee, "model", messages, NO_USAGE)
        )
        return self.store.transcript.turns[-1].question_id

    async def branch(self, user_id: str, session_id: str) -> list[str]:
        return [turn.question for turn in self.store.transcript.branch(user_id, session_id)]

    async def end_other_runs(self) -> None:
        """Each test has a store of its own."""


@pytest.fixture
def backend() -> InMemoryBackend:
    return InMemoryBackend()


class TestInMemoryRunStore(RunIntakeContract, RunQueueContract):
    """The twin keeps the contract."""
