"""Arguments for tools that change something or need the id of a row, as a data file."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("tool_calls.yaml")

NEWEST_PURCHASE = """
select id, -amount as amount from transactions
where user_id = %s and amount < -1 and not is_transfer and merchant is not null
order by posted_at desc, id limit 1
"""


def calls(purchase: Mapping[str, Any], today: dt.date) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tools and what they are called with, in an order in which they can be called.

    Args:
        purchase: id and positive amount of the transaction that they are about.
        today: the date of the calls.
    """
    part = Decimal("0.50")
    known = {"transaction": purchase["id"], "amount": part, "rest": purchase["amount"] - part}
    known["later"] = today + dt.timedelta(days=30)
    for name, arguments in yaml.safe_load(FILE.read_text("utf-8")).items():
        yield name, filled(arguments, lambda text: text.format(**known))


def filled(value: Any, fill: Callable[[str], str]) -> Any:
    """A JSON value with each of its texts filled in."""
    match value:
        case str():
            return fill(value)
        case list():
            return [filled(item, fill) for item in value]
        case dict():
            return {key: filled(item, fill) for key, item in value.items()}
        case _:
            return value
