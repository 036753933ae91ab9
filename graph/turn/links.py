"""Removes links that the user did not write from the text, the tool calls and the events of a turn.

Only addresses from the user's own text may be shown. Results of tools are no source of addresses: they repeat the model's
arguments, and what others wrote into a memo. The arguments of a call may also hold addresses from results, since a tool that
opens a page takes the address from a tool that found it; events do not show those.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from graph.events import Event
from graph.redaction.links.link_sanitizer import AllowedUrls, sanitize_links, sanitize_links_json
from graph.state import Passage, Turn

NO_ADDRESSES = AllowedUrls()


class DelegatedQuestion(HumanMessage):
    """A question from one employee to another; a model wrote its text."""


def user_texts(messages: Sequence[AnyMessage], facts: Sequence[str] = ()) -> Iterator[str]:
    """The texts that the user wrote, masked: the user's messages, and the facts, which only the user can store."""
    yield from facts
    for message in messages:
        if isinstance(message, HumanMessage) and not isinstance(message, DelegatedQuestion):
            yield str(message.text)


def result_texts(messages: Sequence[AnyMessage], passages: Sequence[Passage]) -> Iterator[str]:
    """The texts that tools and retrieval returned, masked."""
    yield from (str(message.text) for message in messages if isinstance(message, ToolMessage))
    yield from (passage["text"] for passage in passages)


def with_safe_calls(reply: AIMessage, messages: Sequence[AnyMessage], passages: Sequence[Passage]) -> AIMessage:
    """The reply, without the model's own addresses in the arguments of its calls.

    Names and ids of calls hold no address at all, because the error of an impossible call repeats them.

    Args:
        reply: masked.
        messages: of the conversation, this turn's included.
        passages: those of this turn.
    """
    if not reply.tool_calls:
        return reply
    allowed = AllowedUrls((*user_texts(messages), *result_texts(messages, passages)))
    calls = [
        ToolCall(
            name=sanitize_links(call["name"], NO_ADDRESSES),
            args=sanitize_links_json(call["args"], allowed),
            id=sanitize_links(call["id"] or "", NO_ADDRESSES),
            type="tool_call",
        )
        for call in reply.tool_calls
    ]
    return reply.model_copy(update={"tool_calls": calls})


def without_foreign_links(event: Event, turn: Turn) -> Event:
    """The event without addresses that the user did not write.

    Text events stay unchanged: `reason` has sanitized them, because an address may be split over several events.
    """
    if event["type"] in ("text", "start"):
        return event
    memory = turn.get("recollection")
    history, facts = (memory["history"], memory["facts"]) if memory else ((), ())
    allowed = AllowedUrls(user_texts([*history, *turn.get("messages", ())], facts))
    safe: Event = sanitize_links_json(event, allowed)
    return safe


def history_without_foreign_links(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored messages without addresses that the user did not write in one of them.

    Only the results of tools and the arguments of calls change: the model's text was sanitized when it was streamed.

    Args:
        rows: messages of one session, with `role`, `content` and `metadata`.
    """
    allowed = AllowedUrls(row["content"] for row in rows if row["role"] == "user")
    return [
        {
            **row,
            "content": sanitize_links(row["content"], allowed) if row["role"] == "tool" else row["content"],
            "metadata": sanitize_links_json(row["metadata"], allowed),
        }
        for row in rows
    ]
