"""Reads the word lists in this folder."""

from functools import cache
from importlib.resources import files


@cache
def common_words() -> frozenset[str]:
    """Words that are not names: goods, shops and the vocabulary of finance."""
    return word_list("common_words.txt") | word_list("shops.txt")


@cache
def word_list(file: str) -> frozenset[str]:
    """The words of a list in this folder. In the file `_` is a blank, and a line with # is a comment."""
    text = files("graph.redaction.rules.vocabulary").joinpath(file).read_text("utf-8")
    return frozenset(
        word.replace("_", " ") for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
