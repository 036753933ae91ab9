"""Documents as PDF and charts as PNG; the libraries are imported when the first one is made."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graph.tool import Files
from tools.rendering.chart import PNG, Chart, alt_text
from tools.rendering.document import DocumentPart
from tools.rendering.file_storage import store_file


def render_pdf(title: str, parts: Sequence[DocumentPart]) -> bytes:
    """The document as PDF, in A4, with page numbers."""
    from tools.rendering.reportlab_pdf import (
        render_document,  # reportlab takes long to import, and few processes set one soon
    )

    return render_document(title, parts)


async def store_chart(chart: Chart, name: str, files: Files) -> dict[str, Any]:
    """Draw a chart, leave it with the caller's files, and return the `display` that shows it.

    Args:
        chart: what to draw.
        name: what the file is called, without its ending.
        files: of the caller.
    """
    file_id = await store_file(
        files, f"{name}.png", PNG, await asyncio.to_thread(render_chart, chart), "answer in words"
    )
    kind = "line" if chart.kind == "lines" else "bar"
    return {
        "type": "chart",
        "title": chart.title,
        "kind": kind,
        "file_id": file_id,
        "media_type": PNG,
        "alt": alt_text(chart),
    }


def render_chart(chart: Chart) -> bytes:
    """The chart as a PNG picture."""
    from tools.rendering.matplotlib_chart import (
        render_png,  # matplotlib takes long to import, and few processes draw soon
    )

    return render_png(chart)
