"""Names of people in JSON, CSV, XML, SQL and query strings, recognised by the name of their field."""

import re
from collections.abc import Iterator

from graph.redaction.rules.names.name_candidates import is_company, may_be_name
from graph.redaction.rules.names.name_words import plain_words, words_in
from graph.redaction.rules.spans import Span
from graph.redaction.rules.vocabulary.word_lists import common_words, word_list

_PERSON_FIELD = (
    r"(?:(?:first|last|middle|given|family|full|maiden|legal|birth|sur|fore|sender|recipient|payee|beneficiary|holder|customer|client|"
    r"contact|owner|cardholder|accountholder|debtor|creditor|ordering|billing|shipping)[_ -]?name|"
    r"first|last|fname|lname|payee|payer|beneficiary|(?:account|card)?[_ -]?holder|recipient|remitter|"
    r"sender|debtor|creditor|attn|attention|contact|tenant|landlord|signatory|cardholder|"
    r"nombre|apellidos?|titular|beneficiario|destinatario|ordenante|nom|pr[ée]nom|b[ée]n[ée]ficiaire|titulaire|destinataire|"
    r"vorname|nachname|kontoinhaber|empf[äa]nger|auftraggeber|nome|sobrenome|cognome|intestatario|favorecido|naam|achternaam|"
    r"voornaam|imi[ęe]|nazwisko|navn|fornavn|etternavn|efternavn|f[öo]rnamn|efternamn|nimi|isim|soyad)"
)
_VALUE = r"[^\W\d_](?:[^\W\d_]|[.'-](?=[^\W\d_ ])|\. |(?:\+|%20| |, )(?=[^\W\d_])){1,58}"
_FIELD = re.compile(
    rf"(?<![A-Za-z])(?:(?P<person>{_PERSON_FIELD})|(?P<any>name|display[_ -]?name|naam))"
    rf"(?:[\"']? ?[:=] ?[\"']?|>|[\"'] value=[\"'])(?P<value>{_VALUE})",
    re.IGNORECASE,
)
"""A field whose name is followed by its value: "payee": "…", payee=…, <payee>…."""
_SWIFT = re.compile(rf":(?:50[AFK]|59[AF]?):(?:/[^\n]{{1,40}}\r?\n)?(?P<value>{_VALUE})", re.IGNORECASE)
"""Ordering customer and beneficiary in a SWIFT message."""
_SIGN = re.compile(r"[:=>]|[\"'] value")
"""The mark after the name of a field. A text without it is not searched for fields."""
_CELL = re.compile(r"[,;|\t]")
_MAX_ROWS = 200
_PERSON_COLUMN = re.compile(rf"\A[\"' ]*(?:{_PERSON_FIELD}|name|customer|client)[\"' ]*\Z", re.IGNORECASE)
_SQL = re.compile(rf"(?:values ?\(|, ?)'(?P<value>{_VALUE})'(?=[,)])", re.IGNORECASE)


def names_in_fields(text: str) -> Iterator[Span]:
    for match in _FIELD.finditer(text) if _SIGN.search(text) else ():
        start, end = match.span("value")
        if _is_person(match["value"], sure=match["person"] is not None):
            yield start, end
    yield from _columns(text)
    yield from (match.span("value") for match in _SWIFT.finditer(text) if _is_person(match["value"], sure=True))
    if "values" in text or "VALUES" in text:
        yield from (match.span("value") for match in _SQL.finditer(text) if _is_person(match["value"], sure=False))


def _columns(text: str) -> Iterator[Span]:
    """The cells of columns whose header announces names."""
    lines = [*_lines(text)]
    if len(lines) < 2:
        return
    start, end = lines[0]
    heads = _CELL.split(text[start:end])
    columns = [place for place, head in enumerate(heads) if _PERSON_COLUMN.match(head)]
    if len(heads) < 2 or not columns:
        return
    for start, end in lines[1:_MAX_ROWS]:
        cells = [*_cells(text, start, end)]
        for place in columns:
            if place < len(cells) and _is_person(text[slice(*cells[place])], sure=False):
                yield cells[place]


def _lines(text: str) -> Iterator[Span]:
    at = 0
    for line in text.split("\n"):
        if line.strip():
            yield at, at + len(line)
        at += len(line) + 1


def _cells(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _CELL.finditer(text, start, end):
        yield _stripped(text, start, match.start())
        start = match.end()
    yield _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Span:
    cell = text[start:end]
    return start + len(cell) - len(cell.lstrip("\"' ")), end - len(cell) + len(cell.rstrip("\"' \r"))


def _is_person(value: str, *, sure: bool) -> bool:
    """Whether the value is the name of a person. Unless `sure`, the field may name a thing, so its words must be names."""
    name = value.replace("+", " ").replace("%20", " ").replace(",", " ").strip()
    if not name or not may_be_name(name) or is_company(name):
        return False
    if sure:
        return True
    words = [word for word in words_in(name) if not word.is_connector]
    if not 1 < len(words) <= 5 or any(_is_thing(word.folded) for word in words):
        return False
    return all(word.text[0].isupper() for word in words) or (words[0].may_be_given and words[-1].may_be_family)


def _is_thing(word: str) -> bool:
    return word in common_words() or word in plain_words() or word in word_list("thing_words.txt")
