"""Renders documents as PDF with reportlab. The same document always gives the same bytes."""

import io
from collections.abc import Sequence
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib import colors  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from tools.rendering.document import DocumentPart, Grid, Heading, Note, Picture
from tools.rendering.matplotlib_chart import font_file, printable, shorten_label

MARGIN = 18 * mm
TEXT_WIDTH = A4[0] - 2 * MARGIN
LINE = colors.HexColor("#d9d9d9")
SHADE = colors.HexColor("#f2f2f2")


def render_document(title: str, parts: Sequence[DocumentPart]) -> bytes:
    """The document as an A4 PDF with page numbers."""
    content, name = io.BytesIO(), registered_font()
    document = SimpleDocTemplate(
        content,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="",
        invariant=1,
    )

    def number_page(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(name, 8)
        canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, str(canvas.getPageNumber()))

    flow = [paragraph(title, 17), Spacer(0, 4 * mm), *(render_part(part) for part in parts)]
    document.build(flow, onFirstPage=number_page, onLaterPages=number_page)
    return content.getvalue()


def render_part(part: DocumentPart) -> Flowable:
    match part:
        case Heading():
            return paragraph(part.text, 13, before=5 * mm)
        case Note():
            return paragraph(part.text, 9)
        case Grid():
            return KeepTogether([paragraph(part.title, 10, before=3 * mm), render_grid(part)])
        case Picture():
            return render_picture(part)


def paragraph(text: str, size: float, before: float = 0) -> Paragraph:
    """A paragraph of plain text: reportlab's markup in it is escaped."""
    style = ParagraphStyle(
        "words", fontName=registered_font(), fontSize=size, leading=size * 1.4, spaceBefore=before, spaceAfter=3
    )
    return Paragraph(escape(printable(text)), style)


def render_grid(grid: Grid) -> Table:
    """The table. Its cells are plain strings, in which reportlab reads no markup."""
    cells = [[printable(shorten_label(cell)) for cell in row] for row in (grid.columns, *grid.rows)]
    first, others = 0.40 * TEXT_WIDTH, 0.60 * TEXT_WIDTH / max(1, len(grid.columns) - 1)
    table = Table(cells, colWidths=[first, *[others] * (len(grid.columns) - 1)], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), registered_font(), 9),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("BACKGROUND", (0, 0), (-1, 0), SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            ]
        )
    )
    return table


def render_picture(picture: Picture) -> Image:
    image = Image(io.BytesIO(picture.png))
    width = TEXT_WIDTH * picture.share
    image.drawHeight, image.drawWidth = image.imageHeight * width / image.imageWidth, width
    image.hAlign = "LEFT"
    return image


@cache
def registered_font() -> str:
    """The registered name of the charts' font."""
    pdfmetrics.registerFont(TTFont("DejaVu", str(font_file())))
    return "DejaVu"
