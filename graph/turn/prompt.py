"""Builds the prompt: a system message of sections, the history, and this turn, within a token budget.

The rules, the employee's prompt and the user's question always stay. If the rest exceeds the budget, parts are dropped in this
order: the oldest exchanges of the history, the least similar passages, the summary, the oldest facts, the text of this turn's
oldest tool results, the arguments of its oldest calls. A call never loses its result; both are only shortened.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from graph.ports.models import CountTokens
from graph.state import Passage
from graph.tool import SUMMARY
from graph.turn.message_repair import pair_tool_messages

TOKENS_PER_MESSAGE = 4
"""Tokens that the chat format adds to a message: 3, and 1 for its role (OpenAI cookbook, counting tokens of messages)."""

MIN_KEPT_ARGUMENT_CHARS = 200
"""Shorter arguments of a call are never dropped."""

FACTS_SHARE = 0.05
SUMMARY_SHARE = 0.15
PASSAGES_SHARE = 0.20
HISTORY_SHARE = 0.50
"""Largest share of the budget for a section. The rest is for the rules, the employee, the question and the tools."""


@dataclass(frozen=True, slots=True)
class PromptTemplates:
    """The texts of `graph/prompts`, from which every employee's prompt is built."""

    rules: str
    """The rules for every employee; `{today}` stands for the date."""
    colleagues: str
    """The heading of this section, as the next three."""
    facts: str
    summary: str
    passages: str
    omitted_result: str
    """Replaces the text of a dropped tool result."""


def load_templates(folder: Path = Path(__file__).parents[1] / "prompts") -> PromptTemplates:
    """Read the templates from `rules.md` and `sections.yaml`."""
    rules = (folder / "rules.md").read_text("utf-8").strip()
    return PromptTemplates(rules=rules, **yaml.safe_load((folder / "sections.yaml").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Prompt:
    """The parts of a prompt before they become messages."""

    templates: PromptTemplates
    today: str
    persona: str
    colleagues: Sequence[str]
    """The colleagues to whom the employee may turn, a line each."""
    facts: Sequence[str]
    summary: str
    passages: Sequence[Passage]
    history: Sequence[AnyMessage]
    turn: Sequence[AnyMessage]

    def count_tokens(self, count: CountTokens) -> int:
        """Tokens of the prompt. Sections are counted one by one: most are the same in every turn, and counts are cached."""
        sections = sum(count(section) for section in self._sections())
        return TOKENS_PER_MESSAGE + sections + count_message_tokens(self._conversation(), count)

    def messages(self) -> list[BaseMessage]:
        return [SystemMessage("\n\n".join(self._sections())), *self._conversation()]

    def _conversation(self) -> list[BaseMessage]:
        """History and turn, repaired: parts of them may be cut or missing."""
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
    """Drop parts until the prompt is within `budget` tokens, or only what must stay is left."""
    while prompt.count_tokens(count) > budget:
        smaller = drop_least_important(prompt)
        if smaller is None:
            return prompt
        prompt = smaller
    return prompt


def drop_least_important(prompt: Prompt) -> Prompt | None:
    """The prompt without its least important part; None if nothing more may be dropped."""
    if prompt.history:
        return replace(prompt, history=list(flatten(exchanges(prompt.history)[1:])))
    if prompt.passages:
        return replace(prompt, passages=prompt.passages[:-1])
    if prompt.summary:
        return replace(prompt, summary="")
    if prompt.facts:
        return replace(prompt, facts=prompt.facts[:-1])
    shortened = shorten_first_result(prompt.turn, prompt.templates.omitted_result) or drop_first_arguments(prompt.turn)
    return replace(prompt, turn=shortened) if shortened else None


def shorten_first_result(turn: Sequence[AnyMessage], omitted_result: str) -> list[AnyMessage] | None:
    """The turn with the text of its first long result replaced; None without a long result.

    Every result keeps its summary until all are replaced.
    """
    for shorter in (summary_with, lambda text, omitted: omitted):
        for index, message in enumerate(turn):
            content = shorter(message.text, omitted_result) if isinstance(message, ToolMessage) else ""
            if content and len(message.text) > len(content):
                return [*turn[:index], message.model_copy(update={"content": content}), *turn[index + 1 :]]
    return None


def summary_with(result: str, omitted_result: str) -> str:
    """The summary of a result with the note that the rest was left out; only the note for a result without a summary."""
    summary = json_object(result).get(SUMMARY)
    note = json_object(omitted_result)
    return json.dumps({SUMMARY: summary, **note}, ensure_ascii=False) if summary and note else omitted_result


def json_object(text: str) -> dict[str, Any]:
    """The object that the text is as JSON; empty if it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def drop_first_arguments(turn: Sequence[AnyMessage]) -> list[AnyMessage] | None:
    """The turn without the arguments of its first message with long ones; None without such a message."""
    for index, message in enumerate(turn):
        if isinstance(message, AIMessage) and any(
            len(json.dumps(call["args"])) > MIN_KEPT_ARGUMENT_CHARS for call in message.tool_calls
        ):
            calls = [{**call, "args": {}} for call in message.tool_calls]
            return [*turn[:index], message.model_copy(update={"tool_calls": calls}), *turn[index + 1 :]]
    return None


def exchanges(history: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """The history in exchanges: a message of the user with all messages that answer it.

    Messages before the first message of the user are left out: a limit cut off the beginning of their exchange.
    """
    split: list[list[AnyMessage]] = []
    for message in history:
        if isinstance(message, HumanMessage):
            split.append([message])
        elif split:
            split[-1].append(message)
    return split


def newest_within(history: Sequence[AnyMessage], budget: int, count: CountTokens) -> list[AnyMessage]:
    """The newest exchanges within the budget, oldest first. An exchange that is too long is tried without its tool calls."""
    kept: list[list[AnyMessage]] = []
    for exchange in reversed(exchanges(history)):
        without_tools = [message for message in exchange if isinstance(message, HumanMessage) or is_answer(message)]
        versions = (exchange, without_tools)
        fitting = next((version for version in versions if count_message_tokens(version, count) <= budget), None)
        if fitting is None:
            break
        budget -= count_message_tokens(fitting, count)
        kept.insert(0, fitting)
    return list(flatten(kept))


def take_within(texts: Sequence[str], budget: int, count: CountTokens) -> list[str]:
    """The first texts that are within the budget together."""
    kept: list[str] = []
    for text in texts:
        budget -= count(text)
        if budget < 0:
            break
        kept.append(text)
    return kept


def count_message_tokens(messages: Sequence[BaseMessage], count: CountTokens) -> int:
    """Tokens of messages, close to the provider's count."""
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
