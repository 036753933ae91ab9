"""Reconciles the events of a resumed run with those that were streamed before.

The process that had the run before streamed events which this process makes again: those of steps without a checkpoint, and the
text of a model that is called a second time. Events that come again unchanged are not streamed twice. If they differ, one
`restart` event tells the followers to discard what they have.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile

from langchain_core.messages import AIMessage, ToolMessage

from graph.events import Event, Restart, Text, ToolCall, ToolResult, is_waiting
from graph.state import Turn
from graph.turn.citations import citations_in
from graph.turn.handoff import events_of_result


class StreamReconciler:
    """Compares the events that are made again with those that were streamed, one by one."""

    def __init__(self, streamed: Sequence[Event]) -> None:
        """
        Args:
            streamed: the logged events of the run.
        """
        self._expected = merge_texts(events_since_restart(streamed))
        """The streamed events that have not come again yet."""
        self._repeated: list[Event] = []
        """The events that were made so far."""
        self._text = ""
        """The part of the expected text that has come again."""
        self._caught_up = not self._expected

    def feed(self, event: Event) -> list[Event]:
        """The events to stream when this event is made."""
        if self._caught_up:
            return [event]
        self._repeated.append(event)
        if event["type"] == "text":
            return self._feed_text(event["content"])
        if self._expected[0]["type"] == "text" and self._expected[0]["content"] == self._text:
            self._match(self._expected[0])
        return self._feed_other(event)

    def _feed_text(self, content: str) -> list[Event]:
        first = self._expected[0]
        if first["type"] != "text":
            return self._restart()
        self._text += content
        before = first["content"]
        if before.startswith(self._text):
            if before == self._text and len(self._expected) == 1:
                self._match(first)
            return []
        if self._text.startswith(before) and len(self._expected) == 1:
            self._caught_up = True
            return [Text(type="text", content=self._text[len(before) :])]
        return self._restart()

    def _feed_other(self, event: Event) -> list[Event]:
        """Compare an event that is not text.

        Calls of one round may be answered in another order, and an answer that is read from the history has no citations.
        """
        if event["type"] == "done":
            self._expected = [before for before in self._expected if before["type"] != "citation"]
            self._caught_up = not self._expected
        if (
            event["type"] == "tool_result"
        ):  # an approval that was requested before it is decided and not requested again
            self._expected = list(dropwhile(lambda before: before["type"] == "approval_required", self._expected))
            self._caught_up = not self._expected
        for before in self._expected:
            if before["type"] != event["type"]:
                break
            if is_same(before, event):
                self._match(before)
                return []
        return [event] if self._caught_up else self._restart()

    def _match(self, event: Event) -> None:
        self._expected.remove(event)
        self._text = ""
        self._caught_up = not self._expected

    def _restart(self) -> list[Event]:
        self._caught_up = True
        return [Restart(type="restart"), *self._repeated]


def is_same(streamed: Event, made: Event) -> bool:
    """Whether an event comes again. The display of a result is not stored, so a result that is made again lacks it."""
    if streamed["type"] == "tool_result" and made["type"] == "tool_result" and "display" not in made:
        return {**streamed, "display": None} == {**made, "display": None}
    return streamed == made


def events_since_restart(events: Sequence[Event]) -> list[Event]:
    """The events since the last restart, without `start` and without the ends at which the run waited for its user."""
    valid: list[Event] = []
    for event in events:
        if event["type"] == "restart":
            valid = []
        elif event["type"] != "start" and not is_waiting(event):
            valid.append(event)
    return valid


def merge_texts(events: Iterable[Event]) -> list[Event]:
    """The events, with consecutive texts joined to one."""
    merged: list[Event] = []
    for event in events:
        last = merged[-1] if merged else None
        if event["type"] == "text" and last and last["type"] == "text":
            merged[-1] = Text(type="text", content=last["content"] + event["content"])
        else:
            merged.append(event)
    return merged


def events_of_turn(turn: Turn) -> Iterator[Event]:
    """The events that a turn has streamed. The calls of its last message are left out: they are made, and streamed, again."""
    messages = turn.get("messages", [])
    for number, message in enumerate(messages, 1):
        if isinstance(message, AIMessage):
            yield from events_of_answer(message, turn, is_last=number == len(messages))
        elif isinstance(message, ToolMessage):
            result = json.loads(str(message.content))
            yield ToolResult(type="tool_result", tool_call_id=message.tool_call_id, result=result)
            yield from events_of_result(message.name or "", result)


def events_of_answer(message: AIMessage, turn: Turn, *, is_last: bool) -> Iterator[Event]:
    if message.text:
        yield Text(type="text", content=str(message.text))
    if not message.tool_calls:
        yield from citations_in(str(message.text), turn.get("passages", []))
    for call in () if is_last else message.tool_calls:
        yield ToolCall(type="tool_call", tool={"id": call["id"] or "", "name": call["name"], "args": call["args"]})
