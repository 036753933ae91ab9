"""Phrases about goals."""

from graph.tool import Row
from tools.shared.sentences.wording import Wording


def goal_phrase(goal: Row, wording: Wording) -> str:
    """A goal with how far it is: `Bicycle with $120.00 of $900.00 (13.3%, due June 1, 2026)`."""
    current, target = (wording.money(goal[name], goal["currency"]) for name in ("current", "target"))
    notes = [wording.percent(goal["percent"])] if "percent" in goal else []
    notes += [f"due {wording.day(goal['target_date'])}"] if goal["target_date"] else []
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{goal['name']} with {current} of {target}{note}"
