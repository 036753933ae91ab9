"""The words of a text, classified by the lists as given name, family name or neither."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from spacy.lang.en.stop_words import STOP_WORDS

from graph.redaction.rules.names.name_candidates import may_be_name
from graph.redaction.rules.spans import any_of
from graph.redaction.rules.vocabulary.word_lists import common_words, word_list

WORD = re.compile(r"(?<![\w@/.'-])[^\W\d_]{1,24}(?:(?!'s\b)['-][^\W\d_]{1,24}){0,2}(?![\w@/-]|\.\w|'\w\w)")
_PARTICLE = re.compile(
    any_of(
        "de da di del della der den van von la le bin ibn bint abu al el dos das du ter ten af av ní nic ó uí mac y e"
    )
)
_FAMILY_ENDING = re.compile(
    r"[^\W\d_]{2}(?:ov[aá]|ev[aá]|ević|ović|ovic|evic|ovich|evich|sson|dóttir|dottir|nen|wicz|wski|wska|ński|ńska|cki|cka|"
    r"enko|chuk|shvili|oğlu|oglu|opoulos|akis|idis|ström|quist|qvist|gaard|gård|szky|čová|čić|ová|ský|ská)\Z"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text."""

    start: int
    end: int
    text: str

    @property
    def folded(self) -> str:
        return self.text.casefold()

    @property
    def is_lowercase(self) -> bool:
        return self.text[0].islower()

    @property
    def is_connector(self) -> bool:
        """Whether this is an initial or a particle, which is part of a name only if a name follows."""
        return len(self.text) == 1 or _PARTICLE.fullmatch(self.folded) is not None

    @property
    def is_given(self) -> bool:
        """Whether this is a given name and nothing else."""
        return _is_in("given_names.txt", self.folded)

    @property
    def is_family(self) -> bool:
        """Whether this is a family name and nothing else."""
        return any(
            part in word_list("family_names.txt") or _FAMILY_ENDING.search(part) for part in self.folded.split("-")
        )

    @property
    def may_be_given(self) -> bool:
        """Whether this is a given name, or a rare or ambiguous one that counts beside a family name."""
        return self.is_given or _is_in("rare_given_names.txt", self.folded)

    @property
    def may_be_family(self) -> bool:
        """Whether this is a family name, or a rare or ambiguous one that counts after a given name."""
        return self.is_family or _is_in("rare_family_names.txt", self.folded)

    @property
    def is_candidate(self) -> bool:
        """Whether this can be part of a name: it is capitalised, and not a word of finance."""
        return not self.is_lowercase and len(self.text) > 1 and may_be_name(self.text)

    @property
    def may_begin(self) -> bool:
        """Whether a name can begin with this word."""
        return self.may_be_given or self.is_candidate or self.folded in word_list("word_names.txt")


def _is_in(file: str, name: str) -> bool:
    """Whether a name, or each part of a double one, is in a list."""
    known = word_list(file)
    return name in known or ("-" in name and all(part in known for part in name.split("-")))


def words_in(text: str) -> list[Word]:
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    return (Word(*match.span(), match[0]) for match in WORD.finditer(text))


@cache
def plain_words() -> frozenset[str]:
    """Words that are not names even if they are capitalised."""
    ours = common_words() | word_list("plain_words.txt") | word_list("request_words.txt") | STOP_WORDS
    return ours - word_list("word_names.txt") - word_list("word_family_names.txt")
