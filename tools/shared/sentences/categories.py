"""Phrases about categories: rules, the reasons for a category, and transactions that cannot be told apart."""

from collections.abc import Iterator

from graph.tool import Row
from tools.shared.sentences.flows import transaction_phrase
from tools.shared.sentences.wording import Wording


def rule_phrase(rule: Row) -> str:
    """A rule: `names with “kiosk” go to Shopping`."""
    names = "names with" if rule["match"] == "contains" else "the name"
    return f"{names} “{rule['pattern']}” {'go' if rule['match'] == 'contains' else 'goes'} to {rule['category']}"


def evidence_phrase(suggestion: Row, wording: Wording) -> str:
    """Why a category is suggested."""
    evidence = suggestion["evidence"]
    match suggestion["because"]:
        case "corrections":
            times = wording.count(evidence["equal_corrections"], "transaction")
            return f"you moved {times} there, the last on {wording.day(evidence['latest'])}"
        case "rule":
            return f"by your rule, {rule_phrase({**evidence, 'category': suggestion['category']})}"
        case _:
            part, whole = wording.number(evidence["transactions"]), wording.count(evidence["of"], "transaction")
            return f"{part} of {whole} there are in it"


def unresolved_sentences(result: Row, wording: Wording) -> Iterator[str]:
    """That no transaction matches, or several do."""
    if result["status"] == "unknown":
        yield "I found no such transaction."
        return
    listed = [transaction_phrase(row, wording) for row in result["candidates"]]
    yield f"{wording.count(result['found'], 'transaction')} match: {wording.listing(listed, result['found'])}."
    yield "Which one do you mean?"
