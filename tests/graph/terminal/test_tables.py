"""Results of tools become tables, where they say more than the answer."""

from typing import Any

import pytest
from rich.console import Console

from graph.terminal.tables import Table, adds_to, render_table, table_from

DISPLAY = {
    "type": "table",
    "title": "Goals",
    "columns": ["name", "target_date", "left"],
    "rows": [{"name": "Bicycle", "target_date": "2027-06-01", "left": "900.00"}],
}
ROWS = [
    {"id": "1", "date": "2026-10-01", "amount": "-31.88", "category": "Food", "shop": {"name": "x"}, "currency": "USD"},
    {"id": "2", "date": "2026-10-02", "amount": "-7.99", "category": "Food", "shop": {"name": "y"}, "currency": "USD"},
]


def table_of(*rows: tuple[str, ...]) -> Table:
    return Table("", tuple("abcdef"[: len(rows[0])]), rows)


def drawn(table: Table, columns: int | None) -> list[str]:
    console = Console(width=columns or 400, color_system=None)
    with console.capture() as capture:
        console.print(render_table(table, columns))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_display_names_the_columns() -> None:
    table = table_from({"goals": ROWS}, DISPLAY)
    assert table == Table("Goals", ("name", "target date", "left"), (("Bicycle", "2027-06-01", "900.00"),))


def test_typed_columns_and_rows_as_lists_are_read_too() -> None:
    columns = [{"name": "name", "type": "text"}, {"name": "left", "type": "money", "label": "Still to save"}]
    table = table_from({}, {"type": "table", "title": "Goals", "columns": columns, "rows": [["Bicycle", None]]})
    assert table == Table("Goals", ("name", "Still to save"), (("Bicycle", "—"),))


def test_rows_without_a_display_become_a_table_without_ids_nested_and_constant_values() -> None:
    table = table_from({"status": "ok", "totals": [{"count": 1}] * 3, "transactions": ROWS}, None)
    assert table is not None
    assert (table.title, table.columns) == ("Transactions", ("date", "amount", "currency"))


@pytest.mark.parametrize(
    ("result", "display"),
    [
        ({"status": "ok"}, None),
        ({"rows": []}, None),
        ({"rows": [1, 2]}, None),
        ("text", None),
        ({"rows": ROWS}, {"type": "chart", "file_id": "1"}),
        ({}, {"type": "table", "title": "", "columns": ["a"], "rows": []}),
    ],
)
def test_other_results_are_no_tables(result: Any, display: Any) -> None:
    assert table_from(result, display) is None


@pytest.mark.parametrize(
    ("answer", "added"),
    [
        ("You spent 1,234.50 USD at Greenleaf Market on 1 October.", False),
        ("At GREENLEAF MARKET: 1234.5", False),
        ("greenleaf market 1.234,50 €", False),
        ("greenleaf market 1 234,50 €", False),
        ("You spent 1,234.50 USD.", True),
        ("Greenleaf Market: 1,234.49", True),
        ("", True),
    ],
)
def test_a_table_adds_what_the_answer_does_not_state(answer: str, *, added: bool) -> None:
    assert adds_to(answer, table_of(("2026-10-01", "-1234.50", "Greenleaf Market", "USD", "—"))) is added


def test_a_table_with_more_rows_than_the_answer_adds_something() -> None:
    assert adds_to("Groceries: 9.00", table_of(("Groceries", "9.00"), ("Travel", "8.00")))


def test_a_screen_shows_the_first_rows_and_the_number_of_the_others() -> None:
    lines = drawn(table_of(*((str(number),) for number in range(30))), 40)
    assert len(lines) == 1 + 12 + 1
    assert lines[-1] == "and 18 more"


def test_a_pipe_gets_every_row_and_every_character() -> None:
    lines = drawn(table_of(*((str(number), "x" * 100) for number in range(30))), None)
    assert len(lines) == 31
    assert lines[-1] == f"29  {'x' * 100}"


def test_a_derived_table_leaves_out_the_last_columns_where_they_do_not_fit() -> None:
    table = table_from({"rows": [{"shop": f"Shop {number}", "memo": f"memo {number}"} for number in range(2)]}, None)
    assert table is not None
    assert drawn(table, 14)[-1] == "Shop 1  memo 1"
    assert drawn(table, 13)[-1] == "Shop 1"


def test_numbers_stand_right() -> None:
    assert drawn(table_of(("1.00",), ("100.00",)), 40) == ["     a", "  1.00", "100.00"]
