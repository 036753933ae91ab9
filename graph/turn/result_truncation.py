"""Converts a tool's result to JSON of a limited size, with a note of what was left out."""

import datetime as dt
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.values.text import storable_json

Json = Any

NOTE_FIELD = "shortened"
"""The field of a truncated result that says what is missing."""
ADVICE = "This result was too long. To see what is missing ask for less: a shorter period, fewer rows, or totals."
NOTE_CHARS = 600
"""Size limit of the note."""
MIN_FIELD_CHARS = 64
"""Characters reserved for each field of an object; the long fields share the rest."""

CUT_TOKEN = re.compile(r"\[[A-Z0-9_]*$")
"""A token such as [CARD_7K3Q9D] that is cut off at the end of a text."""

OMITTED = object()
"""Stands for a value of which no part fits."""


def to_json(value: object) -> Json:
    """The value as JSON: money, dates and ids as text, so that no binary fraction arises; NaN and infinity as null.

    Raises:
        TypeError: JSON cannot represent the value.
        ValueError: the value contains itself, or an integer of thousands of digits.
    """
    return storable_json(json.loads(json_text(value), parse_constant=lambda _: None))


def truncate_json(result: Mapping[str, Json], limit: int, *, atomic_texts: bool = False) -> Mapping[str, Json]:
    """The result itself if its JSON has at most `limit` characters; otherwise a part of it, and a note.

    Objects keep their first fields, lists their first items, texts their beginnings; short values are kept before long ones.
    The running time depends on the limit, not on the size of the result.

    Args:
        result: all that `to_json` takes; it may hold the note of an earlier truncation.
        limit: characters; some hundred more than `NOTE_CHARS`.
        atomic_texts: whether texts are kept whole or not at all. Unmasked text must not be cut: half a card number would
            not be found.

    Raises:
        TypeError: the result is no object, or JSON cannot represent it.
    """
    if not isinstance(result, dict):
        raise TypeError("A result is an object.")
    if length(result, limit) <= limit:
        return result
    fields = dict(result)
    before = fields.pop(NOTE_FIELD, None)
    truncator = JsonTruncator(atomic_texts)
    kept = truncator.cut(fields, limit - NOTE_CHARS)
    return {**kept, NOTE_FIELD: note(before, truncator.kept)}


def note(before: Json, kept: Mapping[str, str]) -> dict[str, Json]:
    """How much was kept of which value, within `NOTE_CHARS`. The original size is that before the first truncation."""
    sizes = dict(before["kept"]) if isinstance(before, dict) and isinstance(before.get("kept"), dict) else {}
    for path, share in kept.items():
        part, of, whole = share.partition(" of ")
        sizes[path] = part + of + str(sizes.get(path, whole)).rpartition(" of ")[2]
    while sizes and len(json_text({NOTE_FIELD: {"kept": sizes, "advice": ADVICE}})) > NOTE_CHARS:
        sizes.popitem()
    return {"kept": sizes, "advice": ADVICE}


@dataclass(slots=True)
class JsonTruncator:
    """Truncates JSON values, and notes what it left out."""

    atomic_texts: bool
    kept: dict[str, str] = field(default_factory=dict)
    """How much was kept of each truncated value, by its path: `rows[0].text` has "20 of 400 characters"."""

    def cut(self, value: Json, budget: int, path: str = "") -> Json:
        """As much of a value as its JSON has room for, or NOTHING."""
        if length(value, budget) <= budget:
            return value
        match value:
            case dict() if budget >= len("{}"):
                return self._cut_object(value, budget, path)
            case list() | tuple() if budget >= len("[]"):
                return self._cut_list(value, budget, path)
            case str() if budget >= len('"…"') and not self.atomic_texts:
                return self._cut_text(value, budget, path)
            case _:
                whole, unit = (len(value), "characters") if isinstance(value, str) else (1, "values")
                self._note(path, 0, whole, unit)
                return OMITTED

    def _cut_object(self, fields: Mapping[str, Json], budget: int, path: str) -> Json:
        budget -= len("{}")
        sizes = {name: length(fields[name], budget) for name in first_names(fields, budget)}
        budget -= sum(name_length(name) for name in sizes)
        self._note(path or "result", len(sizes), len(fields), "fields")
        parts = {
            name: self.cut(fields[name], share, f"{path}.{name}" if path else str(name))
            for name, share in allocate(sizes, budget).items()
        }
        return {name: parts[name] for name in sizes if parts[name] is not OMITTED}

    def _cut_list(self, items: Sequence[Json], budget: int, path: str) -> Json:
        budget -= len("[]")
        kept = first_items(items, budget)
        if not kept:
            first = self.cut(items[0], budget, f"{path}[0]")
            kept = [] if first is OMITTED else [first]
        self._note(path, len(kept), len(items), "items")
        return kept

    def _cut_text(self, text: str, budget: int, path: str) -> Json:
        ends = range(1, min(len(text), budget))
        end = bisect_right(ends, budget, key=lambda end: len(json_text(text[:end] + "…")))
        kept = CUT_TOKEN.sub("", text[:end])
        self._note(path, len(kept), len(text), "characters")
        return kept + "…"

    def _note(self, path: str, part: int, whole: int, unit: str) -> None:
        if part < whole:
            self.kept[path] = f"{part} of {whole} {unit}"


def first_names(fields: Mapping[str, Json], budget: int) -> list[str]:
    """The names of the first fields that fit with `MIN_FIELD_CHARS` each."""
    names = []
    for name, item in fields.items():
        budget -= name_length(name) + min(length(item, MIN_FIELD_CHARS), MIN_FIELD_CHARS)
        if budget < 0:
            break
        names.append(name)
    return names


def first_items(items: Iterable[Json], budget: int) -> list[Json]:
    """The first items that fit untruncated."""
    kept: list[Json] = []
    for item in items:
        budget -= length(item, budget) + len(", ")
        if budget < -len(", "):
            break
        kept.append(item)
    return kept


def allocate(sizes: Mapping[str, int], budget: int) -> dict[str, int]:
    """The budget of each field: its size if it is short, else an equal share of the rest."""
    budgets: dict[str, int] = {}
    for place, name in enumerate(sorted(sizes, key=sizes.__getitem__)):
        budgets[name] = min(sizes[name], budget // (len(sizes) - place))
        budget -= budgets[name]
    return budgets


def length(value: Json, limit: int) -> int:
    """Characters of a value's JSON; any number above `limit` if it is longer."""
    match value:
        case str():
            return len(json_text(value)) if len(value) <= limit else limit + 1
        case dict():
            parts = (name_length(name) + length(item, limit) for name, item in value.items())
        case list() | tuple():
            parts = (len(", ") + length(item, limit) for item in value)
        case _:
            return len(json_text(value))
    total = len("{}") - (len(", ") if value else 0)
    for part in parts:
        total += part
        if total > limit:
            break
    return total


def name_length(name: object) -> int:
    """Characters of a field without its value."""
    return len(json_text(str(name))) + len(": ") + len(", ")


def json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=as_text)


def as_text(value: object) -> str:
    if isinstance(value, Decimal | dt.date | dt.time | dt.timedelta | UUID):
        return str(value)
    raise TypeError(f"JSON cannot hold a {type(value).__name__}.")
