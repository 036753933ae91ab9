"""Tables from the results of tools."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any

from rich import table as rich_table
from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from graph.terminal.printable import NOTHING, one_line

MAX_ROWS = 12
"""Rows of a table on the screen. A pipe gets all of them."""
MAX_COLUMNS = 6
"""Columns of a table that no `display` describes."""
MAX_CELL_CHARS = 36
GAP = 2
"""Spaces between two columns."""

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?%?")
DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2}(?:T[\d:.+Z-]+)?)?")
CURRENCY = re.compile(r"[A-Z]{3}")
WRITTEN_NUMBER = re.compile(r"\d{1,3}(?:[.,'\u2019\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?")
"""A number with groups of three digits, or one without."""
SUMMARIES = frozenset({"totals"})
"""Lists of a result that sum up the rows beside them."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_derived: bool = False
    """Whether no `display` chose its columns."""


def table_from(result: Any, display: Any) -> Table | None:
    """The table that a tool's result holds, from its `display` or from the longest list of rows; None if there is none."""
    if isinstance(display, Mapping) and display.get("type") == "table":
        return displayed_table(display)
    if isinstance(display, Mapping) or not isinstance(result, Mapping):
        return None
    return derived_table(result)


def displayed_table(display: Mapping[str, Any]) -> Table | None:
    """The table of a `display`. A column is a name, or an object with `name` and perhaps `label`."""
    columns = [column if isinstance(column, Mapping) else {"name": column} for column in display.get("columns", ())]
    names = [str(column.get("name", "")) for column in columns]
    labels = [str(column.get("label") or to_label(name)) for column, name in zip(columns, names, strict=True)]
    return build_table(str(display.get("title", "")), names, labels, display.get("rows") or ())


def derived_table(result: Mapping[str, Any]) -> Table | None:
    """A table of the result's longest list of objects, without ids and nested values."""
    lists = {name: rows for name, rows in result.items() if name not in SUMMARIES and is_rows(rows)}
    if not lists:
        return None
    name = max(lists, key=lambda each: len(lists[each]))
    rows = lists[name]
    columns = list(islice((column for column in rows[0] if is_informative(column, rows)), MAX_COLUMNS))
    table = build_table(to_label(name).capitalize(), columns, [to_label(column) for column in columns], rows)
    return replace(table, is_derived=True) if table else None


def is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def is_informative(column: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column without a description tells a person something: no ids, no nested values, no text that is the same in
    every row, except a currency.
    """
    values = [row.get(column) for row in rows]
    if column == "id" or column.endswith("_id") or any(isinstance(value, Mapping | list) for value in values):
        return False
    return column == "currency" or (any(values) and (len(rows) == 1 or len(set(values)) > 1))


def build_table(title: str, names: Sequence[str], labels: Sequence[str], rows: Sequence[Any]) -> Table | None:
    cells = [tuple(one_line(cell) for cell in cells_of(row, names)) for row in rows]
    return Table(one_line(title), tuple(map(one_line, labels)), tuple(cells)) if cells and names else None


def cells_of(row: Any, names: Sequence[str]) -> Iterator[object]:
    """The cells of a row, which is an object by column or a list in the order of the columns."""
    if isinstance(row, Mapping):
        return (row.get(name) for name in names)
    values = list(row) if isinstance(row, list) else [row]
    return iter((*values, *[None] * len(names))[: len(names)])


def to_label(name: str) -> str:
    return name.replace("_", " ")


def adds_to(answer: str, table: Table) -> bool:
    """Whether the table holds a value that the answer does not state.

    Amounts are compared as numbers. Dates and currencies are passed over, since an answer words them in its own way.
    """
    words, numbers = answer.casefold(), numbers_in(answer)
    return any(not is_stated(cell, words, numbers) for row in table.rows for cell in row)


def is_stated(cell: str, words: str, numbers: set[Decimal]) -> bool:
    if cell in ("", NOTHING, "yes", "no") or DATE.fullmatch(cell) or CURRENCY.fullmatch(cell):
        return True
    if NUMBER.fullmatch(cell):
        return abs(Decimal(cell.rstrip("%"))) in numbers
    return cell.casefold() in words


def numbers_in(text: str) -> set[Decimal]:
    """The numbers of a text. One with a single separator before three digits is read in both ways."""
    found = set()
    for written in WRITTEN_NUMBER.findall(text):
        *groups, last = re.split(r"\D", written)
        if groups:
            found.add(Decimal(f"{''.join(groups)}.{last}"))
        found.add(Decimal("".join((*groups, last))))
    return found


def render_table(table: Table, columns: int | None) -> Group:
    """The table with its title, as rich draws it.

    Args:
        table: what to draw.
        columns: the width of the screen, which gets the first `MAX_ROWS`; None for a pipe, which gets everything.
    """
    if columns:
        table = fitted(table, columns)
    drawn = rich_table.Table(
        header_style="dim",
        box=None,
        padding=(0, GAP, 0, 0),
        pad_edge=False,
    )
    for number, label in enumerate(table.columns):
        numeric = all(NUMBER.fullmatch(row[number]) or row[number] == NOTHING for row in table.rows)
        drawn.add_column(label, justify="right" if numeric else "left", no_wrap=numeric)
    for row in table.rows[:MAX_ROWS] if columns else table.rows:
        drawn.add_row(*row)
    title = [Text(table.title, "bold")] if table.title else []
    hidden = len(table.rows) - MAX_ROWS
    rest = [Text(f"and {hidden} more", "dim")] if columns and hidden > 0 else []
    return Group(*title, drawn, *rest)


def fitted(table: Table, columns: int) -> Table:
    """The table with shortened cells and, where no `display` chose its columns, without the last ones that do not fit."""
    rows = [tuple(map(shortened, row)) for row in table.rows]
    count = len(table.columns)
    if table.is_derived:
        widths = [max(map(cell_len, cells)) + GAP for cells in zip(table.columns, *rows[:MAX_ROWS], strict=True)]
        fitting = [end for end in range(1, count + 1) if sum(widths[:end]) - GAP <= columns]
        count = max(fitting, default=1)
    return replace(table, columns=table.columns[:count], rows=tuple(row[:count] for row in rows))


def shortened(cell: str) -> str:
    return cell if len(cell) <= MAX_CELL_CHARS else f"{cell[: MAX_CELL_CHARS - 1]}…"
