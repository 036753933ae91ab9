"""Parses a question: amounts, a merchant, categories, accounts. `periods` parses its periods."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from graph.adapters.offline.periods import without_periods
from graph.adapters.offline.words import Phrases, Words
from graph.redaction.values.placeholders import TOKEN
from graph.values.currencies import COMMON_CODES, SPOKEN_NAMES

CURRENCY = rf"(?:{'|'.join((*SPOKEN_NAMES, *COMMON_CODES))})"
MONEY = (
    r"(?:[$€£]\s*)?(?P<{0}>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<{0}_k>k\b)?(?![\d,.]*\d|%)"
    rf"(?:\s*{CURRENCY}\b)?(?!\s*(?:percent|%|transactions?|purchases?|payments?|times|days?|weeks?|months?|years?)\b)"
)
LEAST, MOST = MONEY.format("least"), MONEY.format("most")
AMOUNTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:between|from)\s+{LEAST}\s*(?:and|to|-|–)\s*{MOST}",  # noqa: RUF001 -- an en dash is how ranges are set
        rf"(?:\b(?:over|above|exceeding|(?:more|greater|bigger|larger|higher)\s+than|at\s+least|no\s+less\s+than)"
        rf"|>=?)\s*{LEAST}",
        rf"(?:\b(?:under|below|(?:less|smaller|lower|cheaper)\s+than|at\s+most|no\s+more\s+than|up\s+to)|<=?)\s*{MOST}",
        rf"\bexactly\s+{MONEY.format('both')}",
    )
)
COUNT = re.compile(r"\b(?:last|latest|recent|newest)\s+(?P<count>[1-9]\d?)\b", re.IGNORECASE)
LAST_FOUR = re.compile(r"\b(?:ending(?:\s+(?:in|with))?|account|card)\s+(?P<digits>\d{4})\b", re.IGNORECASE)

NAME = r"(?:[A-Z][\w&'*-]*|\d+-?[A-Za-z][\w&'*-]*|&|\[[A-Z]{2,12}_[0-9A-Z]{6}\])"
NAMES = rf"{NAME}(?:\s+(?:of\s+|and\s+|the\s+)?{NAME})*"
ANY_WORD = r"(?:[^\s<>,;.?!\"“”]+)"
QUOTED = re.compile(r"[\"“](?P<merchant>[^\"“”]+)[\"”]")
CAPITALISED = re.compile(
    rf"\b(?i:at|from|to|on|with|for|about|pay|paid|by)\s+(?:the\s+)?(?P<merchant>{NAMES})"
    rf"|(?<=\w\s)(?P<before>{NAMES})(?=\s+(?i:payments?|transactions?|purchases?|subscriptions?|orders?|charges?)\b)"
)
LOWER = re.compile(rf"\b(?:at|on)\s+(?:the\s+)?(?P<merchant>{ANY_WORD}(?:\s+{ANY_WORD}){{0,2}})", re.IGNORECASE)
PERSON = re.compile(r"\[PERSON_[0-9A-Z]{6}\]")


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """The parts of a question."""

    template: str
    """The question with `<period>`, `<amount>`, `<merchant>` and `<category>` as placeholders."""
    min_amount: str | None
    max_amount: str | None
    merchant: str | None
    person: str | None
    """The placeholder of a paid person's name."""
    categories: tuple[str, ...]
    account_types: tuple[str, ...]
    account: str | None
    """Words that identify one account: its kind or its last four digits."""
    types: frozenset[str]
    """Transaction types: any of expense, income and transfer."""
    count: int | None
    """The requested number of entries."""


def parse_question(text: str, words: Words) -> ParsedQuestion:
    template = without_periods(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"), "<period>")
    min_amount, max_amount, template = _amounts(template)
    digits = LAST_FOUR.search(template)
    count = COUNT.search(template)
    accounts = words.account_phrases.find(template)
    merchant, template = _merchant(template, words)
    categories = _joined_names(template, words.category_phrases)
    kinds = tuple(dict.fromkeys(words.account_phrases.name(match) for match in accounts))
    return ParsedQuestion(
        template=words.category_phrases.pattern.sub("<category>", template),
        min_amount=min_amount,
        max_amount=max_amount,
        merchant=None if merchant and PERSON.fullmatch(merchant) else merchant,
        person=merchant if merchant and PERSON.fullmatch(merchant) else None,
        categories=categories,
        account_types=kinds,
        account=digits["digits"] if digits else accounts[0]["phrase"] if len(kinds) == 1 else None,
        types=frozenset(words.type_stems[stem] for stem in words.content(template) if stem in words.type_stems),
        count=int(count["count"]) if count else None,
    )


def _amounts(text: str) -> tuple[str | None, str | None, str]:
    min_amount = max_amount = None
    for pattern in AMOUNTS:
        if match := pattern.search(text):
            found = match.groupdict()
            min_amount = min_amount or _number(found, "least") or _number(found, "both")
            max_amount = max_amount or _number(found, "most") or _number(found, "both")
            text = f"{text[: match.start()]} <amount> {text[match.end() :]}"
    return min_amount, max_amount, text


def _number(found: dict[str, str | None], name: str) -> str | None:
    """An amount as a plain decimal number: "1,200" and "1.2k" give 1200."""
    digits = found.get(name)
    if digits is None:
        return None
    value = Decimal(digits.replace(",", ""))
    return format(value * 1000 if found[f"{name}_k"] else value, "f")


def _merchant(text: str, words: Words) -> tuple[str | None, str]:
    """The named merchant, and the text with a placeholder for it."""
    for begin, end in _candidates(text):
        name, length = _name_at_start(text[begin:end], words)
        if name:
            return name, f"{text[:begin]}<merchant>{text[begin + length :]}"
    return None, text


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    """Positions where a merchant may be named, the most reliable first."""
    for pattern in (QUOTED, CAPITALISED, LOWER):
        for match in pattern.finditer(text):
            yield match.span("before" if match.groupdict().get("before") else "merchant")


def _name_at_start(phrase: str, words: Words) -> tuple[str, int]:
    """The name at the start of a phrase and its length; empty if the phrase is a category or has no name."""
    end = 0
    for match in re.finditer(r"\S+", phrase):
        if match[0] == "I" or match[0].strip("'") in words.not_a_merchant:
            break
        end = match.end()
    name = phrase[:end]
    known = words.category_phrases.find(name) + words.account_phrases.find(name)
    is_kind = any(match.group() == name or name.islower() for match in known)
    return ("", 0) if is_kind else (re.sub(r"'$", "", name), end)


def _joined_names(text: str, phrases: Phrases) -> tuple[str, ...]:
    """The first name, and those joined to it by "and", "or", a comma or "versus"."""
    matches = phrases.find(text)
    joined = matches[:1]
    for match in matches[1:]:
        between = text[joined[-1].end() : match.start()]
        if re.fullmatch(r"\s*(?:,|and|or|vs\.?|versus|,\s*and|compared\s+(?:to|with))\s*(?:on\s+)?", between):
            joined.append(match)
    return tuple(dict.fromkeys(phrases.name(match) for match in joined))


def placeholders_in(text: str) -> list[str]:
    """The distinct placeholders of personal values in a text."""
    return list(dict.fromkeys(re.findall(TOKEN, text)))
