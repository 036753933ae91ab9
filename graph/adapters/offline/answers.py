"""Says tool results in words: a result's own summary, else its fields."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph.adapters.offline.asked_back import question_in
from graph.tool import SUMMARY

MAX_LINES = 20
MAX_TEXT_CHARS = 800
EMPTY = "The result is empty."


def render_result(content: str) -> str:
    """Render one tool result; the text is never empty.

    Args:
        content: the result as JSON; any other text is repeated.
    """
    try:
        result = json.loads(content)
    except (ValueError, RecursionError):
        return truncated(content.strip()) or EMPTY
    if not isinstance(result, dict):
        return truncated(json.dumps(result, ensure_ascii=False))
    if "error" in result:
        error = str(result["error"])
        return question_in(error) or f"I could not look that up: {end_sentence(error)}"
    summary = result.get(SUMMARY)
    if isinstance(summary, str) and summary.strip():
        return summary.strip()
    return "\n".join(render_fields(result)) or EMPTY


def render_fields(result: Mapping[str, Any]) -> Iterator[str]:
    """A result without a summary, field by field."""
    for name, value in list(result.items())[:MAX_LINES]:
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"- {name.replace('_', ' ')}: {truncated(text)}"


def join_names(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def end_sentence(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def truncated(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """The text, cut between words to `max_chars`."""
    if len(text) <= max_chars:
        return text
    whole_words = text[:max_chars].rsplit(maxsplit=1) or [""]
    return f"{whole_words[0]} …"
