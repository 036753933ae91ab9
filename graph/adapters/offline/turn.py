"""Decides the offline model's reply or tool calls from the messages alone."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from graph.adapters.offline.answers import join_names, render_result
from graph.adapters.offline.arguments import Arguments, fill_arguments
from graph.adapters.offline.asked_back import answered_call
from graph.adapters.offline.date_phrases import AmbiguousPeriod
from graph.adapters.offline.passages import numbered_passages, quote
from graph.adapters.offline.question_parser import parse_question, placeholders_in
from graph.adapters.offline.summary import extract_summary
from graph.adapters.offline.tool_matcher import OfferedTool, ToolMatcher
from graph.adapters.offline.words import Words

TODAY = re.compile(r"^Today is (\d{4}-\d\d-\d\d)\b", re.MULTILINE)
"""The line of `graph/prompts/rules.md` with the date."""

MAX_QUESTION_CHARS = 1_000
"""Longer messages are not matched with tools: they are seldom a look-up, and patterns are slow on long texts."""

MAX_FORCED_CALLS = 16
MAX_INVALID_JSON_CHARS = 200
"""Maximum characters of a forced call's arguments that are invalid JSON; LangChain is slow to repair more."""
FORCED = re.compile(r"CALL:(?P<tool>[\w-]+):")
FOLLOW_UP = re.compile(r"\W*(?:and|what about|how about|then|same for)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: str
    """JSON, or the invalid text of a forced call."""


@dataclass(frozen=True, slots=True)
class Reply:
    text: str = ""
    calls: Sequence[Call] = field(default=())


def reply(
    messages: Sequence[BaseMessage], tools: Sequence[OfferedTool], matcher: ToolMatcher, summary_prompt: str
) -> Reply:
    """The reply to a conversation that ends with a question, tool results, or text to summarise.

    A system message that begins with `summary_prompt` requests a summary.
    """
    system = next((str(message.text) for message in messages if isinstance(message, SystemMessage)), "")
    questions = [str(message.text) for message in messages if isinstance(message, HumanMessage)]
    question = questions[-1] if questions else ""
    if system.startswith(summary_prompt):
        return Reply(extract_summary(question))
    if results := _results(messages):
        return Reply("\n\n".join(render_result(str(result.text)) for result in results))
    if tools and (forced := _forced(question)):
        return Reply(calls=forced)
    if tools and (answered := answered_call(messages)):
        return Reply(calls=[Call(answered["name"], json.dumps(answered["args"], ensure_ascii=False))])
    if pleasantry := _pleasantry(question, matcher.words):
        return Reply(pleasantry)
    return _look_up(questions, tools, matcher, _today(system)) or _without_tools(question, system, tools, matcher.words)


def _results(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    """The results of the last tool calls, if no message came after them."""
    since = next((back for back, message in enumerate(reversed(messages)) if isinstance(message, AIMessage)), None)
    tail = messages[len(messages) - since :] if since else []
    results = [message for message in tail if isinstance(message, ToolMessage)]
    return results if len(results) == len(tail) else []


def _today(system: str) -> dt.date | None:
    match = TODAY.search(system)
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _forced(question: str) -> list[Call]:
    """The calls that a message spells out as `CALL:<tool>:<json>`, for debugging and tests."""
    found = islice(FORCED.finditer(question), MAX_FORCED_CALLS)
    return [Call(match["tool"], _json_at(question, match.end())) for match in found]


def _json_at(text: str, begin: int) -> str:
    """The JSON at `begin`, or a part of the line if it is invalid."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, begin)
    except ValueError:
        return text[begin : begin + MAX_INVALID_JSON_CHARS].split("\n", 1)[0]
    return text[begin:end]


def _pleasantry(question: str, words: Words) -> str:
    said = re.sub(r"[^\w\s]", "", question).strip().lower()
    if said in words.greetings:
        return "Hello! Ask me about your transactions, your spending or your balances."
    return "You are welcome." if said in words.thanks else ""


def _look_up(
    questions: Sequence[str], tools: Sequence[OfferedTool], matcher: ToolMatcher, today: dt.date | None
) -> Reply | None:
    """The calls that answer the question, alone or as a follow-up to the previous question."""
    if not questions:
        return None
    try:
        name, calls = _follow_up(questions, tools, matcher, today) or _plan_calls(questions[-1], tools, matcher, today)
    except AmbiguousPeriod as unclear:
        return Reply(str(unclear))
    return Reply(calls=[Call(name, json.dumps(call, ensure_ascii=False)) for call in calls]) if calls else None


def _plan_calls(
    question: str, tools: Sequence[OfferedTool], matcher: ToolMatcher, today: dt.date | None
) -> tuple[str, list[Arguments]]:
    if len(question) > MAX_QUESTION_CHARS:
        return "", []
    parsed = parse_question(question, matcher.words)
    tool = matcher.match(parsed, tools)
    return (tool.name, fill_arguments(tool, question, parsed, today)) if tool else ("", [])


def _follow_up(
    questions: Sequence[str], tools: Sequence[OfferedTool], matcher: ToolMatcher, today: dt.date | None
) -> tuple[str, list[Arguments]] | None:
    """The previous calls with the arguments that "and in April?" or "what about Netflix?" replaces."""
    if len(questions) < 2 or len(questions[-1]) > MAX_QUESTION_CHARS or not FOLLOW_UP.match(questions[-1]):
        return None
    name, before = _plan_calls(questions[-2], tools, matcher, today)
    tool = next((tool for tool in tools if tool.name == name and before), None)
    if tool is None:
        return None
    named = fill_arguments(tool, questions[-1], parse_question(questions[-1], matcher.words), today)
    return (name, [_replaced(before[0], call) for call in named]) if any(named) else None


def _replaced(before: Arguments, now: Arguments) -> Arguments:
    """The old arguments, except for groups that the new arguments replace."""
    groups = (
        {"start_date", "end_date"},
        {"category", "categories", "merchant", "description"},
        {"min_amount", "max_amount"},
    )
    gone = {name for group in groups if group & now.keys() for name in group}
    return {name: value for name, value in before.items() if name not in gone} | now


def _without_tools(question: str, system: str, tools: Sequence[OfferedTool], words: Words) -> Reply:
    if passages := numbered_passages(system):
        return Reply(quote(question, passages, words))
    return Reply(" ".join(filter(None, (_limitation(tools), _mentioned_values(question)))))


def _limitation(tools: Sequence[OfferedTool]) -> str:
    """That no language model is configured, with examples of possible questions."""
    who = "I am the built-in offline model: no language model is configured, so I can only look things up"
    examples = [f"“{tool.examples[0]}”" for tool in tools if tool.examples]
    if not tools:
        return f"{who}, and this employee has nothing to look things up with. Prime can look into your transactions."
    known = f"You can ask me, for example: {join_names(examples)}." if examples else ""
    return f"{who}, and this question is not one that I can answer that way. {known}".strip()


def _mentioned_values(question: str) -> str:
    mentioned = placeholders_in(question)
    return f"Your message mentions {join_names(mentioned)}; I have done nothing with it." if mentioned else ""
