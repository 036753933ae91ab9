"""Formats pydantic's validation errors without the values that were given."""

from collections.abc import Sequence

from pydantic import ValidationError

Location = Sequence[str | int]
"""The names and indices that lead to a field."""


def validation_message(location: Location, reason: str, root: str) -> str:
    """Format one error as `field: reason`.

    Args:
        location: leads to the field; empty if the error concerns the whole input.
        reason: says why the field is refused.
        root: names the whole input.
    """
    return f"{'.'.join(map(str, location)) or root}: {reason}"


def validation_messages(error: ValidationError, root: str) -> list[str]:
    """Format every error of a validation; `root` names the whole input."""
    return [validation_message(detail["loc"], detail["msg"], root) for detail in error.errors(include_input=False)]
