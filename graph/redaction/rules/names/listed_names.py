"""Names of people recognised by lists of given and family names, and by endings of family names.

The name model misses names in lower case, in capitals, and of countries that its training texts do not cover. An
unambiguous given name counts anywhere. One that is also a word, a place or a brand ("Will", "Chelsea") counts only before
a family name.
"""

import re
from collections.abc import Iterator

from graph.redaction.rules.names.name_candidates import extract_name, follows_shop_words, is_company
from graph.redaction.rules.names.name_words import Word, plain_words, words_in
from graph.redaction.rules.spans import Span, any_of
from graph.redaction.rules.vocabulary.word_lists import word_list

_LETTERS = re.compile(r"[^\W\d_]+")
_BEFORE_PLACE = any_of("san santa santo saint sankt são st port fort mount mt lake los las el cape new")
_PLACE_WORD = re.compile(_BEFORE_PLACE, re.IGNORECASE)
_PLACE_BEFORE = re.compile(rf"\b{_BEFORE_PLACE}\.? \Z", re.IGNORECASE)
_FAMILY_FIRST = re.compile(
    any_of(
        "nguyễn nguyen trần tran phạm pham huỳnh huynh hoàng hoang đặng bùi dương duong",
        "zhang zhao zhou huang guo xu wang chen liu zhu",
    )
)
"""Vietnamese and Chinese family names, which come before the given name."""
_MERCHANDISE = re.compile(r" (?:tickets|merch|sneakers|shoes|jeans)\b")
"""Goods of artists, shows and brands."""
_POSSESSION = re.compile(r"'s? ([^\W\d_]+)")
_FOLLOWER = re.compile(r" ([^\W\d_]{2,24})")
_CAPITAL_BEFORE = re.compile(r"(?:[^\W\d_a-z][\w.'-]{0,24}|&) \Z")
_CAPITAL_AFTER = re.compile(r" (?:[^\W\d_a-z]|&)")
_CAPITALISED_BEFORE = re.compile(r"([^\W\d_a-z][^\W\d_]{1,24}) \Z")
_PLACING = re.compile(r"\b(?:in|at|near|around|visit|the|an?|this|that|my|our|your|of|on) \Z", re.IGNORECASE)
_PERSON_BEFORE = re.compile(
    r"(?:\b"
    + any_of(
        "tell told ask(?:ed)? met meet between hir(?:e|ed) interview(?:ed)? hello hi hey morning evening afternoon",
        "thanks dear thank_you i'm i_am this_is it's it_was remind texted emailed remove says said colleague client",
        "by with to_call and_my_(?:wife|husband|son|daughter) seller tenant owner agent lawyer buyer",
    )
    + r",?|\A\W{0,2}) \Z",
    re.IGNORECASE,
)
_PERSON_AFTER = re.compile(
    r"(?:'s? "
    + any_of("address phone birthday wedding salary signature email wife husband rent share half part")
    + "| "
    + any_of(
        "and_i and_me and_myself who can could wants? wanted needs? thinks? knows knew lives? lived works? worked",
        "said says owes? told asked paid_me flew moved founded wrote signed approved called_me texted emailed",
        "agreed promised retired died became has_(?:been|not) hasn't never",
    )
    + r"|, (?:who|has|had|can|could|please)|:(?= [A-Z]))\b",
    re.IGNORECASE,
)
_LETTERS_FIRST = re.compile(r"([^\W\d_]+)(?: |\Z|(?=\W))")
_BEGINS_SENTENCE = re.compile(r"(?:\A|[.!?:;\n•*-][\s\"'(]*|\b(?:please|and|then|or|also),? )\Z", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"([^\W\d_]{2,24}) \Z")
_MIN_LETTERS = 4
"""Minimum letters of a given name alone in lower case; in capitals, where acronyms are frequent, one more."""
_MAX_MORE = 7
"""Maximum words of a name after the first, including particles and initials."""


def listed_names(text: str) -> Iterator[Span]:
    words = words_in(text)
    last = 0
    for place, word in enumerate(words):
        if place < last or not word.may_begin or _PLACE_WORD.fullmatch(word.text):
            continue
        more = _more(text, words, place)
        if (more > 1 or _stands_alone(text, word)) and not _is_in_shop(text, word):
            span = extract_name(text, word.start, words[place + more - 1].end)
            if span and not is_place_or_shop(text, *span):
                yield span
                last = place + more


def may_hold_name(text: str) -> bool:
    """Whether a guess of the model at this text could count: it has a known name, or a word that does not begin with a small
    letter and is neither a common nor a plain one.
    """
    words = (match[0] for match in _LETTERS.finditer(text))
    return any(not word[0].islower() and word.casefold() not in plain_words() for word in words) or holds_known_name(
        text
    )


