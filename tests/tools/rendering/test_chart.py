"""A picture shows the texts of its chart, the same each time, whatever the names are made of."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from matplotlib.text import Text

from tests.support.fakes.ports import FakeFiles
from tools.rendering.chart import Chart, ChartKind, ChartSeries
from tools.rendering.matplotlib_chart import MAX_LABEL_CHARS, build_figure
from tools.rendering.render import render_chart, store_chart

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def chart_of(kind: ChartKind = "bars", labels: tuple[str, ...] = ("Groceries", "Rent")) -> Chart:
    texts = [f"{100 - number}.25" for number in range(len(labels))]
    return Chart("Spending", kind, "USD", labels, [ChartSeries("Spent", texts)])


def texts_of(chart: Chart) -> list[str]:
    """All that is written in the picture, without the backslash that keeps a dollar from being a formula."""
    figure = build_figure(chart)
    figure.canvas.draw()
    found = figure.findobj(Text)
    return [text.get_text().replace(r"\$", "$") for text in found if text.get_visible()]


@pytest.mark.parametrize("kind", ["bars", "columns", "lines"])
def test_a_chart_is_the_same_png_each_time(kind: ChartKind) -> None:
    picture = render_chart(chart_of(kind))
    assert picture.startswith(PNG_MAGIC)
    assert render_chart(chart_of(kind)) == picture


def test_charts_that_are_drawn_at_once_do_not_disturb_each_other() -> None:
    charts = [chart_of(kind, tuple(f"Label {number}" for number in range(5))) for kind in ("bars", "columns", "lines")]
    alone = [render_chart(chart) for chart in charts * 4]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(render_chart, charts * 4)) == alone


@pytest.mark.parametrize("kind", ["bars", "columns"])
def test_title_labels_and_amounts_are_written_as_they_are(kind: ChartKind) -> None:
    written = texts_of(chart_of(kind))
    assert {"Spending (USD)", "Groceries", "Rent", "100.25", "99.25"} <= set(written)


def test_a_line_has_its_last_amount_written() -> None:
    assert "99.25" in texts_of(chart_of("lines"))


@pytest.mark.parametrize(
    "name", ["$x^2$ and $\\frac{1}{0}$", "one $", r"a \$ b", "%s {0} \\", "買い物", "🍽️", "a\nb", "\x00"]
)
def test_any_name_can_be_drawn_and_none_is_a_formula(name: str) -> None:
    assert render_chart(chart_of("bars", (name, "Rent"))).startswith(PNG_MAGIC)


def test_a_dollar_sign_stays_a_dollar_sign() -> None:
    assert "$5 and $6" in texts_of(chart_of("bars", ("$5 and $6", "Rent")))


def test_a_long_name_is_shortened_on_the_picture_only() -> None:
    chart = chart_of("bars", ("x" * 200, "Rent"))
    assert max(len(text) for text in texts_of(chart)) <= MAX_LABEL_CHARS


def test_many_labels_are_thinned_out_so_that_they_can_be_read() -> None:
    labels = tuple(f"2025-01-{day:02}" for day in range(1, 32))
    written = [text for text in texts_of(chart_of("lines", labels)) if text.startswith("2025-")]
    assert 8 <= len(written) <= 13


async def test_what_a_client_displays_holds_the_labels_and_amounts_of_the_picture() -> None:
    shown = await store_chart(chart_of(), "spending", FakeFiles(), "You spent $199.50.")
    assert (shown["alt"], shown["currency"], shown["labels"]) == ("You spent $199.50.", "USD", ["Groceries", "Rent"])
    assert shown["series"] == [{"name": "Spent", "amounts": ["100.25", "99.25"]}]


async def test_drawing_leaves_the_event_loop_free() -> None:
    """Drawn in a thread, a chart lets the loop run on."""
    turns = 0
    drawing = asyncio.create_task(asyncio.to_thread(render_chart, chart_of("bars", tuple(map(str, range(12))))))
    while not drawing.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 3
