"""Says which category a transaction should have, and why it has the one that it has."""

from typing import Any

from graph.tool import Row, Rows, Tool, ToolContext
from tools.shared.category_suggestion import METHOD, Suggestion, suggest
from tools.shared.transaction_lookup import WhichTransaction, candidates, listed, told

MOST_CORRECTIONS = 5


class SuggestCategory(WhichTransaction):
    """A transaction, or only a merchant."""


async def suggest_category(arguments: SuggestCategory, context: ToolContext) -> dict[str, Any]:
    """Suggest the category that fits a transaction or a merchant, learnt from what the user corrected, ruled and did before.

    Give transaction_id, or merchant (with day and amount, if one transaction is meant). `category` is the suggestion,
    `because` says why: "corrections", "rule" or "history", with the `evidence`; give both. `current` is the category that the
    transaction has. `status` is "unknown" if there is no such transaction, "no_suggestion" if nothing is known of its
    merchant: then ask the user, do not guess; "ambiguous" if several transactions match: ask which of `candidates`. Nothing
    is changed; categorise_transaction does that.
    """
    if arguments.merchant and arguments.day is None and arguments.amount is None and arguments.transaction_id is None:
        return {
            "merchant": arguments.merchant,
            "method": METHOD,
            **of_suggestion(await suggest(arguments.merchant, context.rows)),
        }
    row, other = await one_or_told(arguments, context.rows)
    if row is None:
        return other
    advice = await suggest(row["merchant"], context.rows, row["id"]) if row["merchant"] else None
    return {"transaction": told(row), "current": row["category"], "method": METHOD, **of_suggestion(advice)}


def of_suggestion(advice: Suggestion | None) -> dict[str, Any]:
    if advice is None:
        return {"status": "no_suggestion"}
    return {
        "status": "ok",
        "category": advice.category,
        "because": advice.because,
        "evidence": dict(advice.evidence),
    }


class ExplainCategory(WhichTransaction):
    """A transaction."""


async def explain_category(arguments: ExplainCategory, context: ToolContext) -> dict[str, Any]:
    """Explain why a transaction has its category.

    Give transaction_id, or merchant with day and amount. `because` is "corrected" (the user put it there; `corrections` has
    the changes, the latest first), "corrections", "rule" or "history" (that is what is known of its merchant, in `evidence`,
    and it fits), or "not_recorded": the category came with the booking (`source` says how it was entered) and nothing
    explains it: say so. If what is known speaks for another category, that is in `other_suggestion`. `status` is "unknown" if
    there is no such transaction, "ambiguous" if several match: ask which of `candidates`.
    """
    row, other = await one_or_told(arguments, context.rows)
    if row is None:
        return other
    corrections = await context.rows.fetch("corrections_of", id=row["id"], limit=MOST_CORRECTIONS)
    advice = await suggest(row["merchant"], context.rows, row["id"]) if row["merchant"] else None
    fits = advice is not None and advice.category == row["category"]
    return {
        "status": "ok",
        "transaction": told(row),
        "category": row["category"],
        "type": row["flow"],
        "source": row["source"],
        "because": because(row, corrections, advice),
        "corrections": [
            {"from_category": each["category_before"], "to_category": each["category"], "date": each["day"].isoformat()}
            for each in corrections
        ],
        "evidence": dict(advice.evidence) if advice and fits else {},
        "other_suggestion": of_suggestion(advice) if advice and not fits else None,
    }


def because(row: Row, corrections: list[dict[str, Any]], advice: Suggestion | None) -> str:
    if corrections and corrections[0]["category"] == row["category"]:
        return "corrected"
    return advice.because if advice and advice.category == row["category"] else "not_recorded"


async def one_or_told(which: WhichTransaction, rows: Rows) -> tuple[Row | None, dict[str, Any]]:
    """The transaction that is meant, or the result that says that there is none, or several."""
    count, found = await candidates(which, rows)
    if count == 1:
        return found[0], {}
    if count == 0:
        return None, {"status": "unknown", "found": 0}
    return None, {"status": "ambiguous", "found": count, "candidates": listed(found)}


TOOLS = (
    Tool(
        suggest_category,
        quotes=True,
        examples=(
            "What is the right category for this transaction?",
            "Suggest a category for this merchant",
            "Where would you file this purchase?",
            "What category fits this payment?",
            "How would you categorise this charge?",
            "Propose a category for it",
        ),
    ),
    Tool(
        explain_category,
        quotes=True,
        examples=(
            "Tell me what put this transaction in that category",
            "Explain the category of this purchase",
            "How did this payment get its category?",
            "Say what the filing of that payment is based on",
            "What is the reason for this category?",
            "What explains the category of this charge?",
        ),
    ),
)
