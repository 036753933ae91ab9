"""A rule with the entity type that it detects, and the gate that decides whether it runs."""

import re
from dataclasses import dataclass

from graph.redaction.rules.spans import Rule

SURE, LIKELY = 1.0, 0.8
"""Scores: proven by a checksum or an unmistakable form; or recognised by the words around."""

DIGIT = re.compile(r"\d")
DIGITS = re.compile(r"\d\D{0,2}\d\D{0,3}\d\D{0,3}\d")

SIX_DIGITS = re.compile(r"(?:\d\D*){6}")
"""Six digits anywhere: a number of nine or more digits has at least six, even if others are typed as letters."""
LONG_NUMBER = re.compile(r"\d(?:[ .()/-]{0,3}\d){4}")
"""Gates, from the widest to the narrowest."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule with its entity type and score."""

    entity_type: str
    rule: Rule
    score: float
    gate: re.Pattern[str] | None = None
    """The rule runs only on texts that match this cheap pattern; None: on all texts."""
