"""The turn is handed over whole, and the answer's id comes back."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from graph.ports import TurnRecord
from graph.state import Usage
from nodes.persist import Persist
from tests.fakes.ports import OWNER, RUN, SESSION, GivenAnswers, KeptTurns, roster_of, runtime_of, turn_of

pytestmark = pytest.mark.anyio


async def test_the_turn_is_recorded_with_its_owner_run_and_usage() -> None:
    messages = [HumanMessage("hi"), AIMessage("hello")]
    usage = Usage(prompt=7, completion=2, total=9, cost="0.001", source="provider")
    transcript = KeptTurns()
    node = Persist(transcript, GivenAnswers([]), roster_of(model="large"))
    turn = await node(turn_of(*messages, usage=usage), runtime_of())
    assert turn == {"message_id": "message-1"}
    assert transcript.turns == [
        TurnRecord(OWNER, SESSION, RUN, 0, "tester", "model-large", messages, usage, status="complete", error=None)
    ]
