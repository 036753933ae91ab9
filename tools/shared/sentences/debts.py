"""Phrases about debts."""

from decimal import Decimal

from graph.tool import Row
from tools.shared.sentences.wording import Wording


def debt_phrase(debt: Row, wording: Wording) -> str:
    """A debt with its rate and minimum: `Car loan with $9,000.00 at 6.5%`."""
    if not Decimal(debt["balance"]):
        return f"{debt['name']}, which is paid off"
    balance, rate = wording.money(debt["balance"], debt["currency"]), wording.percent(debt["annual_rate_percent"])
    return f"{debt['name']} with {balance} at {rate}"
