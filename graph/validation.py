"""What pydantic finds wrong, in words: which field and why, without the value that was given."""

from collections.abc import Sequence

from pydantic import ValidationError

Place = Sequence[str | int]
"""The names and numbers that lead to a field."""


def fault_text(place: Place, reason: str, whole: str) -> str:
    """One fault.

    Args:
        place: of the field.
        reason: why it is refused.
        whole: what stands in the place of the field where the fault is not in one.
    """
    return f"{'.'.join(map(str, place)) or whole}: {reason}"


def fault_texts(error: ValidationError, whole: str) -> list[str]:
    """All faults; `whole` as in `fault_text`."""
    return [fault_text(fault["loc"], fault["msg"], whole) for fault in error.errors(include_input=False)]
