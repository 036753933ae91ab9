"""The vocabulary in `everyday_words.yaml`, prepared for look-up."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

TOKEN = re.compile(r"<\w+>|[^\W_]+", re.UNICODE)
ENDING = re.compile(r"(?<=\w{3})(?:ying|ings?|ies|ied|ed|es|s|e|y)$")


class Words(BaseModel):
    """The offline model's vocabulary."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: Mapping[str, list[str]]
    types: Mapping[str, list[str]]
    account_types: Mapping[str, list[str]]
    synonyms: Mapping[str, list[str]]
    filler: frozenset[str]
    not_a_merchant: frozenset[str]
    actions: frozenset[str]
    polite: tuple[str, ...]
    procedures: tuple[str, ...]
    out_of_scope: frozenset[str]
    greetings: frozenset[str]
    thanks: frozenset[str]

    def content(self, text: str) -> list[str]:
        """The stems of a text without filler words, in order; placeholders such as `<period>` stay."""
        return [self.stem(token) for token in TOKEN.findall(text.lower()) if token not in self.filler]

    def stem(self, word: str) -> str:
        """The stem of a word. It is a simple rule, and its errors do not matter here."""
        return ENDING.sub("", self._canonical.get(word, word))

    @cached_property
    def category_phrases(self) -> "Phrases":
        return Phrases((name, [*spellings(name), *spoken]) for name, spoken in self.categories.items())

    @cached_property
    def account_phrases(self) -> "Phrases":
        return Phrases(self.account_types.items())

    def is_out_of_scope(self, question: str) -> bool:
        """Whether the opening is one that no look-up answers: "please delete …", "how do I …"."""
        return self._opening.match(question) is not None

    @cached_property
    def _opening(self) -> re.Pattern[str]:
        polite, actions, procedures = map(_any_of, (self.polite, self.actions, self.procedures))
        return re.compile(rf"\W*(?:(?:{polite})\s+)*(?:{actions}|{procedures})\b", re.IGNORECASE)

    @cached_property
    def out_of_scope_stems(self) -> frozenset[str]:
        return frozenset(map(self.stem, self.out_of_scope))

    @cached_property
    def type_stems(self) -> Mapping[str, str]:
        return {self.stem(word): kind for kind, words in self.types.items() for word in words}

    @cached_property
    def _canonical(self) -> Mapping[str, str]:
        return {other: word for word, others in self.synonyms.items() for other in others}


class Phrases:
    """Finds names by their phrases; the longer of two phrases at one position wins."""

    def __init__(self, names: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._names = {phrase: name for name, phrases in names for phrase in phrases}
        self.pattern = re.compile(rf"\b(?P<phrase>{_any_of(self._names)})s?\b", re.IGNORECASE)

    def name(self, match: re.Match[str]) -> str:
        return self._names[" ".join(match["phrase"].lower().split())]

    def find(self, text: str) -> list[re.Match[str]]:
        return list(self.pattern.finditer(text))


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern of phrases, the longest first."""
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(phrases, key=lambda p: (-len(p), p)))


def spellings(category: str) -> tuple[str, str]:
    return category.lower(), category.lower().replace("&", "and")


def read_words(file: Path = Path(__file__).parent / "everyday_words.yaml") -> Words:
    return Words.model_validate(yaml.safe_load(file.read_text("utf-8")))
