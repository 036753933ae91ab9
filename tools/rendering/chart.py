"""Charts as data, and their description in words. Amounts are drawn as given; nothing is calculated here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ChartKind = Literal["bars", "columns", "lines"]
"""Bars are horizontal, columns vertical."""

PNG = "image/png"
MAX_AMOUNTS_IN_ALT_TEXT = 13
"""The most amounts of a series in the alt text. Of a longer series it has the first and the last ones."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One series of amounts of a chart."""

    name: str
    amounts: Sequence[str]
    """The amounts' texts in the result: `-12.50`."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The content of a chart."""

    title: str
    kind: ChartKind
    currency: str
    labels: Sequence[str]
    """One label for each amount: categories, months or days."""
    series: Sequence[ChartSeries]


def alt_text(chart: Chart) -> str:
    """The chart in words, for users who cannot see it: its title and its amounts."""
    said = [f"{chart.title} ({chart.currency})."]
    for series in chart.series:
        pairs = [f"{label} {text}" for label, text in zip(chart.labels, series.amounts, strict=True)]
        shown = pairs if len(pairs) <= MAX_AMOUNTS_IN_ALT_TEXT else [*pairs[:3], "…", *pairs[-3:]]
        said.append(f"{series.name}: {', '.join(shown)}.")
    return " ".join(said)
