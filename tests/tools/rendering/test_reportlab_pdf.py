"""A document is the same PDF each time, and no text in it is mark-up."""

from pathlib import Path

import pytest

from tools.rendering.chart import Chart, ChartSeries
from tools.rendering.document import DocumentPart, Grid, Heading, Note, Picture
from tools.rendering.render import render_chart, render_pdf

CHART = render_chart(Chart("Spending", "bars", "USD", ["Groceries"], [ChartSeries("Spent", ["1.00"])]))


def parts_with(text: str) -> list[DocumentPart]:
    return [Heading(text), Note(text), Grid(text, ("Name", text), [[text, "1.00"]] * 3), Picture(CHART)]


def test_a_document_is_the_same_pdf_each_time() -> None:
    content = render_pdf("Report", parts_with("Groceries"))
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert render_pdf("Report", parts_with("Groceries")) == content


def test_a_long_table_goes_on_on_the_next_page() -> None:
    content = render_pdf(
        "Report", [Grid("Rows", ("Name", "Amount"), [[f"row {number}", "1.00"] for number in range(200)])]
    )
    assert content.count(b"/Type /Page\n") > 2


@pytest.mark.parametrize(
    "text",
    ["<b>bold", "<img src='SECRET'/>", "a & b < c", "<font size=900>x</font>", "買い物 🍽️", "$x$", "x" * 500, "\x00\n"],
)
def test_any_text_can_be_set_and_none_is_mark_up(text: str, tmp_path: Path) -> None:
    content = render_pdf("Report", parts_with(text.replace("SECRET", str(tmp_path / "no.png"))))
    assert content.startswith(b"%PDF-")
