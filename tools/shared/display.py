"""Tables that a client displays."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from graph.tool import DISPLAY, Row

ColumnType = Literal["money", "date", "text", "count", "percent"]
NAMES_BY_TYPE: tuple[tuple[ColumnType, str], ...] = (
    (
        "money",
        "amount balance before after difference budget spent left projected income spent_net net net_low net_high total "
        "contributed interest principal current target minimum_payment usual_amount monthly_cost needed_per_month "
        "expected_amount",
    ),
    ("date", "date month as_of expected_date next_due next_expected_date payoff_month target_date made_on"),
    ("count", "count goals year"),
    ("percent", "annual_rate_percent percent share_percent"),
)
COLUMN_TYPES: Mapping[str, ColumnType] = {name: kind for kind, names in NAMES_BY_TYPE for name in names.split()}
"""The type of each column by its name; all others are texts. A month is a date without a day. The currency of an amount is
in the row's `currency`, else the user's."""


def table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    """The `display` of a result with these columns of its rows; empty without rows."""
    if not rows:
        return {}
    return {
        DISPLAY: {
            "type": "table",
            "title": title,
            "columns": list(columns),
            "types": {name: COLUMN_TYPES.get(name, "text") for name in columns},
            "rows": [{name: row[name] for name in columns} for row in rows],
        }
    }
