"""Telling whether an answer is the talk that was due: a greeting, a refusal, a question asked back."""

import re

from tests.eval.offline.question_set import Question

SIGNS = {
    "greeting": r"\b(hi|hello|hey|welcome|good (morning|day|evening)|nice to)\b",
    "thanks": r"\b(welcome|pleasure|glad|gladly|any ?time|bye|see you|take care|good night|no problem|happy to)\b",
    "identity": r"\b(i am|i'm|my name is|this is)\b.*\bprime\b",
    "person": r"\b(not|no) (a |an )?(real )?(person|human)|\b(an ai|a program|software|a machine|a bot|an assistant)\b",
    "capabilities": r"\b(you can ask|i can|ask me|we can|for example|try)\b",
    "refusal": (
        r"not one that i can|\b(can ?not|can't|could not|unable|not able|none of us|nobody here|no tool|outside)\b"
        r"|\b(don't|do not|doesn't|does not) (do|know|have|look|deal)\b|not something"
    ),
    "memory": r"\b(remember|noted|note that|keep in mind|keep that in mind|stored|saved)\b",
}
"""What an answer of each kind has in it."""

TURNED_AWAY = re.compile(r"(question|that|this) is (not|outside)|can ?not (answer|help)|can't (answer|help)")
"""An answer that turns the question away is a refusal and nothing else, whatever else it says."""

PASSAGE = re.compile(r"\[\d+\]")
"""The mark of a passage that is quoted."""


def is_talk(question: Question, text: str) -> bool:
    """Whether a text without a tool's call is the talk that the question is due."""
    said = text.strip().lower()
    if not said or PASSAGE.search(said):
        return False
    if question.talk == "refusal":
        return bool(re.search(SIGNS["refusal"], said))
    if TURNED_AWAY.search(said):
        return False
    if question.talk == "ask_back":
        return "?" in said.splitlines()[-1]
    if question.talk == "who_knows":
        return any(name in said for name in question.names)
    return bool(re.search(SIGNS[question.talk], said))