def holds_known_name(phrase: str) -> bool:
    """Whether one of the words is an unambiguous given or family name."""
    return any(word.is_given or word.is_family for word in words_in(phrase))


def without_request_word(text: str, start: int, end: int) -> Span | None:
    """A guess of the model without the word that begins a request: of "Convert" nothing is left, of "Remind Jane Roe" her name.

    The model takes such a word for a given name, so the one word behind it is no name by itself: "Chart Rewe" holds none.
    """
    first = _LETTERS_FIRST.match(text, start, end)
    if (
        first is None
        or not _BEGINS_SENTENCE.search(text, 0, start)
        or first[1].casefold() not in word_list("request_words.txt")
    ):
        return start, end
    rest = text[first.end() : end]
    return (first.end(), end) if " " in rest or holds_known_name(rest) else None


def begins_with_shop(phrase: str) -> bool:
    """Whether the first of several words is a shop and not a given name, or a lower-case phrase contains a shop."""
    words = words_in(phrase)
    shops = word_list("shops.txt")
    if phrase.islower():
        return any(word.text in shops for word in words)
    return len(words) > 1 and words[0].folded in shops and not _is_given_too(words[0])


def _is_given_too(word: Word) -> bool:
    return word.may_be_given or word.folded in word_list("word_names.txt")


def holds_given_name(phrase: str) -> bool:
    """Whether one of the words is an unambiguous given name."""
    return any(word.is_given for word in words_in(phrase))


def _more(text: str, words: list[Word], place: int) -> int:
    """The number of words of the name that begins here; 1 if no following word belongs to it."""
    first, count = words[place], 1
    for offset in range(1, min(_MAX_MORE, len(words) - place - 1) + 1):
        word = words[place + offset]
        if text[words[place + offset - 1].end : word.start] not in (" ", "  ", ". "):
            break
        if _belongs(first, word):
            count = offset + 1
        elif not word.is_connector:
            break
    return count


def _belongs(first: Word, word: Word) -> bool:
    """Whether a later word, other than an initial or a particle, belongs to the name."""
    if word.is_connector or first.is_lowercase != word.is_lowercase:
        return False
    if word.is_family or (first.is_given and word.folded in word_list("word_family_names.txt")):
        return True
    if word.may_be_family and (first.may_be_given or not first.is_lowercase):
        return True
    if (first.is_family and word.may_be_given) or (_FAMILY_FIRST.fullmatch(first.folded) and word.is_candidate):
        return True
    return first.may_be_given and word.is_candidate and not is_company(word.text)


def _stands_alone(text: str, word: Word) -> bool:
    if word.is_lowercase or word.text.isupper():
        return word.is_given and len(word.text) >= _MIN_LETTERS + word.text.isupper()
    if word.is_given:
        return True
    rare = word.may_be_given and len(word.text) >= _MIN_LETTERS and word.is_candidate and not _is_placed(text, word)
    family = word.is_family or (word.may_be_family and word.is_candidate and _is_addressed(text, word))
    return (rare or family) and not _beside_capital(text, word)


def _is_addressed(text: str, word: Word) -> bool:
    """Whether the words around it refer to a person."""
    before = _PERSON_BEFORE.search(text, max(0, word.start - 24), word.start)
    return before is not None or _PERSON_AFTER.match(text, word.end) is not None


def _is_placed(text: str, word: Word) -> bool:
    """Whether the words before make it a place or a thing ("in Verona", "the Corona")."""
    return _PLACING.search(text, max(0, word.start - 12), word.start) is not None


def _is_in_shop(text: str, word: Word) -> bool:
    """Whether a lower-case word follows a shop, or words that announce one ("esso perry barr")."""
    if not word.is_lowercase:
        return False
    before = _WORD_BEFORE.search(text, max(0, word.start - 30), word.start)
    return follows_shop_words(text, word.start) or (
        before is not None and before[1].casefold() in word_list("shops.txt")
    )


def _beside_capital(text: str, word: Word) -> bool:
    """Whether a capitalised word, or the & of a company, is beside it."""
    return bool(
        _CAPITAL_BEFORE.search(text, max(0, word.start - 30), word.start) or _CAPITAL_AFTER.match(text, word.end)
    )


def is_place_or_shop(text: str, start: int, end: int) -> bool:
    """Whether the span is part of a place ("San Diego") or a shop ("Maria's Kitchen")."""
    if _PLACE_BEFORE.search(text, max(0, start - 8), start):
        return True
    before = _CAPITALISED_BEFORE.search(text, max(0, start - 30), start)
    if before and is_company(before[1]):
        return True
    if _MERCHANDISE.match(text, end):
        return True
    owned = _POSSESSION.match(text, end)
    if owned and (owned[1][0].isupper() or is_company(owned[1])):
        return True
    follower = _FOLLOWER.match(text, end)
    if follower is None or (follower[1].islower() and not text[start].islower()):
        return False
    return is_company(follower[1])
