"""Texts in tools' arguments."""

from typing import Annotated

from pydantic import AfterValidator, Field

from graph.values.text import storable


def stripped_text(text: str) -> str:
    """The text without outer spaces and without characters that the database cannot store.

    Raises:
        ValueError: the text is empty.
    """
    kept = storable(text).strip()
    if not kept:
        raise ValueError("it holds no letter")
    return kept


ShortText = Annotated[str, Field(max_length=100), AfterValidator(stripped_text)]
"""A name, a part of a name, or a short text."""
