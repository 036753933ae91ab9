"""Texts of many countries and odd spellings, each of which hid a value once, from the folder of labelled texts."""

from collections.abc import Iterator
from pathlib import Path

from graph.redaction.detection.detect import detect
from tests.eval.pii.coverage import Coverage
from tests.eval.pii.generator import Sample
from tests.eval.pii.labelled import rows

MIN_WHOLE = 0.55
"""The share of the texts of which no value may show a letter or digit."""


def hard(folder: Path) -> Iterator[Coverage]:
    """The texts kind by kind, which have no bar of their own, and all of them together."""
    file = folder / "hard.jsonl"
    if not file.exists():
        return
    every, kinds = Coverage("all", "hard", own_bar=MIN_WHOLE), dict[str, Coverage]()
    for row in rows(file):
        text, kind = row["text"], row["kind"].partition(":")[0]
        samples = [Sample(kind, text, span["start"], text[span["start"] : span["end"]]) for span in row["spans"]]
        detections = detect(text)
        for coverage in (kinds.setdefault(kind, Coverage(kind, "hard", own_bar=0.0)), every):
            coverage.add_together(samples, detections)
    yield from (*kinds.values(), every)
