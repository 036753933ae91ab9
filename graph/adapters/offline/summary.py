"""An honest summary without a language model: an extract of what was said, in the JSON that `summary.md` asks for."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from graph.adapters.offline.answers import shortened

MOST_WORDS = 200
MOST_FACTS = 5
LONGEST_LINE = 240
"""Characters that are taken of one message."""

HONEST = "An extract of the conversation, made without a language model:"
PARTS = re.compile(
    r"<previous_summary>(?P<earlier>.*?)</previous_summary>\s*<new_messages>(?P<messages>.*)</new_messages>", re.DOTALL
)
MESSAGE = re.compile(r"^(?P<role>user|assistant): (?P<text>.*?)(?=^(?:user|assistant): |\Z)", re.DOTALL | re.MULTILINE)
SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+(?!\s|$)[^.!?\n]+)*[.!?]*")
OF_THE_USER = re.compile(r"(?:I|I'm|I've|my|we|our)\b", re.IGNORECASE)


def first_line(prompt: Path = Path(__file__).parents[2] / "prompts" / "summary.md") -> str:
    """What a system message opens with that asks for a summary."""
    return prompt.read_text("utf-8").splitlines()[0]


def extract(material: str) -> str:
    """The summary of `<previous_summary>` and `<new_messages>`; other material is taken for the new messages."""
    parts = PARTS.search(material)
    earlier, messages = (parts["earlier"], parts["messages"]) if parts else ("", material)
    said = [(match["role"], " ".join(match["text"].split())) for match in MESSAGE.finditer(messages)]
    old = [line.strip() for line in earlier.splitlines() if line.strip() and line.strip() != HONEST]
    lines = [piece for line in old if not line.startswith("- ") for piece in _pieces(line)]
    lines += [_line(role, text) for role, text in said if text]
    facts = [line.removeprefix("- ") for line in old if line.startswith("- ")] + _facts(said)
    kept = _newest(lines or ["Nothing was said."], MOST_WORDS - len(HONEST.split()))
    summary = {"summary": "\n".join([HONEST, *kept]), "key_facts": list(dict.fromkeys(facts))[-MOST_FACTS:]}
    return json.dumps(summary, ensure_ascii=False)


def _pieces(line: str) -> list[str]:
    """A line, or its sentences where it is long, so that not all of it has to leave at once."""
    return [line] if len(line) <= LONGEST_LINE else [match[0].strip() for match in SENTENCE.finditer(line)]


def _line(role: str, text: str) -> str:
    if role == "user":
        return f"The user: {shortened(text, LONGEST_LINE)}"
    sentence = SENTENCE.search(text)
    return f"Answered: {shortened(sentence[0].strip() if sentence else text, LONGEST_LINE)}"


def _facts(said: Sequence[tuple[str, str]]) -> list[str]:
    """What the user told of themselves, word for word."""
    told = [match[0].strip() for role, text in said if role == "user" for match in SENTENCE.finditer(text)]
    return [
        f"The user said: “{shortened(sentence, LONGEST_LINE)}”"
        for sentence in told
        if OF_THE_USER.match(sentence) and not sentence.endswith("?") and len(sentence.split()) > 2
    ]


def _newest(lines: Sequence[str], words: int) -> list[str]:
    """The newest lines that hold at most so many words together."""
    kept: list[str] = []
    for line in reversed(lines):
        words -= len(line.split())
        if words < 0:
            break
        kept.insert(0, line)
    return kept
