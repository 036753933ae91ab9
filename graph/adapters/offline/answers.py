"""Puts tool results into plain words. Every amount stands as it does in the result; nothing is computed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph.adapters.offline.shapes import (
    BALANCES,
    COMPARISON,
    SHARES,
    TRANSACTIONS,
    Account,
    AccountTotal,
    Balances,
    Change,
    Comparison,
    Filters,
    Share,
    Shares,
    Total,
    Transaction,
    Transactions,
    fitted,
)

MOST_LINES = 20
MOST_CHARACTERS = 800
EMPTY = "The result is empty."

SPOKEN = (None, "ok", "no_rows", "no_accounts")
"""Statuses of results for which there are sentences."""


def tell(content: str, *, rows: bool) -> str:
    """One tool result in words; never none, whatever the result is.

    Args:
        content: the result as JSON; any other text is repeated.
        rows: whether single transactions are wanted, beside their totals.
    """
    try:
        result = json.loads(content)
    except (ValueError, RecursionError):
        return shortened(content.strip()) or EMPTY
    if not isinstance(result, dict):
        return shortened(json.dumps(result, ensure_ascii=False))
    if "error" in result:
        return f"I could not look that up: {finished(str(result['error']))}"
    return "\n".join(_sentences(result, rows)) or EMPTY


def _sentences(result: Mapping[str, Any], rows: bool) -> Iterator[str]:
    if result.get("status") in SPOKEN:
        if accounts := fitted(result, BALANCES):
            return balances(accounts)
        if compared := fitted(result, COMPARISON):
            return changes(compared)
        if shared := fitted(result, SHARES):
            return shares(shared)
        if found := fitted(result, TRANSACTIONS):
            return movements(found, rows)
    return fields(result)


def movements(result: Transactions, rows: bool) -> Iterator[str]:
    filters = result["filters"]
    if not result["totals"] and not result["transactions"]:
        yield f"I found no {_kind(filters)}{scope(filters)}."
        return
    if result["totals"]:
        yield sums(result["totals"], filters)
    if rows or not result["totals"]:
        listed = result["transactions"][:MOST_LINES]
        yield from (_movement(row) for row in listed)
        if len(listed) < result["matches"]:
            yield f"These are the newest {len(listed)} of {result['matches']}."


def _movement(row: Transaction) -> str:
    name = row.get("merchant") or row.get("description") or "no name"
    return f"- {row['date']}: {row['amount']} {row['currency']}, {name} ({row.get('category') or 'Uncategorized'})"


def shares(result: Shares) -> Iterator[str]:
    filters = result["filters"]
    if not result["categories"]:
        yield f"I found no {_kind(filters)}{scope(filters)}."
        return
    if totals := result.get("totals"):
        yield sums(totals, filters)
    listed = result["categories"][:MOST_LINES]
    several = len({entry.get("type") for entry in listed}) > 1
    yield from (_share(entry, several) for entry in listed)
    if len(listed) < len(result["categories"]):
        yield f"These are the first {len(listed)} of {len(result['categories'])} lines."


def _share(entry: Share, several: bool) -> str:
    kind = f", {entry['type']}" if several and "type" in entry else ""
    notes = f"{counted(entry['count'])}, {entry['share_percent']} %{kind}"
    return f"- {entry['category']}: {entry['total']} {entry['currency']} ({notes})"


def changes(result: Comparison) -> Iterator[str]:
    """What differs between two periods, in total and by category."""
    filters = result["filters"]
    before, after = result["periods"]["before"], result["periods"]["after"]
    spans = [_period(days["start_date"], days["end_date"]) for days in (before, after)]
    if not result["totals"] and not result["categories"]:
        yield f"I found no {_kind(filters)} {' or '.join(spans)}."
        return
    yield f"Before is {spans[0]}, after is {spans[1]}."
    for total in result["totals"]:
        if filters.get("type") != "income":
            yield f"- Spent: {_change(total['spent_net'], total['currency'])}"
        if filters.get("type") != "expense":
            yield f"- Received: {_change(total['income'], total['currency'])}"
    listed = result["categories"][:MOST_LINES]
    yield from (f"- {entry['category']}, {entry['type']}: {_change(entry, entry['currency'])}" for entry in listed)
    if len(listed) < result["all_categories"]:
        yield f"These are the first {len(listed)} of {result['all_categories']} categories."


def _change(change: Change, currency: str) -> str:
    percent = f", {change['percent']} %" if change["percent"] is not None else ""
    amounts = f"{change['before']} {currency} before, {change['after']} {currency} after"
    return f"{amounts} (difference {change['difference']} {currency}{percent})"


def balances(result: Balances) -> Iterator[str]:
    accounts, wanted = result["accounts"], result["account_type"]
    if not accounts:
        yield f"There are no {'' if wanted == 'all' else f'{wanted} '}accounts in your records."
        return
    if len(accounts) == 1:
        yield f"{_balance(accounts[0])}."
        return
    yield "Your accounts:"
    yield from (f"- {_balance(account)}" for account in accounts)
    yield from (_together(total) for total in result["totals"] if total["net"] is not None)


def _balance(account: Account) -> str:
    last4 = account.get("number_last4")
    name = f"{account['name']} ({account['type']}{f', ending in {last4}' if last4 else ''})"
    if account.get("balance") is None:
        return f"{name}: the balance is unknown"
    day = f" as of {account['as_of']}" if account.get("as_of") else ""
    return f"{name}: {account['balance']} {account['currency']}{day}"


def _together(total: AccountTotal) -> str:
    unknown = f"; {total['unknown']} not known" if total["unknown"] else ""
    return (
        f"Together in {total['currency']}: {total['net']} net ({total['assets']} held, {total['owed']} owed{unknown})."
    )


def sums(totals: Sequence[Total], filters: Filters) -> str:
    """The totals of all currencies in one sentence."""
    kind = filters.get("type", "all")
    opening = {"expense": "You spent ", "income": "You received ", "transfer": "Your transfers add up to "}.get(
        kind, ""
    )
    if len(totals) == 1:
        amount, notes = _sum(totals[0], kind)
        return f"{opening}{amount}{scope(filters)} ({notes})."
    each = [f"{amount} ({notes})" for amount, notes in (_sum(total, kind) for total in totals)]
    return f"{opening}{joined(each)}{scope(filters)}."


def _sum(total: Total, kind: str) -> tuple[str, str]:
    """An amount with its currency, and what to know about it."""
    currency, count = total["currency"], counted(total["count"])
    refunded = f", {total['refunds']} refunded" if total["refunds"].strip("0.") else ""
    if kind == "expense":
        return f"{total['spent_net']} {currency}", f"{count}{refunded}"
    if kind == "income":
        return f"{total['income']} {currency}", count
    transfers = total.get("transfers")
    if kind == "transfer":
        return (f"{transfers} {currency}" if transfers else f"no known amount of {currency}"), count
    moved = f"; {transfers} in transfers" if transfers and transfers.strip("0.") else ""
    spent = f"{total['spent_net']} {currency} spent{refunded} and {total['income']} {currency} received"
    return spent, f"{count}, net {total['net']} {currency}{moved}"


def scope(filters: Filters) -> str:
    """What a result covers, by the filters that it names."""
    category, accounts = filters.get("category"), filters.get("accounts")
    categories = filters.get("categories") or ([category] if category else [])
    parts = [
        f"on {joined(categories)}" if categories else "",
        f"at “{merchant}”" if (merchant := filters.get("merchant_contains")) else "",
        f"with “{words}”" if (words := filters.get("description_contains")) else "",
        f"through {joined(accounts)}" if accounts else "",
        _limits(filters.get("min_amount"), filters.get("max_amount")),
        _period(filters.get("start_date"), filters.get("end_date")),
    ]
    return "".join(f" {part}" for part in parts if part)


def _limits(least: str | None, most: str | None) -> str:
    if least and most:
        return f"in amounts from {least} to {most}"
    return f"in amounts from {least}" if least else f"in amounts up to {most}" if most else ""


def _period(start: str | None, end: str | None) -> str:
    if start and start == end:
        return f"on {start}"
    if start and end:
        return f"from {start} to {end}"
    return f"since {start}" if start else f"up to {end}" if end else "in all your records"


def _kind(filters: Filters) -> str:
    return {"expense": "spending", "income": "income", "transfer": "transfers"}.get(
        filters.get("type", ""), "transactions"
    )


def fields(result: Mapping[str, Any]) -> Iterator[str]:
    """Any other result, field by field."""
    for name, value in list(result.items())[:MOST_LINES]:
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"- {name.replace('_', ' ')}: {shortened(text)}"


def counted(count: int) -> str:
    return f"{count} transaction{'' if count == 1 else 's'}"


def joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def finished(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """A text, cut between words where it is longer than that."""
    if len(text) <= most:
        return text
    whole_words = text[:most].rsplit(maxsplit=1) or [""]
    return f"{whole_words[0]} …"
