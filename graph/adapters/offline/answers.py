"""Renders tool results as sentences. Every amount is copied from the result; nothing is computed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph.adapters.offline.asked_back import question_in
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
    validated_as,
)

MAX_LINES = 20
MAX_TEXT_CHARS = 800
EMPTY = "The result is empty."

RENDERED_STATUSES = (None, "ok", "no_rows", "no_accounts")
"""Statuses of results that are rendered as sentences."""


def render_result(content: str, *, rows: bool) -> str:
    """Render one tool result; the text is never empty.

    Args:
        content: the result as JSON; any other text is repeated.
        rows: whether to list single transactions beside their totals.
    """
    try:
        result = json.loads(content)
    except (ValueError, RecursionError):
        return truncated(content.strip()) or EMPTY
    if not isinstance(result, dict):
        return truncated(json.dumps(result, ensure_ascii=False))
    if "error" in result:
        error = str(result["error"])
        return question_in(error) or f"I could not look that up: {end_sentence(error)}"
    return "\n".join(_sentences(result, rows)) or EMPTY


def _sentences(result: Mapping[str, Any], rows: bool) -> Iterator[str]:
    if result.get("status") in RENDERED_STATUSES:
        if accounts := validated_as(result, BALANCES):
            return render_balances(accounts)
        if compared := validated_as(result, COMPARISON):
            return render_comparison(compared)
        if shared := validated_as(result, SHARES):
            return render_shares(shared)
        if found := validated_as(result, TRANSACTIONS):
            return render_transactions(found, rows)
    return render_fields(result)


def render_transactions(result: Transactions, rows: bool) -> Iterator[str]:
    filters = result["filters"]
    if not result["totals"] and not result["transactions"]:
        yield f"I found no {_kind(filters)}{render_filters(filters)}."
        return
    if result["totals"]:
        yield render_totals(result["totals"], filters)
    if rows or not result["totals"]:
        listed = result["transactions"][:MAX_LINES]
        yield from (_transaction_line(row) for row in listed)
        if len(listed) < result["matches"]:
            yield f"These are the newest {len(listed)} of {result['matches']}."


def _transaction_line(row: Transaction) -> str:
    name = row.get("merchant") or row.get("description") or "no name"
    return f"- {row['date']}: {row['amount']} {row['currency']}, {name} ({row.get('category') or 'Uncategorized'})"


def render_shares(result: Shares) -> Iterator[str]:
    filters = result["filters"]
    if not result["categories"]:
        yield f"I found no {_kind(filters)}{render_filters(filters)}."
        return
    if totals := result.get("totals"):
        yield render_totals(totals, filters)
    listed = result["categories"][:MAX_LINES]
    several = len({entry.get("type") for entry in listed}) > 1
    yield from (_share_line(entry, several) for entry in listed)
    if len(listed) < len(result["categories"]):
        yield f"These are the first {len(listed)} of {len(result['categories'])} lines."


def _share_line(entry: Share, several: bool) -> str:
    kind = f", {entry['type']}" if several and "type" in entry else ""
    notes = f"{transaction_count(entry['count'])}, {entry['share_percent']} %{kind}"
    return f"- {entry['category']}: {entry['total']} {entry['currency']} ({notes})"


def render_comparison(result: Comparison) -> Iterator[str]:
    """The differences between two periods, in total and by category."""
    filters = result["filters"]
    before, after = result["periods"]["before"], result["periods"]["after"]
    spans = [_period(days["start_date"], days["end_date"]) for days in (before, after)]
    if not result["totals"] and not result["categories"]:
        yield f"I found no {_kind(filters)} {' or '.join(spans)}."
        return
    yield f"Before is {spans[0]}, after is {spans[1]}."
    for total in result["totals"]:
        if filters.get("type") != "income":
            yield f"- Spent: {_change_text(total['spent_net'], total['currency'])}"
        if filters.get("type") != "expense":
            yield f"- Received: {_change_text(total['income'], total['currency'])}"
    listed = result["categories"][:MAX_LINES]
    yield from (f"- {entry['category']}, {entry['type']}: {_change_text(entry, entry['currency'])}" for entry in listed)
    if len(listed) < result["all_categories"]:
        yield f"These are the first {len(listed)} of {result['all_categories']} categories."


def _change_text(change: Change, currency: str) -> str:
    percent = f", {change['percent']} %" if change["percent"] is not None else ""
    amounts = f"{change['before']} {currency} before, {change['after']} {currency} after"
    return f"{amounts} (difference {change['difference']} {currency}{percent})"


def render_balances(result: Balances) -> Iterator[str]:
    accounts, wanted = result["accounts"], result["account_type"]
    if not accounts:
        yield f"There are no {'' if wanted == 'all' else f'{wanted} '}accounts in your records."
        return
    if len(accounts) == 1:
        yield f"{_balance_text(accounts[0])}."
        return
    yield "Your accounts:"
    yield from (f"- {_balance_text(account)}" for account in accounts)
    yield from (_total_line(total) for total in result["totals"] if total["net"] is not None)


def _balance_text(account: Account) -> str:
    last4 = account.get("number_last4")
    name = f"{account['name']} ({account['type']}{f', ending in {last4}' if last4 else ''})"
    if account.get("balance") is None:
        return f"{name}: the balance is unknown"
    day = f" as of {account['as_of']}" if account.get("as_of") else ""
    return f"{name}: {account['balance']} {account['currency']}{day}"


def _total_line(total: AccountTotal) -> str:
    unknown = f"; {total['unknown']} not known" if total["unknown"] else ""
    return (
        f"Together in {total['currency']}: {total['net']} net ({total['assets']} held, {total['owed']} owed{unknown})."
    )


def render_totals(totals: Sequence[Total], filters: Filters) -> str:
    """The totals of all currencies in one sentence."""
    kind = filters.get("type", "all")
    opening = {"expense": "You spent ", "income": "You received ", "transfer": "Your transfers add up to "}.get(
        kind, ""
    )
    if len(totals) == 1:
        amount, notes = _total_text(totals[0], kind)
        return f"{opening}{amount}{render_filters(filters)} ({notes})."
    sums = [f"{amount} ({notes})" for amount, notes in (_total_text(total, kind) for total in totals)]
    return f"{opening}{join_names(sums)}{render_filters(filters)}."


def _total_text(total: Total, kind: str) -> tuple[str, str]:
    """An amount with its currency, and notes on it."""
    currency, count = total["currency"], transaction_count(total["count"])
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


def render_filters(filters: Filters) -> str:
    """The scope of a result, from its filters."""
    category, accounts = filters.get("category"), filters.get("accounts")
    categories = filters.get("categories") or ([category] if category else [])
    parts = [
        f"on {join_names(categories)}" if categories else "",
        f"at “{merchant}”" if (merchant := filters.get("merchant_contains")) else "",
        f"with “{words}”" if (words := filters.get("description_contains")) else "",
        f"through {join_names(accounts)}" if accounts else "",
        _amount_range(filters.get("min_amount"), filters.get("max_amount")),
        _period(filters.get("start_date"), filters.get("end_date")),
    ]
    return "".join(f" {part}" for part in parts if part)


def _amount_range(min_amount: str | None, max_amount: str | None) -> str:
    if min_amount and max_amount:
        return f"in amounts from {min_amount} to {max_amount}"
    return f"in amounts from {min_amount}" if min_amount else f"in amounts up to {max_amount}" if max_amount else ""


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


def render_fields(result: Mapping[str, Any]) -> Iterator[str]:
    """Any other result, field by field."""
    for name, value in list(result.items())[:MAX_LINES]:
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"- {name.replace('_', ' ')}: {truncated(text)}"


def transaction_count(count: int) -> str:
    return f"{count} transaction{'' if count == 1 else 's'}"


def join_names(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def end_sentence(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def truncated(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """The text, cut between words to `max_chars`."""
    if len(text) <= max_chars:
        return text
    whole_words = text[:max_chars].rsplit(maxsplit=1) or [""]
    return f"{whole_words[0]} …"
