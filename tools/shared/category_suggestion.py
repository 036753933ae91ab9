"""Suggests a category for a merchant by the user's corrections, rules and history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from graph.tool import Row, Rows

MIN_EQUAL_CORRECTIONS = 2
"""The fewest equal corrections that lead to a suggestion."""
UNCATEGORIZED = "Uncategorized"

SUGGESTION_METHOD = (
    f"First the user's corrections at this merchant: of the categories chosen at least {MIN_EQUAL_CORRECTIONS} times, the one "
    "chosen last. Then the user's rules: equals before contains, then the longer pattern. Then the category that more than "
    "half of the merchant's categorised transactions have."
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category and the reason for it."""

    category: str
    because: Literal["corrections", "rule", "history"]
    evidence: Mapping[str, Any] = field(default_factory=dict)


async def suggest_for_merchant(merchant: str, rows: Rows, excluded_id: UUID | None = None) -> Suggestion | None:
    """The suggestion for a merchant, or None. The transaction with the id `excluded_id` does not count."""
    known = await rows.fetch("merchant_category_evidence", merchant=merchant, excluded_id=excluded_id)
    return best_suggestion(known)


def best_suggestion(known: Sequence[Row]) -> Suggestion | None:
    """The suggestion that follows from corrections, rules and history, in this order; None if nothing is known.

    Args:
        known: rows with `source` (correction, rule or history), `category` and `matches`. Corrections and history have the
            time of the `latest` one, rules have `pattern` and `match`.
    """
    by_source = {
        source: [row for row in known if row["source"] == source] for source in ("correction", "rule", "history")
    }
    return (
        from_corrections(by_source["correction"]) or from_rule(by_source["rule"]) or from_history(by_source["history"])
    )


def from_corrections(rows: Sequence[Row]) -> Suggestion | None:
    enough = [row for row in rows if row["matches"] >= MIN_EQUAL_CORRECTIONS]
    if not enough:
        return None
    best = max(enough, key=lambda row: (row["latest"], row["matches"], row["category"]))
    evidence = {"equal_corrections": best["matches"], "latest": best["latest"].date().isoformat()}
    return Suggestion(best["category"], "corrections", evidence)


def from_rule(rows: Sequence[Row]) -> Suggestion | None:
    if not rows:
        return None
    [rule] = rows
    return Suggestion(rule["category"], "rule", {"match": rule["match"], "pattern": rule["pattern"]})


def from_history(rows: Sequence[Row]) -> Suggestion | None:
    categorised = [row for row in rows if row["category"] != UNCATEGORIZED]
    whole = sum(row["matches"] for row in categorised)
    for row in categorised:
        if 2 * row["matches"] > whole:
            return Suggestion(row["category"], "history", {"transactions": row["matches"], "of": whole})
    return None


def suggestion_result(advice: Suggestion | None) -> dict[str, Any]:
    if advice is None:
        return {"status": "no_suggestion"}
    return {
        "status": "ok",
        "category": advice.category,
        "because": advice.because,
        "evidence": dict(advice.evidence),
    }
