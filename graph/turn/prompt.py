"""What the model reads: one system message of sections, the history, this turn; within a budget of tokens.

The rules, the employee's prompt and the user's question always stay. When the rest is too much, the oldest exchange of the
history leaves first, then the least similar passage, the summary, the oldest fact, the text of this turn's oldest tool
results, and last the arguments of its oldest calls; a call never loses its result, both are only shortened. What is left is
repaired before it is sent.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from graph.ports.models import CountTokens
from graph.state import Passage
from graph.turn.message_repair import pair_tool_messages

TOKENS_PER_MESSAGE = 4
"""Tokens that the chat format adds to a message: 3, and 1 for its role (OpenAI cookbook, counting tokens of messages)."""

MIN_KEPT_ARGUMENT_CHARS = 200
"""Characters of a call's arguments that are never left out."""

FACTS_SHARE = 0.05
SUMMARY_SHARE = 0.15
PASSAGES_SHARE = 0.20
HISTORY_SHARE = 0.50
"""Most of the budget that a section may take; the rest is for the rules, the employee, the question and its tools."""


@dataclass(frozen=True, slots=True)
class PromptTemplates:
    """The texts of `graph/prompts` that every employee's prompt is made with."""

    rules: str
    """The rules for every employee; `{today}` stands for the date."""
    colleagues: str
    facts: str
    summary: str
    passages: str
    omitted_result: str


def load_templates(folder: Path = Path(__file__).parents[1] / "prompts") -> PromptTemplates:
    rules = (folder / "rules.md").read_text("utf-8").strip()
    return PromptTemplates(rules=rules, **yaml.safe_load((folder / "sections.yaml").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Prompt:
    """The parts of a prompt before they become messages."""

    templates: PromptTemplates
    today: str
    persona: str
    colleagues: Sequence[str]
    """To whom the employee may turn, a line each."""
    facts: Sequence[str]
    summary: str
    passages: Sequence[Passage]
    history: Sequence[AnyMessage]
    turn: Sequence[AnyMessage]

    def count_tokens(self, count: CountTokens) -> int:
        """Tokens; counted by section, because most sections are the same in every turn."""
        sections = sum(count(section) for section in self._sections())
        return TOKENS_PER_MESSAGE + sections + count_message_tokens(self._conversation(), count)

    def messages(self) -> list[BaseMessage]:
        return [SystemMessage("\n\n".join(self._sections())), *self._conversation()]

    def _conversation(self) -> list[BaseMessage]:
        """History and turn as a provider accepts them, whatever was cut from them or never came."""
        return pair_tool_messages([*self.history, *self.turn])

    def _sections(self) -> Iterator[str]:
        yield self.templates.rules.replace("{today}", self.today)
        yield self.persona
        if self.colleagues:
            yield "\n".join([self.templates.colleagues, *(f"- {colleague}" for colleague in self.colleagues)])
        if self.facts:
            yield "\n".join([self.templates.facts, *(f"- {fact}" for fact in self.facts)])
        if self.summary:
            yield f"{self.templates.summary}\n{self.summary}"
        if self.passages:
            numbered = (f"[{number}] {one_line(passage['text'])}" for number, passage in enumerate(self.passages, 1))
            yield "\n".join([self.templates.passages, *numbered])


def fit_to_budget(prompt: Prompt, budget: int, count: CountTokens) -> Prompt:
    """Leave out the least important until the prompt is within `budget` tokens, or nothing more may leave."""
    while prompt.count_tokens(count) > budget:
        smaller = drop_least_important(prompt)
        if smaller is None:
            return prompt
        prompt = smaller
    return prompt


def drop_least_important(prompt: Prompt) -> Prompt | None:
    """The prompt without its least important part; None if only what must stay is left."""
    if prompt.history:
        return replace(prompt, history=list(flatten(exchanges(prompt.history)[1:])))
    if prompt.passages:
        return replace(prompt, passages=prompt.passages[:-1])
    if prompt.summary:
        return replace(prompt, summary="")
    if prompt.facts:
        return replace(prompt, facts=prompt.facts[:-1])
    shortened = without_first_result(prompt.turn, prompt.templates.omitted_result) or without_first_arguments(
        prompt.turn
    )
    return replace(prompt, turn=shortened) if shortened else None


def without_first_result(turn: Sequence[AnyMessage], omitted_result: str) -> list[AnyMessage] | None:
    """The turn with the text of its first long result replaced; None if there is none."""
    for index, message in enumerate(turn):
        if isinstance(message, ToolMessage) and len(message.text) > len(omitted_result):
            return [*turn[:index], message.model_copy(update={"content": omitted_result}), *turn[index + 1 :]]
    return None


def without_first_arguments(turn: Sequence[AnyMessage]) -> list[AnyMessage] | None:
    """The turn with no arguments in its first message whose calls have many; None if there is none."""
    for index, message in enumerate(turn):
        if isinstance(message, AIMessage) and any(
            len(json.dumps(call["args"])) > MIN_KEPT_ARGUMENT_CHARS for call in message.tool_calls
        ):
            calls = [{**call, "args": {}} for call in message.tool_calls]
            return [*turn[:index], message.model_copy(update={"tool_calls": calls}), *turn[index + 1 :]]
    return None


def exchanges(history: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """The history in pieces that belong together: a user's message and all that answered it.

    What comes before the first message of the user lost its beginning to a limit and is left out.
    """
    pieces: list[list[AnyMessage]] = []
    for message in history:
        if isinstance(message, HumanMessage):
            pieces.append([message])
        elif pieces:
            pieces[-1].append(message)
    return pieces


def newest_within(history: Sequence[AnyMessage], budget: int, count: CountTokens) -> list[AnyMessage]:
    """The newest exchanges that fit, oldest first; one that does not fit with its tool results may do without them."""
    kept: list[list[AnyMessage]] = []
    for piece in reversed(exchanges(history)):
        talk = [message for message in piece if isinstance(message, HumanMessage) or is_answer(message)]
        fitting = next((version for version in (piece, talk) if count_message_tokens(version, count) <= budget), None)
        if fitting is None:
            break
        budget -= count_message_tokens(fitting, count)
        kept.insert(0, fitting)
    return list(flatten(kept))


def take_within(texts: Sequence[str], budget: int, count: CountTokens) -> list[str]:
    """The first texts that fit together."""
    kept: list[str] = []
    for text in texts:
        budget -= count(text)
        if budget < 0:
            break
        kept.append(text)
    return kept


def count_message_tokens(messages: Sequence[BaseMessage], count: CountTokens) -> int:
    """Tokens of messages as a provider counts them, near enough."""
    return sum(TOKENS_PER_MESSAGE + count(str(message.text)) + count_calls(message, count) for message in messages)


def count_calls(message: BaseMessage, count: CountTokens) -> int:
    if isinstance(message, AIMessage) and message.tool_calls:
        return count(json.dumps([[call["name"], call["args"]] for call in message.tool_calls]))
    return 0


def is_answer(message: AnyMessage) -> bool:
    return isinstance(message, AIMessage) and not message.tool_calls


def flatten(pieces: Sequence[Sequence[AnyMessage]]) -> Iterator[AnyMessage]:
    return (message for piece in pieces for message in piece)


def one_line(text: str) -> str:
    return " ".join(text.split())
