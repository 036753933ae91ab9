"""Words that a user or a model gives a tool to look for or to write down."""

from typing import Annotated

from pydantic import AfterValidator, Field

from graph.values.text import storable


def stripped_text(text: str) -> str:
    """The text as the database holds it, without outer spaces.

    Raises:
        ValueError: nothing is left of it.
    """
    kept = storable(text).strip()
    if not kept:
        raise ValueError("it holds no letter")
    return kept


ShortText = Annotated[str, Field(max_length=100), AfterValidator(stripped_text)]
"""A name or a part of one."""
