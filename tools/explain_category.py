"""Explains why a transaction has its category."""

from collections.abc import Iterator
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.category_suggestion import Suggestion, suggest_for_merchant, suggestion_result
from tools.shared.sentences.categories import evidence_phrase, unresolved_sentences
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.transaction_lookup import TransactionSelector, transaction_or_result, transaction_result

MAX_CORRECTIONS = 5


class ExplainCategory(TransactionSelector):
    """A transaction."""


async def explain_category(arguments: ExplainCategory, context: ToolContext) -> dict[str, Any]:
    """Explain why a transaction has its category.

    Give transaction_id, or merchant with day and amount. `because` is "corrected" (the user put it there; `corrections` has
    the changes, the latest first), "corrections", "rule" or "history" (that is what is known of its merchant, in `evidence`,
    and it fits), or "not_recorded": the category came with the booking (`source` says how it was entered) and nothing
    explains it: say so. If what is known speaks for another category, that is in `other_suggestion`. `status` is "unknown" if
    there is no such transaction, "ambiguous" if several match: ask which of `candidates`.
    """
    row, other = await transaction_or_result(arguments, context.rows)
    if row is None:
        return summarized(other, explanation_sentences, context)
    corrections = await context.rows.fetch("category_corrections", id=row["id"], limit=MAX_CORRECTIONS)
    advice = await suggest_for_merchant(row["merchant"], context.rows, row["id"]) if row["merchant"] else None
    fits = advice is not None and advice.category == row["category"]
    result = {
        "status": "ok",
        "transaction": transaction_result(row),
        "category": row["category"],
        "type": row["flow"],
        "source": row["source"],
        "because": explain(row, corrections, advice),
        "corrections": [
            {"from_category": row["category_before"], "to_category": row["category"], "date": row["day"].isoformat()}
            for row in corrections
        ],
        "evidence": dict(advice.evidence) if advice and fits else {},
        "other_suggestion": suggestion_result(advice) if advice and not fits else None,
    }
    return summarized(result, explanation_sentences, context)


def explain(row: Row, corrections: list[dict[str, Any]], advice: Suggestion | None) -> str:
    if corrections and corrections[0]["category"] == row["category"]:
        return "corrected"
    return advice.because if advice and advice.category == row["category"] else "not_recorded"


def explanation_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if result["status"] != "ok":
        yield from unresolved_sentences(result, wording)
        return
    transaction, category = transaction_phrase(result["transaction"], wording), result["category"]
    yield f"{transaction} is filed under {category} {reason_phrase(result, wording)}."
    if other := result["other_suggestion"]:
        yield f"What is known of the merchant speaks for {other['category']}: {evidence_phrase(other, wording)}."


def reason_phrase(result: Row, wording: Wording) -> str:
    match result["because"]:
        case "corrected":
            return f"because you put it there on {wording.day(result['corrections'][0]['date'])}"
        case "not_recorded":
            return "as it was booked; why is not recorded"
        case _:
            return f"because of what is known of the merchant: {evidence_phrase(result, wording)}"


TOOL = Tool(
    explain_category,
    returns_untrusted_text=True,
    examples=(
        "Tell me what put this transaction in that category",
        "Explain the category of this purchase",
        "How did this payment get its category?",
        "Say what the filing of that payment is based on",
        "What is the reason for this category?",
        "What explains the category of this charge?",
    ),
)
