"""Charts as data. Amounts are drawn as given; nothing is calculated here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ChartKind = Literal["bars", "columns", "lines"]
"""Bars are horizontal, columns vertical."""

PNG = "image/png"


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
