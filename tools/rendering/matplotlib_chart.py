"""Paints charts with matplotlib.

The same chart always gives the same bytes. No state of matplotlib is shared: each picture has a figure of its own.
"""

import io
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.ticker import FuncFormatter, MaxNLocator

from graph.values.currencies import decimal_places
from tools.rendering.chart import Chart, Kind, Series

DOTS_PER_INCH = 100
WIDTH_INCHES = 9.0
MOST_LABEL_CHARS = 34
MOST_AXIS_LABELS = 13
MOST_POINT_TEXTS = 40
"""Points of a chart beyond which amounts are not written beside them: they would cover one another."""
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Four of Okabe and Ito's colours, which most colour-blind people tell apart."""
INK, GRID = "#222222", "#d9d9d9"


def painted(chart: Chart) -> bytes:
    """The chart as a PNG picture."""
    picture = io.BytesIO()
    figure_of(chart).savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return picture.getvalue()


def figure_of(chart: Chart) -> Figure:
    """The chart before it is a picture."""
    figure = Figure(figsize=(WIDTH_INCHES, height_of(chart)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(drawable(f"{chart.title} ({chart.currency})"), loc="left", fontsize=13, color=INK, pad=12)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    PAINTERS[chart.kind](axes, chart)
    if len(chart.series) > 1:
        figure.legend(loc="outside lower left", ncols=len(chart.series), frameon=False)
    return figure


def height_of(chart: Chart) -> float:
    return max(3.0, 1.6 + 0.42 * len(chart.labels)) if chart.kind == "bars" else 5.0


def paint_bars(axes: Axes, chart: Chart) -> None:
    """The first label on top; the amount at the end of each bar."""
    [series] = chart.series
    places = range(len(chart.labels))
    painted = axes.barh(places, numbers(series), color=COLOURS[0], height=0.7)
    axes.bar_label(painted, labels=series.texts, padding=4, color=INK)
    axes.set_yticks(places, [drawable(shortened(label)) for label in chart.labels])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.axvline(0, color=INK, linewidth=0.8)
    write_amounts(axes.xaxis, chart.currency)


def paint_columns(axes: Axes, chart: Chart) -> None:
    """The series beside one another at each label."""
    width = 0.8 / len(chart.series)
    few = len(chart.labels) * len(chart.series) <= MOST_POINT_TEXTS
    for number, series in enumerate(chart.series):
        places = [place + (number - (len(chart.series) - 1) / 2) * width for place in range(len(chart.labels))]
        painted = axes.bar(places, numbers(series), width=width, color=COLOURS[number], label=drawable(series.name))
        if few:
            axes.bar_label(painted, labels=series.texts, padding=3, rotation=90, fontsize=7, color=INK)
    axes.margins(y=0.2)
    axes.axhline(0, color=INK, linewidth=0.8)
    label_places(axes, chart)


def paint_lines(axes: Axes, chart: Chart) -> None:
    """A line for each series; its last amount is written."""
    places = range(len(chart.labels))
    for number, series in enumerate(chart.series):
        values = numbers(series)
        axes.plot(
            places,
            values,
            color=COLOURS[number],
            label=drawable(series.name),
            linestyle="-" if number == 0 else "--",
            marker="o" if len(values) <= MOST_AXIS_LABELS else "",
        )
        axes.annotate(
            series.texts[-1], (places[-1], values[-1]), (4, 4), textcoords="offset points", color=INK, fontsize=8
        )
    axes.margins(x=0.08, y=0.12)
    axes.axhline(0, color=INK, linewidth=0.8)
    label_places(axes, chart)


PAINTERS: Mapping[Kind, Callable[[Axes, Chart], None]] = {
    "bars": paint_bars,
    "columns": paint_columns,
    "lines": paint_lines,
}


def label_places(axes: Axes, chart: Chart) -> None:
    """Labels below, not all of them if there are many; amounts at the side."""
    labels = chart.labels
    step = -(-len(labels) // MOST_AXIS_LABELS)
    places = range(0, len(labels), step)
    axes.set_xticks(
        places, [drawable(shortened(labels[place])) for place in places], rotation=45 if len(labels) > 6 else 0
    )
    write_amounts(axes.yaxis, chart.currency)


def write_amounts(axis: Axis, currency: str) -> None:
    """How amounts along an axis are written: with the decimals of their currency, unless these are none."""
    decimals = decimal_places(currency)
    axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(
        FuncFormatter(lambda amount, _: f"{amount:,.{decimals}f}".removesuffix("." + decimals * "0"))
    )
    axis.grid(visible=True, color=GRID)


def numbers(series: Series) -> list[float]:
    """Where to draw: a picture has no exact amounts, so binary fractions do no harm here."""
    return [float(Decimal(text)) for text in series.texts]


def shortened(text: str) -> str:
    return text if len(text) <= MOST_LABEL_CHARS else text[: MOST_LABEL_CHARS - 1] + "…"


def drawable(text: str) -> str:
    """A text that the font can draw, in one line, with no formula in it; a letter that the font lacks becomes a box."""
    return written(text).replace("$", r"\$")


def written(text: str) -> str:
    """The text in one line, in letters of the font."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter if ord(letter) in letters() else "□" for letter in plain)


@cache
def letters() -> frozenset[int]:
    """What the font can draw."""
    return frozenset(FT2Font(str(font_file())).get_charmap())


def font_file() -> Path:
    """DejaVu Sans, which comes with matplotlib."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
