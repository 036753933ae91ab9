"""Reads the word lists in this folder."""

from functools import cache
from importlib.resources import files


@cache
def common_words() -> frozenset[str]:
    """Words that are no names: what people buy, where, and how they talk about money."""
    return words_of("common_words.txt") | words_of("shops.txt")


@cache
def words_of(file: str) -> frozenset[str]:
    """The words of a list beside this module; `_` stands for a blank, # begins a remark."""
    text = files("graph.redaction.rules.vocabulary").joinpath(file).read_text("utf-8")
    return frozenset(
        word.replace("_", " ") for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
