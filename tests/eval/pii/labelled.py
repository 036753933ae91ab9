"""Texts that others labelled, from a folder that is no part of this repository, and questions that hold nothing personal."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph.redaction.detection.detect import detect
from tests.eval.pii.coverage import Coverage
from tests.eval.pii.generator import Sample

KINDS = {
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "PERSON": "PERSON",
    "STREET_ADDRESS": "ADDRESS",
    "US_DRIVER_LICENSE": "LICENSE",
}
"""Names of that set, and ours; what it labels beyond them (dates, places, titles …) is not looked for."""

MAX_BANK_QUESTIONS = 0.002
"""The share of questions to a bank that may be changed."""

HALVES = ("tuning", "final")


def rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def half(template: int) -> str:
    """Whose half a sentence belongs to: rules were made by the look of one, the other only tells how good they are."""
    return HALVES[hashlib.sha256(str(template).encode()).digest()[0] & 1]


def labelled(folder: Path, part: str) -> list[Coverage]:
    """The coverage of one half, kind by kind."""
    coverages = {kind: Coverage(kind, f"labelled, {part}") for kind in KINDS.values()}
    for row in rows(folder / "labelled.jsonl"):
        if half(row["template_id"]) == part:
            detections = detect(row["text"])
            for span in row["spans"]:
                if kind := KINDS.get(span["type"]):
                    value = row["text"][span["start"] : span["end"]]
                    coverages[kind].add(Sample(kind, row["text"], span["start"], value), detections)
    return [coverage for coverage in coverages.values() if coverage.values]


def bank_questions(folder: Path) -> Iterator[str]:
    return (row["text"] for row in rows(folder / "bank_questions_without_pii.jsonl"))
