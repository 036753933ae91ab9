"""Charts, as PNG pictures and in words. What is drawn are texts and amounts that the caller has; nothing is worked out here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ChartKind = Literal["bars", "columns", "lines"]
"""Bars lie, columns stand, lines join points."""

PNG = "image/png"
MAX_AMOUNTS_IN_ALT_TEXT = 13
"""Of a series in words; of more, the first and the last."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One row of amounts of a chart, and how each is written."""

    name: str
    amounts: Sequence[str]
    """Amounts as they stand in the result: `-12.50`."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture shows."""

    title: str
    kind: ChartKind
    currency: str
    labels: Sequence[str]
    """What the amounts are of: categories, months, days."""
    series: Sequence[ChartSeries]


def alt_text(chart: Chart) -> str:
    """The chart in words, for who cannot see it: its title and its amounts, the first and the last of many."""
    said = [f"{chart.title} ({chart.currency})."]
    for series in chart.series:
        pairs = [f"{label} {text}" for label, text in zip(chart.labels, series.amounts, strict=True)]
        shown = pairs if len(pairs) <= MAX_AMOUNTS_IN_ALT_TEXT else [*pairs[:3], "…", *pairs[-3:]]
        said.append(f"{series.name}: {', '.join(shown)}.")
    return " ".join(said)
