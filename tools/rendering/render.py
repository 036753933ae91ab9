"""Renders documents as PDF and charts as PNG. The libraries are imported on first use."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graph.tool import Files
from tools.rendering.chart import PNG, Chart
from tools.rendering.document import DocumentPart
from tools.rendering.file_storage import store_file


def render_pdf(title: str, parts: Sequence[DocumentPart]) -> bytes:
    """The document as an A4 PDF with page numbers."""
    from tools.rendering.reportlab_pdf import (
        render_document,  # reportlab takes long to import, and few processes set one soon
    )

    return render_document(title, parts)


async def store_chart(chart: Chart, name: str, files: Files, alt: str) -> dict[str, Any]:
    """Render a chart, store it with the user's files, and return the `display` that shows it.

    Args:
        chart: the chart.
        name: the name of the file without its extension.
        files: the user's files.
        alt: what the picture shows, for users who cannot see it.
    """
    file_id = await store_file(
        files, f"{name}.png", PNG, await asyncio.to_thread(render_chart, chart), "answer in words"
    )
    return {
        "type": "chart",
        "title": chart.title,
        "kind": "line" if chart.kind == "lines" else "bar",
        "file_id": file_id,
        "media_type": PNG,
        "alt": alt,
        "currency": chart.currency,
        "labels": list(chart.labels),
        "series": [{"name": series.name, "amounts": list(series.amounts)} for series in chart.series],
    }


def render_chart(chart: Chart) -> bytes:
    """The chart as a PNG picture."""
    from tools.rendering.matplotlib_chart import (
        render_png,  # matplotlib takes long to import, and few processes draw soon
    )

    return render_png(chart)
