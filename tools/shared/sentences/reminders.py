"""Phrases about reminders."""

from graph.tool import Row
from tools.shared.sentences.wording import Wording


def reminder_phrase(reminder: Row, wording: Wording) -> str:
    """A reminder with its day: `“Pay the rent” on December 1, monthly`."""
    time = f" at {reminder['time']}" if reminder["time"] else ""
    often = "" if reminder["recurrence"] == "none" else f", {reminder['recurrence']}"
    return f"“{reminder['text']}” on {wording.day(reminder['next_due'] or reminder['first_due'])}{time}{often}"
