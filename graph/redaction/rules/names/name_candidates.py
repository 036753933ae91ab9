"""Filters for candidates of names: the name model also reports shops and ordinary words."""

import re
from collections.abc import Iterator
from functools import cache

from graph.redaction.rules.spans import Span, any_of
from graph.redaction.rules.vocabulary.word_lists import common_words, word_list

CAPITALISED = r"[^\W\d_a-z][^\W\d_]{0,24}(?:['-][^\W\d_]{1,24}){0,2}"
_ITEM = re.compile(rf"(?:, |,? and |,? or | & | )({CAPITALISED}(?<=\w\w)|[A-Z]\.?(?= {CAPITALISED}))(?![\w@])")
_ITEM_BEFORE = re.compile(rf"(?:\A|[^\w'])({CAPITALISED})(?:, |,? and | & )(?:[A-Z]\.? )?\Z")
_WORD_BEFORE = re.compile(rf"(?<=[\w,;] )({CAPITALISED}) (?:[A-Z]\.? )?\Z")
_WORD_BEFORE_GUESS = re.compile(r"([^\s]{1,24}) \Z")
_EDGES = re.compile(r"[^\W\d_].*[^\W\d_]\.?", re.DOTALL)
_TAIL = re.compile(r" (?:Suite|Apt|Apartment|Unit|Street|St|Ave|Road)\b.*", re.DOTALL)
_ARTICLE = re.compile(r"\b(?:the|an?|my|your|our|this|that|each|every)\s\Z", re.IGNORECASE)
_POSSESSIVE = re.compile(r"'s?\Z")
_LEADING = re.compile(
    "(?:"
    + any_of(
        "mr mrs ms mx miss dr prof sir madam hi hey hello dear thanks thank_you tell ask pay paid send sent show text call",
        "email remind give owe venmo zelle transfer split add does did is was has",
        "cancel(?:_my)? categori[sz]e order transaction compare show to from for with",
    )
    + r"\b\.?,? ){1,3}",
    re.IGNORECASE,
)
"""Words before a name that the model reports as a part of it."""

_VERB = re.compile(
    r"(?:max(?:imum)? (?:out|contributions?|limit|amount|payment|budget|spend|balance|per|i|is|of)|"
    r"mark (?:the|this|that|it|all|my|as)|bill (?:of|the)|grant (?:of|me)|"
    r"(?:will|may) (?:i|my|the|it|we|you|this|that)|sue (?:the|for)|rob (?:the|me)|drew (?:out|on|from)|pat on)\b",
    re.IGNORECASE,
)
"""Given names that are verbs before these words."""
_SHOP_BEFORE = re.compile(
    r"\b(?:(?:spen[dt]|cost|charged?|purchases?|ordered|bought|shop(?:ped|ping)?|much)(?: [^\s]{1,12}){0,3} (?:at|in|from)|at|"
    r"cancel(?: my)?|categori[sz](?:e|ing)(?: everything| all)?(?: from)?|"
    r"(?:order(?:ed|ing)?|refund|subscription)s? (?:from|to|of))\s\Z",
    re.IGNORECASE,
)
"""Words before a shop, and rarely before a person."""

_NUMBERED = re.compile(r"-?\d")
_NO_NAME = re.compile(r"[\d@/_*#$%&=+<>|\\{}\[\]()]")
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


_MAX_NAME = 60
_MAX_BESIDE = 8


def beside_name(text: str, start: int, end: int) -> Iterator[Span]:
    """Names beside a name or in a list with it ("Ana, Ben and Cleo"), which the model often misses."""
    for _ in range(_MAX_BESIDE):
        item = _ITEM.match(text, end)
        if item is None or not (len(item[1]) < 3 or may_be_name(item[1])):
            break
        end = item.end()
        yield item.span(1)
    for _ in range(_MAX_BESIDE):
        item = _before(text, start)
        if item is None or not may_be_name(item[1]):
            break
        start = item.start(1)
        yield item.span(1)


def _before(text: str, start: int) -> re.Match[str] | None:
    """The list item, or the word in the same sentence, right before a name."""
    floor = max(0, start - _MAX_NAME)
    return _ITEM_BEFORE.search(text, floor, start) or _WORD_BEFORE.search(text, floor, start)


def extract_name(text: str, start: int, end: int) -> Span | None:
    """The name in a candidate, without titles, possessives and punctuation; None if it is not a name."""
    line = text[start:end].split("\n", 1)[0]
    if title := _LEADING.match(line):
        start, line = start + title.end(), line[title.end() :]
    core = _EDGES.search(line)
    if core is None:
        return None
    if _is_common(text, start + core.start(), core[0]):
        return None
    name = _POSSESSIVE.sub("", _TAIL.sub("", core[0]).removesuffix("."))
    begin, stop = start + core.start(), start + core.start() + len(name)
    return (begin, stop) if may_be_name(name) and not _NUMBERED.match(text, stop) else None


def _is_common(text: str, start: int, guess: str) -> bool:
    """Whether a candidate is a shop named after a person ("Lowe's") or a thing in lower case ("the max")."""
    end = start + len(guess)
    whole = guess + (text[end : end + 2] if text.startswith("'s", end) else "")
    before = _WORD_BEFORE_GUESS.search(text, max(0, start - _MAX_NAME), start)
    if before and f"{before[1]} {whole}".casefold() in common_words():
        return True
    if _VERB.match(text, start):
        return True
    thing = guess.islower() and _ARTICLE.search(text, max(0, start - 8), start)
    return whole.casefold() in common_words() or bool(thing)


def follows_shop_words(text: str, start: int) -> bool:
    """Whether the words before announce a shop ("How much at …")."""
    return _SHOP_BEFORE.search(text, max(0, start - _MAX_NAME), start) is not None


def may_be_name(name: str) -> bool:
    """Whether a candidate can be the name of a person."""
    if len(name) > _MAX_NAME or _NO_NAME.search(name):
        return False
    folded, common = " ".join(name.casefold().split()), common_words()
    words = _WORDS.findall(folded)
    if folded in common or is_company(folded):
        return False
    return any(word not in common for word in words)


def is_company(phrase: str) -> bool:
    """Whether a word of the phrase makes it an organisation or a thing."""
    return not word_list("company_words.txt").isdisjoint(_WORDS.findall(phrase.casefold()))


@cache
def _shops() -> re.Pattern[str]:
    phrases = (phrase for phrase in word_list("shops.txt") if not phrase.isalpha())
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def shops(text: str) -> list[Span]:
    """The spans of shops whose names have several words or a mark, and could pass for a person's."""
    return [match.span() for match in _shops().finditer(text)]
