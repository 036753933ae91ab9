"""`make studio RECORDING=…`: the server plays a recorded turn, and each node runs from any earlier state of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from graph.build import TurnGraph, with_checkpointer
from graph.context import TurnContext
from graph.errors import ChatError, ModelError
from graph.replay.play import Checkout, current_checkout
from graph.replay.recording import Recording
from graph.replay.studio_node import TurnStopped
from graph.state import TurnInput
from graph.studio import build_graph, recorded_backend
from tests.studio.test_studio import PATH, run_turn, stream_turn
from tests.support.studio import RECORDINGS, Studio, studio_server

TWO_TOOLS = Recording.read(RECORDINGS / "parallel_tools.json")
CALLS = [call["id"] for call in TWO_TOOLS.answers[0].calls]
ANSWER = TWO_TOOLS.answers[-1].text


# Studio's server ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(recorded_studio: Studio) -> Iterator[SyncLangGraphClient]:
    with get_sync_client(url=recorded_studio.address) as client:
        yield client


@pytest.fixture
def thread(recorded: SyncLangGraphClient) -> str:
    return str(recorded.threads.create()["thread_id"])


def test_an_empty_form_plays_the_recorded_turn_without_a_database(
    recorded: SyncLangGraphClient, recorded_studio: Studio, thread: str
) -> None:
    streamed = stream_turn(recorded, thread, {}, "values", "updates", "custom")
    assert [node for update in streamed["updates"] for node in update] == PATH
    assert {event["tool_call_id"] for event in streamed["custom"] if event["type"] == "tool_result"} == {*CALLS}
    assert "".join(event["content"] for event in streamed["custom"] if event["type"] == "text") == ANSWER
    assert streamed["values"][-1]["question"] == TWO_TOOLS.question
    assert streamed["values"][-1]["messages"][-1]["content"] == ANSWER
    assert not (recorded_studio.folder / "data" / "postgres").exists()
    assert "Blocking call" not in recorded_studio.log


def test_both_results_are_in_the_messages_after_the_tools(recorded: SyncLangGraphClient, thread: str) -> None:
    paused = run_turn(recorded, thread, {}, interrupt_after=["call_tools"])
    assert recorded.threads.get_state(thread)["next"] == ["reason"]
    assert [message["tool_call_id"] for message in paused["messages"][2:]] == CALLS
    assert run_turn(recorded, thread, None)["messages"][-1]["content"] == ANSWER


def test_an_edited_call_is_answered_with_a_note_that_it_was_not_recorded(
    recorded: SyncLangGraphClient, thread: str
) -> None:
    messages = run_turn(recorded, thread, {}, interrupt_before=["call_tools"])["messages"]
    messages[-1]["tool_calls"][0]["args"]["limit"] = 3
    recorded.threads.update_state(thread, {"messages": messages})
    edited, other = run_turn(recorded, thread, None)["messages"][2:4]
    assert "was not called with these arguments when the turn was recorded" in edited["content"]
    assert other["status"] == "success"


def test_a_typed_message_gets_the_recorded_answer(recorded: SyncLangGraphClient, thread: str) -> None:
    state = run_turn(recorded, thread, {"message": "Something else?"})
    assert state["question"] == "Something else?"
    assert state["messages"][-1]["content"] == ANSWER


def test_a_file_that_is_not_a_recording_stops_the_start_with_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    with pytest.raises(AssertionError) as failed, studio_server(tmp_path, missing):
        pass
    last = str(failed.value).splitlines()[-1]
    assert last.startswith(f"studio: {missing} is not a recording that this program can read: ")
    assert "Traceback" not in str(failed.value)


# Its graph ---------------------------------------------------------------------------------------------------------------

HERE: RunnableConfig = {"configurable": {"thread_id": "here"}}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return current_checkout(tmp_path_factory.mktemp("tokenizer"))


def graph_over(recording: Recording, code: Checkout) -> TurnGraph:
    return with_checkpointer(build_graph(recorded_backend(recording, code)), InMemorySaver())


async def run(graph: TurnGraph, turn_input: TurnInput | None, config: RunnableConfig = HERE) -> dict[str, Any]:
    return await graph.ainvoke(turn_input, config, context=TurnContext())


def read(name: str) -> Recording:
    return Recording.read(RECORDINGS / f"{name}.json")


COMPLETE = sorted(file.stem for file in RECORDINGS.glob("*.json") if Recording.read(file).outcome.status == "complete")


@pytest.mark.parametrize("name", COMPLETE)
def test_a_recorded_turn_gives_the_same_messages_from_each_of_its_states(name: str, code: Checkout) -> None:
    asyncio.run(assert_same_from_each_state(read(name), code))


async def assert_same_from_each_state(recording: Recording, code: Checkout) -> None:
    graph = graph_over(recording, code)
    first = contents(await run(graph, {}))
    assert first[-1] == (recording.answers[-1].text, None)
    history = [state async for state in graph.aget_state_history(HERE)]
    for state in history[:-1]:
        assert contents(await run(graph, None, state.config)) == first, state.next


def contents(state: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The text of each message, and the status of each tool result."""
    return [
        (message.content, message.status if isinstance(message, ToolMessage) else None) for message in state["messages"]
    ]


@pytest.mark.parametrize("name", ["stopped", "stopped_before_the_first_word"])
def test_a_turn_that_was_stopped_ends_where_it_was_stopped_each_time(name: str, code: Checkout) -> None:
    asyncio.run(assert_ends_twice(read(name), code, TurnStopped, "The turn was stopped here when it was recorded."))


def test_a_turn_that_was_stopped_while_a_tool_worked_ends_there(code: Checkout) -> None:
    finished, unfinished = TWO_TOOLS.tools
    stopped = TWO_TOOLS.model_copy(
        update={
            "answers": TWO_TOOLS.answers[:1],
            "tools": [finished, unfinished.model_copy(update={"result": None})],
            "ended_at": "call_tools",
        }
    )
    asyncio.run(assert_ends_twice(stopped, code, TurnStopped, "The turn was stopped here when it was recorded."))


@pytest.mark.parametrize("name", ["model_failure", "model_broke_off"])
def test_a_turn_that_failed_fails_with_the_recorded_error_each_time(name: str, code: Checkout) -> None:
    recording = read(name)
    assert recording.error
    asyncio.run(assert_ends_twice(recording, code, ModelError, recording.error["message"]))


async def assert_ends_twice(recording: Recording, code: Checkout, kind: type[ChatError], message: str) -> None:
    graph = graph_over(recording, code)
    for turn_input in (TurnInput(), None):
        with pytest.raises(kind) as raised:
            await asyncio.wait_for(run(graph, turn_input), 10)
        assert raised.value.message == message
