"""The currency of a call that names none."""

from dataclasses import replace

import pytest

from graph.tool import ToolContext, ToolError
from graph.values.profile import Profile
from tests.support.ledgers import Ledger, spent
from tools.shared.currencies import resolve_currency


async def test_the_currency_of_most_rows_is_taken_until_the_user_has_chosen_one(
    ledger: Ledger, user: str, context: ToolContext
) -> None:
    await ledger.add_transactions(user, [spent("1"), *(spent(str(amount), currency="CAD") for amount in (2, 3))])
    assert await resolve_currency(None, context) == "CAD"
    chosen = replace(context, profile=Profile(currency="EUR"))
    assert await resolve_currency(None, chosen) == "EUR"
    assert await resolve_currency("GBP", chosen) == "GBP"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("accounts", {"id": "00000000-0000-4000-8000-0000000000a1", "name": "Main", "type": "checking"}),
        ("goals", {"name": "Trip", "target_amount": "9"}),
        ("budgets", {"monthly_amount": "9"}),
        ("debts", {"name": "Car", "balance": "9"}),
    ],
)
async def test_a_single_row_tells_the_currency(
    ledger: Ledger, user: str, context: ToolContext, table: str, row: dict[str, str]
) -> None:
    with pytest.raises(ToolError, match=r"^Which currency"):
        await resolve_currency(None, context)
    await ledger.add(table, user, {**row, "currency": "CHF"})
    assert await resolve_currency(None, context) == "CHF"
