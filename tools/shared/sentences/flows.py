"""Sentences about spending, income and transfers: what was added up, within which scope."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from graph.tool import Row
from tools.shared.sentences.lists import join_names
from tools.shared.sentences.wording import Wording

NOUNS = {"expense": "spending", "income": "income", "transfer": "transfers"}
"""What is missing where nothing of a type was found."""


OPENINGS = {"expense": "You spent", "income": "You received", "transfer": "Your transfers add up to"}
OTHERS = {"expense": "spent ", "income": "received ", "transfer": "moved ", "all": ""}


def scope_of(filters: Row, wording: Wording, kind: str = "") -> str:
    """The filters of a result, each with its preposition: ` on Groceries at “Amazon” in October`.

    Args:
        filters: the filters as results hold them.
        wording: how they are written.
        kind: income comes from its categories and merchants.
    """
    on, at = ("from", "from") if (kind or filters.get("type")) == "income" else ("on", "at")
    category, categories = filters.get("category"), filters.get("categories")
    names = [category] if category else categories if isinstance(categories, list) else []
    smallest, largest = (filters.get(name) for name in ("min_amount", "max_amount"))
    amounts = [
        f"of at least {wording.number(smallest)}" if smallest else "",
        f"of at most {wording.number(largest)}" if largest else "",
    ]
    accounts = filters.get("accounts") or []
    parts = [
        f"{on} {join_names(names)}" if names else "",
        f"{at} “{filters['merchant_contains']}”" if filters.get("merchant_contains") else "",
        f"for “{filters['description_contains']}”" if filters.get("description_contains") else "",
        f"through {join_names(accounts)}" if accounts else "",
        f"in amounts {' and '.join(filter(None, amounts))}" if any(amounts) else "",
        wording.period(filters.get("start_date"), filters.get("end_date")),
    ]
    return "".join(f" {part}" for part in parts if part)


def nothing_found(filters: Row, wording: Wording) -> str:
    """That nothing matches, with the filters and the period."""
    noun, scope = NOUNS.get(filters.get("type", ""), "transactions"), scope_of(filters, wording)
    return f"I found no {noun}{scope.replace(' in all your', ' in your')}."


def main_currency(totals: Sequence[Row]) -> str:
    """The currency with the most transactions."""
    return str(max(totals, key=lambda total: total["count"])["currency"])


def main_first(rows: Sequence[Row], totals: Sequence[Row]) -> list[Row]:
    """The rows of the main currency, then all others, each in their order."""
    main = main_currency(totals)
    return sorted(rows, key=lambda row: row["currency"] != main)


def totals_sentences(totals: Sequence[Row], filters: Row, wording: Wording) -> Iterator[str]:
    """The totals of the main currency, then those of all others.

    `You spent $512.34 on Groceries in October, in 23 transactions. In other currencies you spent CA$75.00 (1 transaction).`
    """
    main, *others = main_first(totals, totals)
    kind = kind_of(main, filters)
    scope = scope_of(filters, wording, kind)
    amount, notes = total_phrase(main, kind, wording)
    if kind == "expense" and Decimal(main["spent_net"]) < 0:
        yield f"You got {amount} more back than you spent{scope}, in {notes}."
    elif kind == "all":
        yield f"You {amount}{scope}, {net_phrase(main['net'], main['currency'], wording)}, in {notes}."
    else:
        yield f"{OPENINGS[kind]} {amount}{scope}, in {notes}."
    if others:
        yield f"In other currencies you {join_names([other_phrase(total, filters, wording) for total in others])}."


def other_phrase(total: Row, filters: Row, wording: Wording) -> str:
    """The total of a currency beside the main one: `spent CA$75.00 (1 transaction)`."""
    kind = kind_of(total, filters)
    amount, notes = total_phrase(total, kind, wording)
    return f"{OTHERS[kind]}{amount} ({notes})"


def total_phrase(total: Row, kind: str, wording: Wording) -> tuple[str, str]:
    """An amount with its currency, and notes on it."""
    currency, notes = total["currency"], wording.count(total["count"], "transaction")
    if kind == "income":
        return wording.money(total["income"], currency), notes
    if kind == "transfer":
        return wording.money(total["transfers"], currency), notes
    if Decimal(total["refunds"]):
        notes += f" with {wording.money(total['refunds'], currency)} of refunds taken off"
    if kind == "expense":
        return wording.size(total["spent_net"], currency), notes
    spent, income = (wording.money(total[name], currency) for name in ("spent_net", "income"))
    return f"spent {spent} and received {income}", notes


def net_phrase(net: str, currency: str, wording: Wording) -> str:
    """What income less spending comes to."""
    if not Decimal(net):
        return "which leaves nothing over"
    if Decimal(net) < 0:
        return f"which is {wording.size(net, currency)} more than came in"
    return f"which leaves {wording.money(net, currency)}"


def kind_of(total: Row, filters: Row) -> str:
    """The type that was asked for; of all types, what a total holds: only spending, only income, or both."""
    if (kind := filters.get("type", "all")) != "all":
        return str(kind)
    spent = bool(Decimal(total["spent_gross"]) or Decimal(total["refunds"]))
    earned = bool(Decimal(total["income"]))
    if not spent and not earned and Decimal(total.get("transfers", "0")):
        return "transfer"
    return "all" if spent == earned else "expense" if spent else "income"


def transaction_phrase(row: Row, wording: Wording) -> str:
    """A transaction: `$54.20 at Trader Joe's on November 3`."""
    amount, kind, merchant = Decimal(row["amount"]), row.get("type"), row.get("merchant")
    money = wording.size(row["amount"], row["currency"])
    what = f"a transfer of {money}" if kind == "transfer" else money
    if amount > 0 and kind == "expense":
        what = f"a refund of {money}"
    if merchant:
        what += f" {'from' if amount > 0 else 'at'} {merchant}"
    elif row.get("description"):
        what += f" ({row['description']})"
    return f"{what} on {wording.day(row['date'])}"
