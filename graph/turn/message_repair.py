"""Repairs a conversation so that a provider accepts it: each tool call is followed by its one result, and user and assistant
take turns.

A run that failed, was stopped, killed or taken over may leave a question without an answer, a call without a result, or a
result without its call. So may a history that was cut to its token budget. A provider refuses such a request, and every
later one in the conversation.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

UNFINISHED = '{"error": "this call was not finished, so it has no result"}'
UNANSWERED = "(This message got no answer.)"


@dataclass(slots=True)
class MessageWithResults:
    """A message, and the results of its calls."""

    message: BaseMessage
    results: list[ToolMessage] = field(default_factory=list)

    @property
    def calls(self) -> Sequence[ToolCall]:
        return self.message.tool_calls if isinstance(self.message, AIMessage) else ()

    def has_call(self, call_id: str) -> bool:
        return any(id_of(call) == call_id for call in self.calls)

    def unanswered(self) -> list[ToolCall]:
        """The calls without a result. If several calls have one id, the first ones have the results."""
        answered = Counter(result.tool_call_id for result in self.results)
        without = []
        for call in self.calls:
            answered[id_of(call)] -= 1
            if answered[id_of(call)] < 0:
                without.append(call)
        return without

    def add_result(self, result: ToolMessage) -> None:
        """Add a result, unless its call has one."""
        if any(id_of(call) == result.tool_call_id for call in self.unanswered()):
            self.results.append(result)


def pair_tool_messages(messages: Sequence[BaseMessage], pending: Collection[str] = ()) -> list[BaseMessage]:
    """The conversation with the results of each message's calls directly after it, and no other results.

    A result belongs to the last message before it that has a call with its id, because some servers number the calls of each
    round from zero. A call without a result gets a result that says so. A result without a call, or a second result, is left
    out. An unanswered message of the user gets an answer that says so, because some chat templates refuse two messages of one
    role in a row, and a user's message after a result. All other messages stay unchanged, in their order.

    Args:
        messages: the conversation; it is not changed.
        pending: ids of calls in the last message with calls that wait for an approval; they get no result.
    """
    conversation: list[MessageWithResults] = []
    for message in messages:
        if not isinstance(message, ToolMessage):
            conversation.append(MessageWithResults(message))
        elif caller := last_caller(conversation, message.tool_call_id):
            caller.add_result(message)
    conversation = list(with_missing_answers(conversation))
    last = next((entry for entry in reversed(conversation) if entry.calls), None)
    return [message for entry in conversation for message in with_results(entry, pending if entry is last else ())]


def with_missing_answers(conversation: Sequence[MessageWithResults]) -> Iterator[MessageWithResults]:
    """The conversation with an answer wherever the user writes before the assistant has answered."""
    is_open = False
    for entry in conversation:
        if is_open and isinstance(entry.message, HumanMessage):
            yield MessageWithResults(AIMessage(UNANSWERED))
        is_open = isinstance(entry.message, HumanMessage) or bool(entry.calls)
        yield entry


def last_caller(conversation: Sequence[MessageWithResults], call_id: str) -> MessageWithResults | None:
    """The last message that has a call with this id."""
    return next((entry for entry in reversed(conversation) if entry.has_call(call_id)), None)


def with_results(entry: MessageWithResults, pending: Collection[str]) -> Iterator[BaseMessage]:
    """The message, its results, and a result for each unanswered call that is not pending."""
    yield entry.message
    yield from entry.results
    for call in entry.unanswered():
        if id_of(call) not in pending:
            yield ToolMessage(UNFINISHED, tool_call_id=id_of(call), name=call["name"], status="error")


def id_of(call: ToolCall) -> str:
    return call["id"] or ""
