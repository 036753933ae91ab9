"""Renders charts with matplotlib.

The same chart always gives the same bytes. Each picture has its own figure, so no state of matplotlib is shared.
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
from tools.rendering.chart import Chart, ChartKind, ChartSeries

DOTS_PER_INCH = 100
WIDTH_INCHES = 9.0
MAX_LABEL_CHARS = 34
MAX_AXIS_LABELS = 13
MAX_LABELLED_POINTS = 40
"""The most points whose amounts are written beside them. More would overlap."""
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Four of the Okabe-Ito colours, which most colour-blind people can distinguish."""
INK, GRID = "#222222", "#d9d9d9"


def render_png(chart: Chart) -> bytes:
    """The chart as a PNG picture."""
    picture = io.BytesIO()
    build_figure(chart).savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return picture.getvalue()


def build_figure(chart: Chart) -> Figure:
    """The chart as a matplotlib figure."""
    figure = Figure(figsize=(WIDTH_INCHES, figure_height(chart)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(chart_text(f"{chart.title} ({chart.currency})"), loc="left", fontsize=13, color=INK, pad=12)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    DRAWERS[chart.kind](axes, chart)
    if len(chart.series) > 1:
        figure.legend(loc="outside lower left", ncols=len(chart.series), frameon=False)
    return figure


def figure_height(chart: Chart) -> float:
    return max(3.0, 1.6 + 0.42 * len(chart.labels)) if chart.kind == "bars" else 5.0


def draw_bars(axes: Axes, chart: Chart) -> None:
    """Draw horizontal bars, the first label on top, with the amount at the end of each bar."""
    [series] = chart.series
    places = range(len(chart.labels))
    painted = axes.barh(places, float_amounts(series), color=COLOURS[0], height=0.7)
    axes.bar_label(painted, labels=series.amounts, padding=4, color=INK)
    axes.set_yticks(places, [chart_text(shorten_label(label)) for label in chart.labels])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.axvline(0, color=INK, linewidth=0.8)
    format_amount_axis(axes.xaxis, chart.currency)


def draw_columns(axes: Axes, chart: Chart) -> None:
    """Draw vertical columns, with the series side by side at each label."""
    width = 0.8 / len(chart.series)
    few = len(chart.labels) * len(chart.series) <= MAX_LABELLED_POINTS
    for number, series in enumerate(chart.series):
        places = [place + (number - (len(chart.series) - 1) / 2) * width for place in range(len(chart.labels))]
        painted = axes.bar(
            places, float_amounts(series), width=width, color=COLOURS[number], label=chart_text(series.name)
        )
        if few:
            axes.bar_label(painted, labels=series.amounts, padding=3, rotation=90, fontsize=7, color=INK)
    axes.margins(y=0.2)
    axes.axhline(0, color=INK, linewidth=0.8)
    label_x_axis(axes, chart)


def draw_lines(axes: Axes, chart: Chart) -> None:
    """Draw a line for each series, with its last amount beside it."""
    places = range(len(chart.labels))
    for number, series in enumerate(chart.series):
        values = float_amounts(series)
        axes.plot(
            places,
            values,
            color=COLOURS[number],
            label=chart_text(series.name),
            linestyle="-" if number == 0 else "--",
            marker="o" if len(values) <= MAX_AXIS_LABELS else "",
        )
        axes.annotate(
            series.amounts[-1], (places[-1], values[-1]), (4, 4), textcoords="offset points", color=INK, fontsize=8
        )
    axes.margins(x=0.08, y=0.12)
    axes.axhline(0, color=INK, linewidth=0.8)
    label_x_axis(axes, chart)


DRAWERS: Mapping[ChartKind, Callable[[Axes, Chart], None]] = {
    "bars": draw_bars,
    "columns": draw_columns,
    "lines": draw_lines,
}


def label_x_axis(axes: Axes, chart: Chart) -> None:
    """Label the x axis, with gaps if there are many labels, and format the y axis."""
    labels = chart.labels
    step = -(-len(labels) // MAX_AXIS_LABELS)
    places = range(0, len(labels), step)
    axes.set_xticks(
        places, [chart_text(shorten_label(labels[place])) for place in places], rotation=45 if len(labels) > 6 else 0
    )
    format_amount_axis(axes.yaxis, chart.currency)


def format_amount_axis(axis: Axis, currency: str) -> None:
    """Write the amounts of an axis with the decimals of their currency, without a fraction of zero."""
    decimals = decimal_places(currency)
    axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(
        FuncFormatter(lambda amount, _: f"{amount:,.{decimals}f}".removesuffix("." + decimals * "0"))
    )
    axis.grid(visible=True, color=GRID)


def float_amounts(series: ChartSeries) -> list[float]:
    """The amounts as positions. A picture is not exact, so binary fractions do no harm."""
    return [float(Decimal(text)) for text in series.amounts]


def shorten_label(text: str) -> str:
    return text if len(text) <= MAX_LABEL_CHARS else text[: MAX_LABEL_CHARS - 1] + "…"


def chart_text(text: str) -> str:
    """The text on one line, with missing letters as boxes, and escaped so that matplotlib sees no formula."""
    return printable(text).replace("$", r"\$")


def printable(text: str) -> str:
    """The text on one line, with a box for each letter that the font lacks."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter if ord(letter) in font_characters() else "□" for letter in plain)


@cache
def font_characters() -> frozenset[int]:
    """The code points of the font's letters."""
    return frozenset(FT2Font(str(font_file())).get_charmap())


def font_file() -> Path:
    """The file of DejaVu Sans, which comes with matplotlib."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
