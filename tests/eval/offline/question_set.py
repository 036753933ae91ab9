"""The questions of the evaluation: what is asked, and what makes an answer right. The files beside this one hold them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
HALVES = ("tuning", "held-back")

SAMPLED = 12
"""One conversation in so many belongs to the sample."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message of a user."""

    text: str
    kind: str
    """The file that holds it."""
    half: str
    is_variant: bool = False
    """Whether it rewords, misspells or shortens another one."""
    is_follow_up: bool = False
    tools: frozenset[str] = frozenset()
    """Tools each of which answers it; none where talk does."""
    talk: str = ""
    """What an answer without a tool is: greeting, refusal … (`talk.py`)."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The arguments that must be right, by the names of `argument_names.yaml`."""
    amount: Mapping[str, Any] = field(default_factory=dict)
    """The query of `amounts.sql` whose result the answer must state, and its values."""
    says: str = ""
    """Words that make an answer right without a tool: a passage of the user's notes was quoted."""
    names: Sequence[str] = ()
    """Employees of whom an answer must name one."""
    stores: str = ""
    """A word of the fact that must be stored."""


@dataclass(frozen=True, slots=True)
class Conversation:
    turns: tuple[Question, ...]

    @property
    def half(self) -> str:
        return self.turns[0].half

    @property
    def stores_facts(self) -> bool:
        return any(turn.talk == "memory" for turn in self.turns)


def sample() -> tuple[Conversation, ...]:
    """The part that is measured with every run of the tests."""
    return conversations()[::SAMPLED]


@cache
def conversations() -> tuple[Conversation, ...]:
    files = sorted((HERE / "questions").glob("*.yaml"))
    return tuple(each for file in files for each in conversations_of(file))


def conversations_of(file: Path) -> Iterator[Conversation]:
    for entry in yaml.safe_load(file.read_text("utf-8")):
        turns = entry.get("turns", [entry])
        # All spellings of a question, and all turns of a conversation, are in the half of the first.
        half = half_of(turns[0]["ask"])
        yield Conversation(
            tuple(
                question(turn, turn["ask"], kind=file.stem, half=half, is_follow_up=number > 0)
                for number, turn in enumerate(turns)
            )
        )
        for variant in entry.get("variants", ()):
            yield Conversation((question(entry, variant, kind=file.stem, half=half, is_variant=True),))


def half_of(text: str) -> str:
    return HALVES[hashlib.sha256(text.encode()).digest()[0] % 2]


def question(entry: Mapping[str, Any], text: str, **place: Any) -> Question:
    arguments = entry.get("with", {})
    amount = entry.get("amount", {})
    tools = entry.get("tools", ())
    return Question(
        text=text,
        tools=frozenset(data("tool_sets")[tools] if isinstance(tools, str) else tools),
        talk=entry.get("talk", ""),
        arguments=arguments,
        amount={"query": amount, **arguments} if isinstance(amount, str) else amount,
        says=entry.get("says", ""),
        names=entry.get("names", ()),
        stores=entry.get("stores", ""),
        **place,
    )


@cache
def data(name: str) -> Any:
    """A file beside this one."""
    return yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
