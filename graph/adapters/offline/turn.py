"""Decides what the offline model says, or which tools it calls, from the messages alone."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from graph.adapters.offline.answers import joined, tell
from graph.adapters.offline.arguments import Arguments, fill
from graph.adapters.offline.date_phrases import PeriodUnclear
from graph.adapters.offline.passages import numbered_passages, quote
from graph.adapters.offline.question_parser import read_question, tokens
from graph.adapters.offline.summary import extract
from graph.adapters.offline.tool_matcher import Chooser, Offer
from graph.adapters.offline.words import Words

TODAY = re.compile(r"^Today is (\d{4}-\d\d-\d\d)\b", re.MULTILINE)
"""The line of `graph/prompts/rules.md` that tells the date."""

LONGEST_QUESTION = 1_000
"""Characters; who writes more wants something else than looking up, and patterns take their time on long texts."""

MOST_FORCED = 16
LONGEST_BROKEN = 200
"""Characters of a forced call's arguments that are no JSON; LangChain takes long over mending more."""
FORCED = re.compile(r"CALL:(?P<tool>[\w-]+):")
FOLLOWS_UP = re.compile(r"\W*(?:and|what about|how about|then|same for)\b", re.IGNORECASE)
WANTS_SUMS = re.compile(r"\bhow\s+(?:much|many)\b|\btotal\b|\bsum\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: str
    """JSON, or what stood in its place in a forced call."""


@dataclass(frozen=True, slots=True)
class Reply:
    text: str = ""
    calls: Sequence[Call] = field(default=())


def reply(messages: Sequence[BaseMessage], offers: Sequence[Offer], chooser: Chooser, to_summarise: str) -> Reply:
    """What comes next in a conversation that ends with a question, with tools' results, or with text to summarise.

    A system message that begins with `to_summarise` asks for a summary.
    """
    system = next((str(message.text) for message in messages if isinstance(message, SystemMessage)), "")
    questions = [str(message.text) for message in messages if isinstance(message, HumanMessage)]
    question = questions[-1] if questions else ""
    if system.startswith(to_summarise):
        return Reply(extract(question))
    if results := _results(messages):
        rows = WANTS_SUMS.search(question) is None
        return Reply("\n\n".join(tell(str(result.text), rows=rows) for result in results))
    if offers and (forced := _forced(question)):
        return Reply(calls=forced)
    if pleasantry := _pleasantry(question, chooser.words):
        return Reply(pleasantry)
    return _look_up(questions, offers, chooser, _today(system)) or _without_tools(
        question, system, offers, chooser.words
    )


def _results(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    """The results of the tools that were called last, if nothing was said since."""
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
    """The calls that a message spells out, `CALL:<tool>:<json>`: for debugging and tests."""
    found = islice(FORCED.finditer(question), MOST_FORCED)
    return [Call(match["tool"], _json_at(question, match.end())) for match in found]


def _json_at(text: str, begin: int) -> str:
    """The JSON that begins there, or some of the line where it is none."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, begin)
    except ValueError:
        return text[begin : begin + LONGEST_BROKEN].split("\n", 1)[0]
    return text[begin:end]


def _pleasantry(question: str, words: Words) -> str:
    said = re.sub(r"[^\w\s]", "", question).strip().lower()
    if said in words.greetings:
        return "Hello! Ask me about your transactions, your spending or your balances."
    return "You are welcome." if said in words.thanks else ""


def _look_up(
    questions: Sequence[str], offers: Sequence[Offer], chooser: Chooser, today: dt.date | None
) -> Reply | None:
    """The calls that answer the question, alone or as one that follows up the question before it."""
    if not questions:
        return None
    try:
        name, calls = _follow_up(questions, offers, chooser, today) or _plan(questions[-1], offers, chooser, today)
    except PeriodUnclear as unclear:
        return Reply(str(unclear))
    return Reply(calls=[Call(name, json.dumps(call, ensure_ascii=False)) for call in calls]) if calls else None


def _plan(
    question: str, offers: Sequence[Offer], chooser: Chooser, today: dt.date | None
) -> tuple[str, list[Arguments]]:
    if len(question) > LONGEST_QUESTION:
        return "", []
    reading = read_question(question, chooser.words)
    offer = chooser.choose(reading, offers)
    return (offer.name, fill(offer, question, reading, today)) if offer else ("", [])


def _follow_up(
    questions: Sequence[str], offers: Sequence[Offer], chooser: Chooser, today: dt.date | None
) -> tuple[str, list[Arguments]] | None:
    """The last call again, with what "and in April?" or "what about Netflix?" names in place of the old."""
    if len(questions) < 2 or len(questions[-1]) > LONGEST_QUESTION or not FOLLOWS_UP.match(questions[-1]):
        return None
    name, before = _plan(questions[-2], offers, chooser, today)
    offer = next((offer for offer in offers if offer.name == name and before), None)
    if offer is None:
        return None
    named = fill(offer, questions[-1], read_question(questions[-1], chooser.words), today)
    return (name, [_replaced(before[0], call) for call in named]) if any(named) else None


def _replaced(before: Arguments, now: Arguments) -> Arguments:
    """The old arguments without those of the groups of which the new ones name any."""
    groups = (
        {"start_date", "end_date"},
        {"category", "categories", "merchant", "description"},
        {"min_amount", "max_amount"},
    )
    gone = {name for group in groups if group & now.keys() for name in group}
    return {name: value for name, value in before.items() if name not in gone} | now


def _without_tools(question: str, system: str, offers: Sequence[Offer], words: Words) -> Reply:
    if passages := numbered_passages(system):
        return Reply(quote(question, passages, words))
    return Reply(" ".join(filter(None, (_excuse(offers), _mention(question)))))


def _excuse(offers: Sequence[Offer]) -> str:
    """That there is no language model here, and what can be asked all the same."""
    who = "I am the built-in offline model: no language model is configured, so I can only look things up"
    examples = [f"“{offer.examples[0]}”" for offer in offers if offer.examples]
    if not offers:
        return f"{who}, and this employee has nothing to look things up with. Prime can look into your transactions."
    known = f"You can ask me, for example: {joined(examples)}." if examples else ""
    return f"{who}, and this question is not one that I can answer that way. {known}".strip()


def _mention(question: str) -> str:
    mentioned = tokens(question)
    return f"Your message mentions {joined(mentioned)}; I have done nothing with it." if mentioned else ""
