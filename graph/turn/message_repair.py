"""Makes messages such that a model's provider accepts them: directly behind each call of a tool comes its one result, and
user and assistant speak in turn.

A run that failed, was stopped, killed or taken over may leave a question without an answer, a call without a result, or a
result without its call, and so may a history that was cut to its budget. A provider refuses the whole request for it, and
would refuse every later one.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

UNFINISHED = '{"error": "this call was not finished, so it has no result"}'
UNANSWERED = "(This message got no answer.)"


@dataclass(slots=True)
class Said:
    """A message of the conversation, and the results of the calls that it makes."""

    message: BaseMessage
    results: list[ToolMessage] = field(default_factory=list)

    @property
    def calls(self) -> Sequence[ToolCall]:
        return self.message.tool_calls if isinstance(self.message, AIMessage) else ()

    def makes(self, call_id: str) -> bool:
        return any(id_of(call) == call_id for call in self.calls)

    def unanswered(self) -> list[ToolCall]:
        """The calls without a result; of calls with one id the first have the results."""
        answered = Counter(result.tool_call_id for result in self.results)
        without = []
        for call in self.calls:
            answered[id_of(call)] -= 1
            if answered[id_of(call)] < 0:
                without.append(call)
        return without

    def take(self, result: ToolMessage) -> None:
        """Keep a result, unless its call has one already."""
        if any(id_of(call) == result.tool_call_id for call in self.unanswered()):
            self.results.append(result)


def pair_tool_messages(messages: Sequence[BaseMessage], pending: Collection[str] = ()) -> list[BaseMessage]:
    """The same conversation with the results of each message's calls directly behind it, and no other results.

    A result belongs to the last message before it that made a call of its id: some servers count the ids of each round from
    zero. A call without a result gets one that says so; a result without a call, or a second one, is left out. Where
    the user speaks again before the assistant has answered, an answer says so: some templates refuse two messages of one
    side in a row, and a user's message behind a result. All other messages stay as they are, in their order.

    Args:
        messages: what would be sent; it is not changed.
        pending: ids of calls of the last message that made any, which wait for the user's approval: they get no result.
    """
    conversation: list[Said] = []
    for message in messages:
        if not isinstance(message, ToolMessage):
            conversation.append(Said(message))
        elif caller := last_that(conversation, makes=message.tool_call_id):
            caller.take(message)
    conversation = list(in_turn(conversation))
    last = next((said for said in reversed(conversation) if said.calls), None)
    return [sent for said in conversation for sent in with_results(said, pending if said is last else ())]


def in_turn(conversation: Sequence[Said]) -> Iterator[Said]:
    """The conversation with an answer before each message of the user that comes before there was one."""
    is_open = False
    for said in conversation:
        if is_open and isinstance(said.message, HumanMessage):
            yield Said(AIMessage(UNANSWERED))
        is_open = isinstance(said.message, HumanMessage) or bool(said.calls)
        yield said


def last_that(conversation: Sequence[Said], makes: str) -> Said | None:
    """The last message that makes a call of this id."""
    return next((said for said in reversed(conversation) if said.makes(makes)), None)


def with_results(said: Said, pending: Collection[str]) -> Iterator[BaseMessage]:
    yield said.message
    yield from said.results
    for call in said.unanswered():
        if id_of(call) not in pending:
            yield ToolMessage(UNFINISHED, tool_call_id=id_of(call), name=call["name"], status="error")


def id_of(call: ToolCall) -> str:
    return call["id"] or ""
