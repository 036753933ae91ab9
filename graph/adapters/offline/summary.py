"""Summarises without a language model: an extract of the conversation, as the JSON that `summary.md` requests."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from graph.adapters.offline.answers import truncated

MAX_WORDS = 200
MAX_FACTS = 5
MAX_LINE_CHARS = 240
"""Maximum characters of one message in the summary."""

DISCLAIMER = "An extract of the conversation, made without a language model:"
PARTS = re.compile(
    r"<previous_summary>(?P<earlier>.*?)</previous_summary>\s*<new_messages>(?P<messages>.*)</new_messages>", re.DOTALL
)
MESSAGE = re.compile(r"^(?P<role>user|assistant): (?P<text>.*?)(?=^(?:user|assistant): |\Z)", re.DOTALL | re.MULTILINE)
SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+(?!\s|$)[^.!?\n]+)*[.!?]*")
ABOUT_THE_USER = re.compile(r"(?:I|I'm|I've|my|we|our)\b", re.IGNORECASE)


def summary_first_line(prompt: Path = Path(__file__).parents[2] / "prompts" / "summary.md") -> str:
    """The first line of the summary prompt; it identifies a request for a summary."""
    return prompt.read_text("utf-8").splitlines()[0]


def extract_summary(material: str) -> str:
    """The summary of `<previous_summary>` and `<new_messages>`. Other material counts as new messages."""
    parts = PARTS.search(material)
    earlier, messages = (parts["earlier"], parts["messages"]) if parts else ("", material)
    said = [(match["role"], " ".join(match["text"].split())) for match in MESSAGE.finditer(messages)]
    old = [line.strip() for line in earlier.splitlines() if line.strip() and line.strip() != DISCLAIMER]
    lines = [piece for line in old if not line.startswith("- ") for piece in _sentences_of(line)]
    lines += [_line(role, text) for role, text in said if text]
    facts = [line.removeprefix("- ") for line in old if line.startswith("- ")] + _facts(said)
    kept = _newest(lines or ["Nothing was said."], MAX_WORDS - len(DISCLAIMER.split()))
    summary = {"summary": "\n".join([DISCLAIMER, *kept]), "key_facts": list(dict.fromkeys(facts))[-MAX_FACTS:]}
    return json.dumps(summary, ensure_ascii=False)


def _sentences_of(line: str) -> list[str]:
    """The line, or its sentences if it is long, so that it can be dropped in parts."""
    return [line] if len(line) <= MAX_LINE_CHARS else [match[0].strip() for match in SENTENCE.finditer(line)]


def _line(role: str, text: str) -> str:
    if role == "user":
        return f"The user: {truncated(text, MAX_LINE_CHARS)}"
    sentence = SENTENCE.search(text)
    return f"Answered: {truncated(sentence[0].strip() if sentence else text, MAX_LINE_CHARS)}"


def _facts(said: Sequence[tuple[str, str]]) -> list[str]:
    """Sentences in which users speak of themselves, word for word."""
    sentences = [match[0].strip() for role, text in said if role == "user" for match in SENTENCE.finditer(text)]
    return [
        f"The user said: “{truncated(sentence, MAX_LINE_CHARS)}”"
        for sentence in sentences
        if ABOUT_THE_USER.match(sentence) and not sentence.endswith("?") and len(sentence.split()) > 2
    ]


def _newest(lines: Sequence[str], words: int) -> list[str]:
    """The newest lines with at most `words` words in total."""
    kept: list[str] = []
    for line in reversed(lines):
        words -= len(line.split())
        if words < 0:
            break
        kept.insert(0, line)
    return kept
