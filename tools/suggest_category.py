"""Suggests a category for a transaction or a merchant."""

from collections.abc import Iterator
from typing import Any

from graph.tool import Row, Tool, ToolContext
from tools.shared.category_suggestion import SUGGESTION_METHOD, suggest_for_merchant, suggestion_result
from tools.shared.sentences.categories import evidence_phrase, unresolved_sentences
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording, summarized
from tools.shared.transaction_lookup import TransactionSelector, transaction_or_result, transaction_result


class SuggestCategory(TransactionSelector):
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
        by_merchant = {
            "merchant": arguments.merchant,
            "method": SUGGESTION_METHOD,
            **suggestion_result(await suggest_for_merchant(arguments.merchant, context.rows)),
        }
        return summarized(by_merchant, suggestion_sentences, context)
    row, other = await transaction_or_result(arguments, context.rows)
    if row is None:
        return summarized(other, suggestion_sentences, context)
    advice = await suggest_for_merchant(row["merchant"], context.rows, row["id"]) if row["merchant"] else None
    result = {
        "transaction": transaction_result(row),
        "current": row["category"],
        "method": SUGGESTION_METHOD,
        **suggestion_result(advice),
    }
    return summarized(result, suggestion_sentences, context)


def suggestion_sentences(result: Row, wording: Wording) -> Iterator[str]:
    if result["status"] in ("unknown", "ambiguous"):
        yield from unresolved_sentences(result, wording)
        return
    what = transaction_phrase(result["transaction"], wording) if "transaction" in result else result["merchant"]
    if result["status"] == "no_suggestion":
        yield f"Nothing is known that suggests a category for {what}."
        return
    yield f"{result['category']} fits {what}: {evidence_phrase(result, wording)}."
    if current := result.get("current"):
        yield "It is there already." if current == result["category"] else f"It is in {current} now."


TOOL = Tool(
    suggest_category,
    returns_untrusted_text=True,
    examples=(
        "What is the right category for this transaction?",
        "Suggest a category for this merchant",
        "Where would you file this purchase?",
        "What category fits this payment?",
        "How would you categorise this charge?",
        "Propose a category for it",
    ),
)
