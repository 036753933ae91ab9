"""What a turn carries from node to node, and what a checkpoint therefore keeps.

Everything here is masked text, ids and numbers; what a user typed travels in `graph.context` and never enters the state,
because LangGraph stores a graph's input before the first node has run. The state holds one turn: the history of the
conversation lives in `chat_messages` and is read anew by `load_memory`.
"""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic refuses that of typing before Python 3.12


def validated(kind: Any) -> Callable[[Any, Any], Any]:
    """A field that holds what its type says, and nothing of what it held before.

    What somebody edits in Studio comes as JSON: here its messages become messages again, and what does not fit is refused
    (ValueError).
    """
    adapter = TypeAdapter(kind)

    def replaced(_: Any, given: Any) -> Any:
        try:
            return adapter.validate_python(given)
        except TypeError as error:  # LangChain's, of a message without a type
            raise ValueError(str(error)) from error

    return replaced


class LoadedMemory(TypedDict):
    """What `load_memory` found, already within its token budgets."""

    facts: list[str]
    """Pinned facts about the user, the global ones and the employee's own; the most recent first."""
    summary: str
    """The running summary of the conversation so far; empty until one was made."""
    history: list[AnyMessage]
    """The recent messages that the summary does not cover, oldest first; a tool call always comes with its result."""
    summarized_to: int
    """Position in `chat_messages` of the last message that the summary covers; 0 without a summary."""
    searchable: bool
    """Whether anything is stored for the user that `retrieve` could find."""


class Passage(TypedDict):
    """A stored text that resembles the question."""

    id: str
    text: str
    source: str
    """Where it came from: a note, a summary, a document."""
    similarity: float
    """Cosine similarity to the question, on the scale of the embedding model that made both."""


class Usage(TypedDict):
    """What the model calls of a turn took."""

    prompt: int
    completion: int
    total: int
    cost: str
    """US dollars by the price table, as a decimal number in a string; "0" for models without a price."""
    source: Literal["provider", "counted"]
    """`provider` if the provider reported every call, `counted` if tiktoken had to."""


class SummaryBacklog(TypedDict):
    """What decides whether a conversation is due for a summary: what came since the last one."""

    turns: int
    tokens: int
    seconds: float
    """Since the last summary, or since the session began."""


class TurnInput(TypedDict, total=False):
    """The form that LangGraph Studio shows. The service leaves it empty and puts the text in the context."""

    message: str
    """The user's message; the `redact` node replaces it with the masked text."""
    employee: str
    """Slug or alias of the employee to talk to; empty means the session's."""


class Turn(TurnInput, total=False):
    """The state of the graph."""

    today: str
    """The date of the turn (ISO 8601): every period such as "last month" is counted from it."""
    question: str
    """The user's message, masked."""
    recollection: Annotated[LoadedMemory, validated(LoadedMemory)]
    """What is remembered of the user and the conversation."""
    passages: list[Passage]
    """What was retrieved for the question, best first."""
    messages: Annotated[list[AnyMessage], validated(list[AnyMessage])]
    """This turn: the question, each answer of the model, each result of a tool, in order."""
    usage: Usage
    """The sum over the turn's model calls so far."""
    speaker: str
    """Slug of the employee who answers now, once a colleague has handed the conversation over; empty before that."""
    message_id: str
    """Id of the stored answer, once `persist` has stored it."""
    unsummarized: SummaryBacklog
    """What `summarize` decided by."""
    summary_due: bool
    """Whether `summarize` handed the conversation to a summary job."""


def parse_tool_result(message: ToolMessage) -> dict[str, Any]:
    """What a tool gave back; nothing where its text was left out."""
    try:
        result = json.loads(str(message.content))
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def no_usage(source: Literal["provider", "counted"]) -> Usage:
    """Nothing was used. A sum begins with `provider`; what no provider reported is `counted`."""
    return Usage(prompt=0, completion=0, total=0, cost="0", source=source)


def add_usage(sofar: Usage, more: Usage) -> Usage:
    return Usage(
        prompt=sofar["prompt"] + more["prompt"],
        completion=sofar["completion"] + more["completion"],
        total=sofar["total"] + more["total"],
        cost=str(Decimal(sofar["cost"]) + Decimal(more["cost"])),
        source="counted" if "counted" in (sofar["source"], more["source"]) else "provider",
    )


def last_model_name(messages: Sequence[AnyMessage], otherwise: str) -> str:
    """The model that gave the last answer among these messages; a fallback may have. `otherwise` where none says so."""
    names = [message.response_metadata.get("model_name") for message in messages if isinstance(message, AIMessage)]
    return next((name for name in reversed(names) if name), otherwise)


NO_USAGE = no_usage("counted")
