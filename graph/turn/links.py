"""Which addresses may stand in what a model writes, in its words and in its calls.

The user's own words are the only source of an address that may be shown. A tool's result is no such source: it repeats what
the model put into its arguments, and what others wrote into a memo. The arguments of a call may also hold the addresses of
results, since a tool that opens a page takes the address from a tool that found it. No event shows those.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from graph.events import Event
from graph.redaction.link_sanitizer import AllowedAddresses, defuse, defuse_json
from graph.state import Passage, Turn

NO_ADDRESSES = AllowedAddresses()


class DelegatedQuestion(HumanMessage):
    """A question that one employee put to another: its words are a model's."""


def user_texts(messages: Sequence[AnyMessage], facts: Sequence[str] = ()) -> Iterator[str]:
    """The texts that the user wrote, masked: among these messages, and the facts, which only the user can store."""
    yield from facts
    for message in messages:
        if isinstance(message, HumanMessage) and not isinstance(message, DelegatedQuestion):
            yield str(message.text)


def result_texts(messages: Sequence[AnyMessage], passages: Sequence[Passage]) -> Iterator[str]:
    """The texts that tools and the search returned, masked."""
    yield from (str(message.text) for message in messages if isinstance(message, ToolMessage))
    yield from (passage["text"] for passage in passages)


def with_safe_calls(reply: AIMessage, messages: Sequence[AnyMessage], passages: Sequence[Passage]) -> AIMessage:
    """The reply with calls whose arguments hold no address of the model's own.

    Names and ids of calls hold none at all: the answer to a call that cannot be made repeats them.

    Args:
        reply: masked.
        messages: of the conversation, this turn's included.
        passages: what the search found for this turn.
    """
    if not reply.tool_calls:
        return reply
    allowed = AllowedAddresses((*user_texts(messages), *result_texts(messages, passages)))
    calls = [
        ToolCall(
            name=defuse(call["name"], NO_ADDRESSES),
            args=defuse_json(call["args"], allowed),
            id=defuse(call["id"] or "", NO_ADDRESSES),
            type="tool_call",
        )
        for call in reply.tool_calls
    ]
    return reply.model_copy(update={"tool_calls": calls})


def without_foreign_links(event: Event, turn: Turn) -> Event:
    """The event as it may be streamed, without addresses that the user did not write.

    Text is left as it is: the step that streams it looks through it as a whole.
    """
    if event["type"] in ("text", "start"):
        return event
    memory = turn.get("recollection")
    history, facts = (memory["history"], memory["facts"]) if memory else ((), ())
    said = user_texts([*history, *turn.get("messages", ())], facts)
    safe: Event = defuse_json(event, AllowedAddresses(said))
    return safe


def history_without_foreign_links(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored messages as they may be shown: the results of tools and the arguments of calls without addresses that the user did
    not write in one of these messages. What the user and the model said stays: the one is the user's, the other was looked
    through when it was streamed.
    """
    allowed = AllowedAddresses(row["content"] for row in rows if row["role"] == "user")
    return [
        {
            **row,
            "content": defuse(row["content"], allowed) if row["role"] == "tool" else row["content"],
            "metadata": defuse_json(row["metadata"], allowed),
        }
        for row in rows
    ]
