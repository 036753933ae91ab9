"""Decides whether calls that a model wrote as text are taken as its calls."""

import json
from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall
from pydantic import ValidationError

from graph.redaction.unmasking.unmask import tokens_in
from graph.redaction.values.json_strings import strings_in
from graph.state import Passage
from graph.tool import Tool
from graph.turn.links import result_texts
from graph.turn.text_calls.json_shapes import WrittenCall
from graph.turn.text_calls.stream import TextCallStream

MAX_REPEATED_CHARS = 2_000
"""Characters of a rejected reply that the model reads again."""

CALL_AGAIN = (
    "Your last message has a tool call as text, and it cannot be run. Call an offered tool through the tool-call interface "
    "with valid arguments, or answer the user in words."
)
ANSWER_NOW = "Your last message has a tool call as text, and no tool can be called now. Answer the user in words."


def with_text_calls(
    reply: AIMessage,
    written: TextCallStream,
    tools: Sequence[Tool],
    messages: Sequence[AnyMessage],
    passages: Sequence[Passage],
) -> AIMessage | None:
    """The reply with the calls that were written as text; None if they cannot be taken as calls.

    A reply with proper calls stays as it is.

    Args:
        reply: without the text of the calls.
        written: what the stream of the reply found.
        tools: those that the model was offered.
        messages: of the conversation.
        passages: of the turn.
    """
    if reply.tool_calls or not written.has_found:
        return reply
    offered = {tool.name: tool for tool in tools}
    quotable = "\n".join(result_texts(messages, passages))
    if written.is_unreadable or not all(is_call(call, offered, quotable) for call in written.calls):
        return None
    calls = [
        ToolCall(name=call.name, args=dict(call.arguments), id=f"call_{number}", type="tool_call")
        for number, call in enumerate(written.calls)
    ]
    return reply.model_copy(update={"tool_calls": calls})


def is_call(call: WrittenCall, offered: Mapping[str, Tool], quotable: str) -> bool:
    """Whether a tool of that name was offered, the arguments are valid, and the text is not quoted from a result.

    Arguments with tokens are validated later, with the user's values in their place.
    """
    tool = offered.get(call.name)
    if tool is None or call.source in quotable or json.dumps(call.source, ensure_ascii=False)[1:-1] in quotable:
        return False
    if any(tokens_in(text) for text in strings_in(call.arguments)):
        return True
    try:
        tool.validate(call.arguments)
    except ValidationError:
        return False
    return True


def messages_after_rejection(raw: str, *, are_tools_offered: bool) -> list[AnyMessage]:
    """The messages that ask the model once more. They are not stored.

    Args:
        raw: the text of its reply, calls included.
        are_tools_offered: whether it may call a tool.
    """
    return [AIMessage(raw[:MAX_REPEATED_CHARS]), HumanMessage(CALL_AGAIN if are_tools_offered else ANSWER_NOW)]


def argument_names(tools: Sequence[Tool]) -> dict[str, frozenset[str]]:
    """The names of the tools with those of their arguments."""
    return {tool.name: frozenset(tool.schema()["function"]["parameters"].get("properties", ())) for tool in tools}
