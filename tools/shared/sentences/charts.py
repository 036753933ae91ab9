"""Sentences about a chart's currency."""

from collections.abc import Iterator

from graph.tool import Row
from tools.shared.sentences.lists import is_are, join_names


def missing_chart_sentences(result: Row, otherwise: str) -> Iterator[str]:
    """Why there is no chart: several currencies fit, or nothing was found."""
    if result["status"] == "ambiguous":
        yield f"There are figures in {join_names(result['currencies'])}."
        yield "For which currency do you want the chart?"
        return
    yield otherwise
    if others := result.get("other_currencies"):
        yield f"There are figures in {join_names(others)}."


def left_out_sentence(result: Row) -> str:
    """Which currencies the chart leaves out; empty if none."""
    others = result.get("other_currencies", ())
    return f"{join_names(others)} {is_are(len(others))} not in it." if others else ""
