"""Names of people in bank statements and payment orders: after ZELLE TO, WIRE FROM, "transfer 40 to"."""

import re
from collections.abc import Iterator

from graph.redaction.rules.names.name_candidates import is_company, may_be_name
from graph.redaction.rules.names.name_words import Word, plain_words, words_in
from graph.redaction.rules.spans import Span, any_of
from graph.redaction.rules.vocabulary.word_lists import common_words

_PAYMENT = any_of(
    "zelle venmo cash_?app paypal wire ach e-?transfer interac transfer trf xfer payment pmt pymt che(?:ck|que)s? chq fps bacs",
    "faster_payment sepa neft imps rtgs upi pix ted bizum spei standing_order direct_(?:debit|credit) credit debit p2p",
    "deposit giro instant [üu]berweisung gutschrift dauerauftrag virement transferencia transfer[êe]ncia bonifico przelew",
)
_LINE = re.compile(
    rf"\b{_PAYMENT}(?: (?:payment|transfer|credit|debit|instant|recurring|online|mobile|money|sent|received|in|out)){{0,2}} "
    r"(?:to|from|an|von|para|de|à|by|for)[: ] ?",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:(?:transfer(?:red)?|send|sent|pay|paid|zelle|venmo|wire[d]?|lend|lent|gave|give|return|owed?|received?|got|borrowed|split|"
    r"dinner|lunch|drinks|rent|trip|gift|loan|memo)(?: [^\s]{1,12}){0,4}? (?:to|from|with)|(?:pay|zelle|venmo|owe)) ",
    re.IGNORECASE,
)
_WORDS_BEHIND = 5
_REACH = 90


def payment_names(text: str) -> Iterator[Span]:
    for match in _LINE.finditer(text):
        if span := _name_behind(text, match.end(), announced=True):
            yield span
    for match in _ORDER.finditer(text):
        if span := _name_behind(text, match.end(), announced=False):
            yield span


def _name_behind(text: str, start: int, *, announced: bool) -> Span | None:
    """The name right after the words of a payment."""
    words: list[Word] = []
    rest = words_in(text[start : start + _REACH].split("\n", 1)[0])[:_WORDS_BEHIND]
    for place, word in enumerate(rest):
        beside = (
            word.start == 0
            if place == 0
            else text[start + rest[place - 1].end : start + word.start] in (" ", ". ", "  ")
        )
        if not beside or _ends_name(word):
            break
        words.append(word)
    after = rest[len(words) : len(words) + 2]
    if not words or any(is_company(word.text) for word in [*words, *after]) or _is_fund(after):
        return None
    while words and words[-1].is_connector and len(words[-1].text) > 1:
        words.pop()
    if not words or not _are_names(words, announced=announced):
        return None
    return start + words[0].start, start + words[-1].end


def _ends_name(word: Word) -> bool:
    if word.is_connector:
        return False
    return word.folded in common_words() or word.folded in plain_words() or not may_be_name(word.text)


def _is_fund(after: list[Word]) -> bool:
    """Whether the next word makes the phrase an account or a goal ("Rainy Day Savings")."""
    return bool(after) and after[0].folded in _FUNDS


_FUNDS = frozenset(
    [
        "account",
        "savings",
        "checking",
        "fund",
        "card",
        "goal",
        "budget",
        "pot",
        "trip",
        "loan",
        "mortgage",
        "app",
        "store",
        "bank",
    ]
)


def _are_names(words: list[Word], *, announced: bool) -> bool:
    full = [word for word in words if not word.is_connector]
    if not full:
        return False
    if announced and words[0].text.isupper():
        return True
    if any(word.is_lowercase for word in full):
        return len(full) in (2, 3) and all(word.is_lowercase for word in full) and _is_pair(full)
    return announced and len(full) > 1


def _is_pair(full: list[Word]) -> bool:
    """Whether lower-case words are a given and a family name; one of them must be in a list."""
    return full[0].may_be_given or full[-1].may_be_family
