"""The state of a turn: what the nodes pass on and checkpoints store.

The state holds masked text, ids and numbers only. The text that the user typed travels in `graph.context`, because LangGraph
stores a graph's input before the first node runs. The state holds one turn; `load_memory` reads the conversation's history
from `chat_messages`.

The names of the fields are the names of LangGraph's channels and are stored in checkpoints and in the traces of runs, so they
stay as they are: a run that waits for an approval must load after an update.
"""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic refuses that of typing before Python 3.12


def validated(kind: Any) -> Callable[[Any, Any], Any]:
    """The reducer of a field: the new value, validated, replaces the former one.

    An edit in Studio arrives as JSON; validation turns its messages into message objects. The reducer raises ValueError for a
    value that does not fit the type.
    """
    adapter = TypeAdapter(kind)

    def replace(_: Any, value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except TypeError as error:  # LangChain raises it for a message without a type
            raise ValueError(str(error)) from error

    return replace


class LoadedMemory(TypedDict):
    """The memory of the user and the conversation, cut to its token budgets."""

    facts: list[str]
    """Pinned facts about the user, the global ones and the employee's own; newest first."""
    summary: str
    """Summary of the conversation's older messages; empty until a summary exists."""
    history: list[AnyMessage]
    """The messages after the summary, oldest first; every tool call has its result."""
    summarized_to: int
    """Position in `chat_messages` of the last message that the summary covers; 0 without a summary."""
    searchable: bool
    """Whether the user has texts with embeddings that `retrieve` could find."""


class ProfileDefaults(TypedDict):
    """The part of the user's profile that tools use; None where the user has said nothing."""

    locale: str | None
    """A BCP 47 tag, such as `en-GB`."""
    currency: str | None
    """A code of ISO 4217."""


class Passage(TypedDict):
    """A stored text that retrieval found for the question."""

    id: str
    text: str
    source: str
    """The origin of the text: a note, a summary, a document."""
    similarity: float
    """Cosine similarity to the question, on the scale of the embedding model."""


class Usage(TypedDict):
    """Tokens and cost of model calls."""

    prompt: int
    completion: int
    total: int
    cost: str
    """US dollars as a decimal number, by the price table; "0" for models without a price."""
    source: Literal["provider", "counted"]
    """`provider` if the provider reported the tokens of every call; `counted` if some were counted with tiktoken."""


class SummaryBacklog(TypedDict):
    """What a conversation has accumulated since its last summary."""

    turns: int
    tokens: int
    seconds: float
    """Since the last summary, or since the start of the session."""


class TurnInput(TypedDict, total=False):
    """The input form in LangGraph Studio. The service leaves it empty and passes the text in the context."""

    message: str
    """The user's message; the `redact` node replaces it with the masked text."""
    employee: str
    """Slug or alias of the employee; empty for the session's employee."""


class Turn(TurnInput, total=False):
    """The state of the graph."""

    today: str
    """The date of the turn where the user lives (ISO 8601). Periods such as "last month" count from it."""
    profile: ProfileDefaults
    """The user's locale and currency, as the turn began with them."""
    question: str
    """The user's message, masked."""
    recollection: Annotated[LoadedMemory, validated(LoadedMemory)]
    """The loaded memory of the user and the conversation."""
    passages: list[Passage]
    """The texts that retrieval found for the question, best first."""
    messages: Annotated[list[AnyMessage], validated(list[AnyMessage])]
    """This turn: the question, each answer of the model, each result of a tool, in order."""
    usage: Usage
    """The sum over the turn's model calls so far."""
    speaker: str
    """Slug of the employee who answers after a hand-off; empty before one."""
    message_id: str
    """Id of the answer after `persist` has stored it; empty before."""
    unsummarized: SummaryBacklog
    """What `summarize` based its decision on."""
    summary_due: bool
    """Whether `summarize` has requested a summary job."""


def parse_tool_result(message: ToolMessage) -> dict[str, Any]:
    """The result in a tool's message; empty if the message holds no JSON object, as after its text was omitted."""
    try:
        result = json.loads(str(message.content))
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def no_memory() -> LoadedMemory:
    return LoadedMemory(facts=[], summary="", history=[], summarized_to=0, searchable=False)


def no_usage(source: Literal["provider", "counted"]) -> Usage:
    """Zero usage. Sums start with the source `provider`; usage that no provider reported is `counted`."""
    return Usage(prompt=0, completion=0, total=0, cost="0", source=source)


def add_usage(first: Usage, second: Usage) -> Usage:
    return Usage(
        prompt=first["prompt"] + second["prompt"],
        completion=first["completion"] + second["completion"],
        total=first["total"] + second["total"],
        cost=str(Decimal(first["cost"]) + Decimal(second["cost"])),
        source="counted" if "counted" in (first["source"], second["source"]) else "provider",
    )


def last_model_name(messages: Sequence[AnyMessage], otherwise: str) -> str:
    """The model that gave the last answer, which may be a fallback model.

    Args:
        messages: of the turn.
        otherwise: the name if no message has one.
    """
    names = [message.response_metadata.get("model_name") for message in messages if isinstance(message, AIMessage)]
    return next((name for name in reversed(names) if name), otherwise)


NO_USAGE = no_usage("counted")
