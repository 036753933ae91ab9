"""Mutation tests of the recordings: each step of the turn that is changed here turns one of them red."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.graph import END, StateGraph
from langgraph.runtime import Runtime

import graph.build
from graph.context import TurnContext
from graph.replay.check import TurnDiffers, assert_unchanged
from graph.replay.play import Checkout
from graph.state import Turn
from nodes.call_tools import CallTools
from nodes.load_memory import LoadMemory
from nodes.persist import Persist
from nodes.reason import Reason
from nodes.redact import Redact
from nodes.retrieve import Retrieve
from nodes.summarize import Summarize

RECORDINGS = Path(__file__).parents[2] / "recordings"

pytestmark = pytest.mark.usefixtures("no_network")

Change = Callable[[Turn, Runtime[TurnContext]], Turn]


def changing(node: type[Any], change: Change) -> type[Any]:
    """The node, with what it adds to the state changed."""

    class Mutated(node):  # type: ignore[misc]  # a base chosen by the test
        async def __call__(self, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
            return change(await super().__call__(state, runtime), runtime)

    return Mutated


def with_messages(change: Callable[[list[Any]], list[Any]]) -> Change:
    return lambda turn, runtime: Turn({**turn, "messages": change(list(turn["messages"]))})


def raw_value_in_state(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn({**turn, "question": runtime.context.text})


def without_history(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn(today=turn["today"], recollection={**turn["recollection"], "history": []})


def another_day(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn({**turn, "today": "2020-01-01"})


def without_passages(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn(passages=[])


def without_second_result(messages: list[Any]) -> list[Any]:
    results = [message for message in messages if isinstance(message, ToolMessage)]
    return [message for message in messages if message not in results[1:]]


def without_question(messages: list[Any]) -> list[Any]:
    return messages[1:]


def said_otherwise(messages: list[Any]) -> list[Any]:
    last = messages[-1]
    return [*messages[:-1], AIMessage(f"{last.text}!", tool_calls=last.tool_calls, usage_metadata=last.usage_metadata)]


def free_of_charge(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn({**turn, "usage": {**turn["usage"], "total": 0}})


def never_due(turn: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn(summary_due=False)


MUTATIONS = {
    "redact lets a raw value into the state": ("Redact", changing(Redact, raw_value_in_state)),
    "redact loses the question": ("Redact", changing(Redact, with_messages(lambda messages: []))),
    "load_memory drops the history": ("LoadMemory", changing(LoadMemory, without_history)),
    "load_memory takes another day": ("LoadMemory", changing(LoadMemory, another_day)),
    "retrieve finds nothing": ("Retrieve", changing(Retrieve, without_passages)),
    "reason drops the question": ("Reason", changing(Reason, with_messages(without_question))),
    "reason changes the answer": ("Reason", changing(Reason, with_messages(said_otherwise))),
    "reason counts nothing": ("Reason", changing(Reason, free_of_charge)),
    "call_tools loses the second result": ("CallTools", changing(CallTools, with_messages(without_second_result))),
    "summarize is never due": ("Summarize", changing(Summarize, never_due)),
}


@pytest.mark.parametrize(("name", "mutated"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_fault_in_a_step_turns_a_recording_red(
    name: str, mutated: type[Any], checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.build, name, mutated)
    assert red(checkout)


async def do_nothing(self: object, state: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn()


def test_a_turn_that_is_not_stored_turns_recordings_red(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph.build, "Persist", type("Forgetful", (Persist,), {"__call__": do_nothing}))
    assert red(checkout)


AFTER = {
    "redact": "load_memory",
    "load_memory": "retrieve",
    "retrieve": "reason",
    "persist": "summarize",
    "summarize": END,
}
"""The step that follows when one is left out."""


@pytest.mark.parametrize("skipped", AFTER)
def test_a_step_that_is_left_out_turns_recordings_red(
    skipped: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, branch = StateGraph.add_edge, StateGraph.add_conditional_edges

    def past(end: str) -> str:
        return AFTER[skipped] if end == skipped else end

    def add_edge(self: Any, start: str, end: str) -> Any:
        return self if start == skipped else edge(self, start, past(end))

    def add_branch(self: Any, start: str, choose: Any, ends: dict[bool, str]) -> Any:
        return branch(self, start, choose, {choice: past(end) for choice, end in ends.items()})

    monkeypatch.setattr(StateGraph, "add_edge", add_edge)
    monkeypatch.setattr(StateGraph, "add_conditional_edges", add_branch)
    assert red(checkout)


def test_tools_that_are_never_called_turn_recordings_red(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph.build, "has_tool_calls", lambda state: False)
    assert "one_tool" in red(checkout)
    assert "plain_answer" not in red(checkout)


def test_another_order_of_the_steps_turns_recordings_red(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    original = StateGraph.add_edge
    swapped = {"load_memory": "retrieve", "retrieve": "load_memory"}

    def swapping(self: Any, start: Any, end: Any) -> Any:
        return original(self, swapped.get(start, start), swapped.get(end, end))

    monkeypatch.setattr(StateGraph, "add_edge", swapping)
    assert len(red(checkout)) == len([*RECORDINGS.glob("*.json")])


def test_a_changed_prompt_is_shown_as_a_difference(checkout: Checkout) -> None:
    compare_lines = replace(
        checkout, templates=replace(checkout.templates, rules=checkout.templates.rules.replace("Be right", "Be quick"))
    )
    with pytest.raises(TurnDiffers) as caught:
        assert_unchanged(RECORDINGS / "plain_answer.json", compare_lines)
    assert "request 1 to the model" in str(caught.value)
    assert "-- Be right, then short." in str(caught.value)
    assert "+- Be quick, then short." in str(caught.value)


def test_a_raw_value_is_named_with_its_place(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph.build, "Redact", changing(Redact, raw_value_in_state))
    with pytest.raises(TurnDiffers, match=r"\(\(CARD \w{6}\)\) in a checkpoint"):
        assert_unchanged(RECORDINGS / "redaction_heavy.json", checkout)


def test_a_lost_result_is_named_though_nothing_else_was_recorded(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.build, "CallTools", changing(CallTools, with_messages(without_second_result)))
    with pytest.raises(TurnDiffers, match="results that came and that the model never read"):
        assert_unchanged(RECORDINGS / "parallel_tools.json", checkout)


def red(checkout: Checkout) -> list[str]:
    """The recordings that differ."""
    names = []
    for file in sorted(RECORDINGS.glob("*.json")):
        try:
            assert_unchanged(file, checkout)
        except TurnDiffers:
            names.append(file.stem)
    return names


def test_without_a_fault_none_is_red(checkout: Checkout) -> None:
    assert red(checkout) == []
