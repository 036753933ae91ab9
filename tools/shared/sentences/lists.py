"""Lists within a sentence."""

from collections.abc import Sequence

MAX_LISTED = 5
"""The most entries that a sentence lists; more of them are only counted."""


def join_names(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def is_are(count: int) -> str:
    return "is" if count == 1 else "are"
