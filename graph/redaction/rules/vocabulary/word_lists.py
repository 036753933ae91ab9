"""Reads the word lists in this folder."""

from functools import cache
from importlib.resources import files


@cache
def common_words() -> frozenset[str]:
    """Words that are no names: what people buy, where, and how they talk about money."""
    return word_list("common_words.txt") | word_list("shops.txt")


@cache
def word_list(file: str) -> frozenset[str]:
    """The words of a list beside this module; `_` stands for a blank, # begins a remark."""
    text = files("graph.redaction.rules.vocabulary").joinpath(file).read_text("utf-8")
    return frozenset(
        word.replace("_", " ") for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
