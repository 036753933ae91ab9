"""A rule with the kind that it finds, and what a text must hold for the rule to be worth its time."""

import re
from dataclasses import dataclass

from graph.redaction.rules.spans import Rule

SURE, LIKELY = 1.0, 0.8
"""Scores of findings: proven by a checksum or an unmistakable form, told by the words around."""

DIGIT = re.compile(r"\d")
DIGITS = re.compile(r"\d\D{0,2}\d\D{0,3}\d\D{0,3}\d")

SIX_DIGITS = re.compile(r"(?:\d\D*){6}")
"""Six digits anywhere: of a number of nine or more at least so many are digits, whatever is typed for the others."""
LONG_NUMBER = re.compile(r"\d(?:[ .()/-]{0,3}\d){4}")
"""Gates, from the widest to the narrowest."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule, the kind that it finds, and how sure it is."""

    entity_type: str
    rule: Rule
    score: float
    gate: re.Pattern[str] | None = None
    """What a text must hold for the rule to be worth its time."""
