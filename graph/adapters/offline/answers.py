"""Puts tool results into plain words. Every amount stands as it does in the result; nothing is computed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

MOST_LINES = 20
MOST_CHARACTERS = 800

Record = Mapping[str, Any]


def tell(content: str, *, rows: bool) -> str:
    """One tool result in words.

    Args:
        content: the result as JSON; any other text is repeated.
        rows: whether single transactions are wanted, beside their totals.
    """
    try:
        result = json.loads(content)
    except ValueError:
        return shortened(content)
    if not isinstance(result, dict):
        return shortened(json.dumps(result, ensure_ascii=False))
    if "error" in result:
        return f"I could not look that up: {finished(str(result['error']))}"
    return "\n".join(_teller(result)(result, rows))


def _teller(result: Record) -> Callable[[Record, bool], Iterator[str]]:
    for key, teller in (("accounts", balances), ("categories", shares), ("transactions", movements)):
        if isinstance(result.get(key), list):
            return teller
    return fields


def movements(result: Record, rows: bool) -> Iterator[str]:
    filters = result.get("filters", {})
    if not result.get("totals"):
        yield f"I found no {_kind(filters)}{scope(filters)}."
        return
    yield sums(result["totals"], filters)
    if rows:
        listed = result["transactions"][:MOST_LINES]
        yield from (_movement(row) for row in listed)
        if len(listed) < result.get("matches", 0):
            yield f"These are the newest {len(listed)} of {result['matches']}."


def _movement(row: Record) -> str:
    name = row.get("merchant") or row.get("description") or "no name"
    return f"- {row['date']}: {row['amount']} {row['currency']}, {name} ({row.get('category') or 'Uncategorized'})"


def shares(result: Record, _: bool) -> Iterator[str]:
    filters = result.get("filters", {})
    if not result["categories"]:
        yield f"I found no {_kind(filters)}{scope(filters)}."
        return
    yield sums(result.get("totals", ()), filters)
    listed = result["categories"][:MOST_LINES]
    several = len({entry.get("type") for entry in listed}) > 1
    yield from (_share(entry, several) for entry in listed)
    if len(listed) < len(result["categories"]):
        yield f"These are the first {len(listed)} of {len(result['categories'])} lines."


def _share(entry: Record, several: bool) -> str:
    kind = f", {entry['type']}" if several else ""
    notes = f"{counted(entry['count'])}, {entry['share_percent']} %{kind}"
    return f"- {entry['category']}: {entry['total']} {entry['currency']} ({notes})"


def balances(result: Record, _: bool) -> Iterator[str]:
    accounts: Sequence[Record] = result["accounts"]
    wanted = result.get("account_type", "all")
    if not accounts:
        yield f"There are no {'' if wanted == 'all' else f'{wanted} '}accounts in your records."
        return
    if len(accounts) == 1:
        yield f"{_balance(accounts[0])}."
        return
    yield "Your accounts:"
    yield from (f"- {_balance(account)}" for account in accounts)
    yield from (_together(total) for total in result.get("totals", ()) if total.get("known"))


def _balance(account: Record) -> str:
    last4 = account.get("number_last4")
    name = f"{account['name']} ({account['type']}{f', ending in {last4}' if last4 else ''})"
    if account.get("balance") is None:
        return f"{name}: the balance is unknown"
    day = f" as of {account['as_of']}" if account.get("as_of") else ""
    return f"{name}: {account['balance']} {account['currency']}{day}"


def _together(total: Record) -> str:
    unknown = f"; {total['unknown']} not known" if total.get("unknown") else ""
    return (
        f"Together in {total['currency']}: {total['net']} net ({total['assets']} held, {total['owed']} owed{unknown})."
    )


def sums(totals: Sequence[Record], filters: Record) -> str:
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


def _sum(total: Record, kind: str) -> tuple[str, str]:
    """An amount with its currency, and what to know about it."""
    currency, count = total["currency"], counted(total["count"])
    refunded = f", {total['refunds']} refunded" if str(total["refunds"]).strip("0.") else ""
    if kind == "expense":
        return f"{total['spent_net']} {currency}", f"{count}{refunded}"
    if kind in ("income", "transfer"):
        return f"{total['income' if kind == 'income' else 'transfers']} {currency}", count
    moved = f"; {total['transfers']} in transfers" if str(total.get("transfers", "")).strip("0.") else ""
    spent = f"{total['spent_net']} {currency} spent{refunded} and {total['income']} {currency} received"
    return spent, f"{count}, net {total['net']} {currency}{moved}"


def scope(filters: Record) -> str:
    """What a result covers, by the filters that it names."""
    categories = filters.get("categories") or ([filters["category"]] if filters.get("category") else [])
    parts = [
        f"on {joined(categories)}" if categories else "",
        f"at “{filters['merchant_contains']}”" if filters.get("merchant_contains") else "",
        f"with “{filters['description_contains']}”" if filters.get("description_contains") else "",
        f"through {joined(filters['accounts'])}" if filters.get("accounts") else "",
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


def _kind(filters: Record) -> str:
    return {"expense": "spending", "income": "income", "transfer": "transfers"}.get(
        filters.get("type", ""), "transactions"
    )


def fields(result: Record, _: bool) -> Iterator[str]:
    """Any other result, field by field."""
    for name, value in list(result.items())[:MOST_LINES]:
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"- {name.replace('_', ' ')}: {shortened(text)}"
    if not result:
        yield "The result is empty."


def counted(count: int) -> str:
    return f"{count} transaction{'' if count == 1 else 's'}"


def joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def finished(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """A text, cut between words where it is longer than that."""
    return text if len(text) <= most else f"{text[:most].rsplit(maxsplit=1)[0]} …"
