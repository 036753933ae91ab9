"""Lets a run that was taken over go on with the stream that its followers have seen already.

The dead process has streamed events that the new one makes again: those of steps that had no checkpoint yet, and the words
of a model that is asked a second time. What is the same as before is not streamed twice; if the model takes another way this
time, one event tells the followers to forget what they have.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile

from langchain_core.messages import AIMessage, ToolMessage

from graph.events import Event, Restart, Text, ToolCall, ToolResult, waits
from graph.state import Turn
from graph.turn.citations import cited
from graph.turn.handoff import events_of_result


class StreamReconciler:
    """Compares what is made again with what was seen, event by event."""

    def __init__(self, seen: Sequence[Event]) -> None:
        """
        Args:
            seen: what was logged of the run.
        """
        self._seen = joined(since_restart(seen))
        self._again: list[Event] = []
        self._text = ""
        """What came again of the text that is compared."""
        self._level = not self._seen

    def feed(self, event: Event) -> list[Event]:
        """What is to be streamed when this event is made."""
        if self._level:
            return [event]
        self._again.append(event)
        if event["type"] == "text":
            return self._feed_text(event["content"])
        if self._seen[0]["type"] == "text" and self._seen[0]["content"] == self._text:
            self._forget(self._seen[0])
        return self._feed_other(event)

    def _feed_text(self, content: str) -> list[Event]:
        first = self._seen[0]
        if first["type"] != "text":
            return self._restart()
        self._text += content
        before = first["content"]
        if before.startswith(self._text):
            if before == self._text and len(self._seen) == 1:
                self._forget(first)
            return []
        if self._text.startswith(before) and len(self._seen) == 1:
            self._level = True
            return [Text(type="text", content=self._text[len(before) :])]
        return self._restart()

    def _feed_other(self, event: Event) -> list[Event]:
        """Calls made at once may be answered in another order; an answer that is in the history has no citations."""
        if event["type"] == "done":
            self._seen = [before for before in self._seen if before["type"] != "citation"]
            self._level = not self._seen
        if event["type"] == "tool_result":  # whatever was asked before it is decided, and is not asked again
            self._seen = list(dropwhile(lambda before: before["type"] == "approval_required", self._seen))
            self._level = not self._seen
        for before in self._seen:
            if before["type"] != event["type"]:
                break
            if is_same(before, event):
                self._forget(before)
                return []
        return [event] if self._level else self._restart()

    def _forget(self, event: Event) -> None:
        self._seen.remove(event)
        self._text = ""
        self._level = not self._seen

    def _restart(self) -> list[Event]:
        self._level = True
        return [Restart(type="restart"), *self._again]


def is_same(seen: Event, made: Event) -> bool:
    """Whether an event comes again; what was shown beside a result is not kept with it, so a result comes without it."""
    if seen["type"] == "tool_result" and made["type"] == "tool_result" and "display" not in made:
        return {**seen, "display": None} == {**made, "display": None}
    return seen == made


def since_restart(events: Sequence[Event]) -> list[Event]:
    """What counts of a stream: all after its last restart, without its start, and without the ends that were none."""
    counted: list[Event] = []
    for event in events:
        if event["type"] == "restart":
            counted = []
        elif event["type"] != "start" and not waits(event):
            counted.append(event)
    return counted


def joined(events: Iterable[Event]) -> list[Event]:
    """The events with texts that follow one another made one."""
    whole: list[Event] = []
    for event in events:
        last = whole[-1] if whole else None
        if event["type"] == "text" and last and last["type"] == "text":
            whole[-1] = Text(type="text", content=last["content"] + event["content"])
        else:
            whole.append(event)
    return whole


def events_of_turn(turn: Turn) -> Iterator[Event]:
    """What was streamed as a turn came to be; the calls of its last message are made again, and told then."""
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
        yield from cited(str(message.text), turn.get("passages", []))
    for call in () if is_last else message.tool_calls:
        yield ToolCall(type="tool_call", tool={"id": call["id"] or "", "name": call["name"], "args": call["args"]})
