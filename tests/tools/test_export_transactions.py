"""An exported file holds the rows that match, its totals are exact, and no cell of it is a formula."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook  # type: ignore[import-untyped]

from graph.tool import ToolContext, ToolError
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import Ledger, UserRows, earned, spent, transferred
from tools import export_transactions as exports
from tools.export_transactions import (
    COLUMNS,
    ExportTransactions,
    escape_formula,
    export_transactions,
    write_csv,
    write_xlsx,
)


async def export(context: ToolContext, **arguments: Any) -> dict[str, Any]:
    return await export_transactions(ExportTransactions(**arguments), context)


def lines_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells_of(content: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def row(**changes: Any) -> dict[str, Any]:
    return {
        "posted_at": dt.date(2025, 3, 1),
        "amount": Decimal("-12.50"),
        "currency": "USD",
        "flow": "expense",
        "category": "Groceries",
        "merchant": "Harbour Bakery",
        "description": "",
        "account": None,
        **changes,
    }


async def test_a_csv_holds_the_matching_rows_newest_first(
    ledger: Ledger, user: str, context: ToolContext, files: FakeFiles
) -> None:
    [account] = await ledger.add_accounts(user, [{"name": "Everyday", "type": "checking"}])
    await ledger.add_transactions(
        user,
        [
            spent("12.50", on="2025-03-01", merchant="Harbour Bakery", account_id=account),
            earned("100", on="2025-03-31", description='pay, "March"'),
            spent("1", on="2025-04-01"),
        ],
    )
    result = await export(context, start_date="2025-03-01", end_date="2025-03-31")
    [(name, media_type, content)] = files.kept
    assert (name, media_type) == ("transactions-2025-03-01-to-2025-03-31.csv", "text/csv")
    assert lines_of(content) == [
        list(COLUMNS),
        ["2025-03-31", "100.00", "USD", "income", "Income", "", 'pay, "March"', ""],
        ["2025-03-01", "-12.50", "USD", "expense", "Groceries", "Harbour Bakery", "", "Everyday"],
    ]
    assert (result["status"], result["matches"], result["exported"]) == ("ok", 2, 2)
    assert result["display"] == {
        "type": "document",
        "title": "2 transactions, 2025-03-01 to 2025-03-31",
        "file_id": "file-1",
        "media_type": "text/csv",
        "bytes": len(content),
    }


async def test_an_excel_file_has_dates_and_numbers(
    ledger: Ledger, user: str, context: ToolContext, files: FakeFiles
) -> None:
    await ledger.add_transactions(user, [spent("12.50", on="2024-02-29", merchant="Harbour Bakery")])
    await export(context, format="xlsx")
    [(name, _, content)] = files.kept
    assert name == "transactions-2024-02-29-to-2024-02-29.xlsx"
    header, cells = cells_of(content)
    assert header == COLUMNS
    assert cells == (dt.datetime(2024, 2, 29), -12.5, "USD", "expense", "Groceries", "Harbour Bakery", None, None)


async def test_totals_are_exact_over_all_matches_though_not_all_fit(
    ledger: Ledger, user: str, context: ToolContext, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 3)
    rows = [spent("0.01")] * 5 + [spent("2", currency="CAD"), transferred("-9")]
    await ledger.add_transactions(user, rows)
    result = await export(context)
    assert (result["matches"], result["exported"], result["most_that_fit"]) == (7, 3, 3)
    assert len(lines_of(files.kept[0][2])) == 4
    assert [(each["currency"], each["spent_net"], each["transfers"]) for each in result["totals"]] == [
        ("CAD", "2.00", "0.00"),
        ("USD", "0.05", "-9.00"),
    ]


async def test_only_the_wanted_categories_are_exported(ledger: Ledger, user: str, context: ToolContext) -> None:
    await ledger.add_transactions(user, [spent("1"), spent("2", "Shopping")])
    result = await export(context, categories=["shopping"])
    assert (result["matches"], result["filters"]["categories"]) == (1, ["Shopping"])
    with pytest.raises(ToolError, match="no category"):
        await export(context, categories=["Nonsense"])


async def test_where_nothing_matches_there_is_no_file(context: ToolContext, files: FakeFiles) -> None:
    result = await export(context)
    assert (result["status"], result["matches"], files.kept) == ("no_rows", 0, [])
    assert "display" not in result


async def test_nobody_elses_rows_are_exported(
    ledger: Ledger, user: str, context: ToolContext, rows_of: Callable[[str], UserRows]
) -> None:
    await ledger.add_transactions(user, [spent("1")])
    assert (await export(replace(context, rows=rows_of(str(uuid.uuid4())))))["status"] == "no_rows"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\r=1",
        "\n@x",
        "\x00=1",
        "\uff1d1",
        "\uff20x",
        "\u00a0=1",
        "|cmd",
        "%0",
    ],
)
def test_what_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert escape_formula(text).startswith("'")


@pytest.mark.parametrize("text", ["Harbour Bakery", "5-a-side", "a=b", "ana@example.com", "", "'quoted"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert escape_formula(text) == text


STORED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
"""Any text that the database can hold."""


@settings(max_examples=40, deadline=None)
@given(STORED, STORED)
def test_no_cell_of_any_text_is_a_formula_or_breaks_the_file(merchant: str, description: str) -> None:
    rows = [row(merchant=merchant, description=description)]
    for lines in (lines_of(write_csv(rows)), cells_of(write_xlsx(rows))):
        assert len(lines) == 2
        assert not [cell for cell in lines[1][2:] if str(cell or "").lstrip().startswith(("=", "+", "-", "@"))]
    [cells] = load_workbook(io.BytesIO(write_xlsx(rows))).active.iter_rows(min_row=2)
    assert "f" not in {cell.data_type for cell in cells}
