"""Exports transactions to a CSV or Excel file."""

import asyncio
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from graph.tool import DISPLAY, Row, Tool, ToolContext
from graph.values.currencies import decimal_places, round_amount
from tools.rendering.file_storage import store_file
from tools.shared.arguments import PeriodArguments
from tools.shared.categories import resolve_categories
from tools.shared.flows import flow_totals
from tools.shared.money import amount_text
from tools.shared.sentences.flows import nothing_found, scope_of, totals_sentences
from tools.shared.sentences.wording import Wording, summarized

MAX_ROWS = 20_000
"""The most rows in a file."""

COLUMNS = ("Date", "Amount", "Currency", "Type", "Category", "Merchant", "Description", "Account")
FORMULA_STARTS = ("=", "+", "-", "@", "|", "%")
"""First characters of cells that a spreadsheet may execute as a formula or pass to another program."""
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that a spreadsheet file must not contain."""
LINE_BREAKS = re.compile(r"[\t\r\n]+")

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportTransactions(PeriodArguments):
    format: Literal["csv", "xlsx"] = Field("csv", description="xlsx: for Excel.")
    categories: list[str] = Field(default_factory=list, description="Only these categories, by name.", max_length=50)


async def export_transactions(arguments: ExportTransactions, context: ToolContext) -> dict[str, Any]:
    """Write the user's transactions of a period into a CSV or Excel file that the user can download. The user sees it
    beside your answer.

    Use it when the user asks for a file, an export, a spreadsheet or a download of transactions. The file is shown to the
    user beside your answer: do not print its rows or make up a link, say how many transactions it holds. `exported` are
    in the file, the newest first; `matches` is how many there are. Where `exported` is less, the rest did not fit: say so
    and offer a shorter period. `totals` is exact over all matches, one entry a currency. `status` is "no_rows" if nothing
    matches; then there is no file.
    """
    arguments.check_period()
    categories = await resolve_categories(arguments.categories, context.rows) if arguments.categories else None
    wanted = {"start_date": arguments.start_date, "end_date": arguments.end_date, "categories": categories}
    sums = await context.rows.fetch("totals_to_export", **wanted)
    matches = sum(row["matches"] for row in sums)
    result = {
        "status": "ok" if matches else "no_rows",
        "filters": arguments.as_filters() | {"categories": categories or "all"},
        "matches": matches,
        "totals": [flow_totals(row) | {"transfers": amount_text(row["transfers"], row["currency"])} for row in sums],
    }
    if not matches:
        return summarized(result, export_sentences, context)
    rows = await context.rows.fetch("transactions_to_export", **wanted, limit=MAX_ROWS)
    name = f"transactions-{rows[-1]['posted_at']}-to-{rows[0]['posted_at']}.{arguments.format}"
    content = await asyncio.to_thread(WRITERS[arguments.format], rows)
    file_id = await store_file(context.files, name, MEDIA_TYPES[arguments.format], content, "ask for a shorter period")
    exported = result | {"exported": len(rows), "most_that_fit": MAX_ROWS, "file_name": name}
    return summarized(exported, export_sentences, context) | {
        DISPLAY: {
            "type": "document",
            "title": f"{len(rows)} transactions, {rows[-1]['posted_at']} to {rows[0]['posted_at']}",
            "file_id": file_id,
            "media_type": MEDIA_TYPES[arguments.format],
            "bytes": len(content),
        },
    }


def write_csv(rows: Sequence[Row]) -> bytes:
    """The rows as CSV: RFC 4180, UTF-8 with a byte order mark, which Excel needs."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(
        (row["posted_at"].isoformat(), amount_text(row["amount"], row["currency"]), *text_cells(row)) for row in rows
    )
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Sequence[Row]) -> bytes:
    """The rows as an Excel workbook with dates, numeric amounts and text."""
    from openpyxl import Workbook  # type: ignore[import-untyped]
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Transactions")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGH", (12, 12, 9, 10, 24, 28, 40, 20), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(COLUMNS)
    for row in rows:
        amount = WriteOnlyCell(sheet, round_amount(row["amount"], row["currency"]))
        amount.number_format = number_format(row["currency"])
        sheet.append([row["posted_at"], amount, *text_cells(row)])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def number_format(currency: str) -> str:
    """The spreadsheet number format for amounts of a currency."""
    decimals = decimal_places(currency)
    return f"0.{'0' * decimals}" if decimals else "0"


WRITERS: Mapping[str, Callable[[Sequence[Row]], bytes]] = {"csv": write_csv, "xlsx": write_xlsx}


def text_cells(row: Row) -> list[str]:
    names = ("currency", "flow", "category", "merchant", "description", "account")
    return [escape_formula(row[name] or "") for name in names]


def escape_formula(text: str) -> str:
    """The text of a cell, with an apostrophe before anything that looks like a formula.

    The sender of a payment writes its description, so it can carry an attack on the program that opens the file (CSV
    injection, OWASP).
    """
    plain = LINE_BREAKS.sub(" ", CONTROL_CHARACTERS.sub("", text))
    return f"'{plain}" if unicodedata.normalize("NFKC", plain).lstrip().startswith(FORMULA_STARTS) else plain


def export_sentences(result: Row, wording: Wording) -> Iterator[str]:
    filters, matches = result["filters"], result["matches"]
    if not matches:
        yield f"{nothing_found(filters, wording)[:-1]}, so there is no file."
        return
    exported = wording.count(result["exported"], "transaction")
    yield f"The file {result['file_name']} is ready and holds {exported}{scope_of(filters, wording)}."
    if result["exported"] < matches:
        left_out = wording.number(matches)
        yield f"There are {left_out} in all; the rest did not fit, so ask for a shorter period."
    yield from totals_sentences(result["totals"], filters, wording)


TOOL = Tool(
    export_transactions,
    timeout_seconds=30.0,
    max_calls_per_minute=5,
    examples=(
        "Export my transactions as a CSV file",
        "Give me a spreadsheet of all my transactions this year",
        "Download my transactions as Excel",
        "I need an xlsx file of what I spent in March",
        "Can you export last month to a file?",
        "Make a CSV of my grocery transactions for my accountant",
    ),
)
