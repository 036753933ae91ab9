"""Merchants as statements write them: those of the demo user, and of card transactions that are no part of this repository."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from migrations.demo.config import demo_data

FRAMES = ("{}", "How much at {}?")
"""The bare name, and a question about it."""


def demo_merchants() -> list[str]:
    data = demo_data()
    lines = [line for habit in data.habits for line in habit.lines] + [stop.line for stop in data.trip.lines]
    lines += [bill.line for bill in data.bills] + [data.user.income.salary]
    return sorted({line.merchant for line in lines if line.merchant})


def card_merchants(folder: Path) -> list[str]:
    """Those of a folder beside the labelled texts, if it is there."""
    file = folder.parent / "transactions" / "card_transactions.jsonl"
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as lines:
        return sorted({json.loads(line)["merchant"] for line in lines})


def questions(merchants: Iterable[str]) -> Iterator[str]:
    for merchant in merchants:
        yield from (frame.format(merchant) for frame in FRAMES)
