"""E-mail addresses, as written and as spelled out to evade detection."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, any_of

_LOCAL = frozenset("!#$%&'*+-^_~.")
"""RFC 5322 allows more (`/=?{|}` and the backtick), which in chats and tables stand beside an address, not in it."""
_MAX_LOCAL, _MAX_DOMAIN = 64, 255
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,62}")
_DOMAIN_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]{3,45}\]")
_ENDINGS = any_of(
    "com net org edu gov io co me info biz uk ca de fr us in au ch at nl it es eu ie be pt pl se no dk fi cz gr ru jp cn br",
    "mx nz za tv app dev ai tech online xyz cloud email",
)
_PROVIDERS = any_of(
    "gmail googlemail yahoo hotmail outlook live icloud me mac aol proton(?:mail)? gmx zoho fastmail mail"
)
_AT_WORDS = "arrobas?|arobase|chiocciola|klammeraffe|apenstaart(?:je)?"
_AT_SIGN = rf"(?: ?[(\[{{<] ?(?:at|@) ?[)\]}}>] ?|_at_| (?:{_AT_WORDS}) )"
_DOT = r"(?: ?[(\[{<] ?(?:dot|\.) ?[)\]}>] ?|_dot_| (?:dot|punto|point|punkt|ponto|punt) )"
_DASH = " (?:dash|hyphen|minus|underscore|plus|bindestrich|unterstrich|gui[oó]n(?: bajo)?|tiret) "
_NAME = rf"(?<![\w.@])[\w+-]{{1,40}}?(?:(?:\.|{_DOT}|{_DASH})[\w+-]{{1,40}}?){{0,3}}"
_SPELLED = re.compile(
    rf"{_NAME}(?:"
    rf"(?: at | ?@ ?|{_AT_SIGN})(?:[\w-]{{1,40}}(?:{_DOT}|\.)){{0,3}}[\w-]{{1,40}}{_DOT}{_ENDINGS}"
    rf"|{_AT_SIGN}(?:[\w-]{{1,40}}\.){{1,3}}{_ENDINGS}"
    rf"|(?: @ ?|@ )(?:[\w-]{{1,40}}\.){{1,4}}{_ENDINGS}"
    rf"|@(?:[\w-]{{1,40}}[.,]){{1,3}}{_ENDINGS}"
    rf"| (?:at|@) {_PROVIDERS}\.{_ENDINGS}"
    r")\b",
    re.IGNORECASE,
)
_AT_PROVIDER = re.compile(
    rf"(?<![\w.@])(?=[\w.+-]{{0,40}}[\d._+])[\w+-][\w.+-]{{2,40}} (?:at|@) (?:{_PROVIDERS}|yandex|hey)(?![\w.])",
    re.IGNORECASE,
)
"""A mailbox with a digit or a mark at a well-known provider without its top-level domain."""
_SPACED = re.compile(
    rf"(?<![\w.@])[\w+-]{{1,40}}(?: ?\. ?[\w+-]{{1,40}}){{0,3}} ?@ ?"
    rf"[\w-]{{1,40}}(?: ?\. ?[\w-]{{1,40}}){{0,3}} ?\. ?{_ENDINGS}(?!\w)"
    r"|(?<![\w.@])(?:[A-Za-z0-9._-] ){2,40}@(?: [A-Za-z0-9-]){1,40} \.(?: [A-Za-z]){2,10}(?!\w)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"\n]{1,64}\"@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,20}(?![\w-])")
_FOURS_BEFORE = re.compile(r"(?:(?<![^\s:(<\"'])[^\s@]{4} ){1,16}[^\s@]{0,3}\Z|(?<![^\s:(<\"'])[^\s@]{1,3}\Z")
_FOURS_AFTER = re.compile(r"[^\s@]{0,3}(?: [^\s@]{4}(?!\S)){0,16}(?: [^\s@]{1,8}(?!\S))?")
_IN_FOURS = re.compile(rf"[\w.+-]{{1,64}}@(?:[\w-]{{1,40}}\.){{1,5}}{_ENDINGS}", re.IGNORECASE)
_AT = re.compile("@")


def emails(text: str) -> Iterator[Span]:
    """Addresses around each @, in linear time, and spelled-out addresses."""
    end = 0
    at = text.find("@")
    while at >= 0:
        start, stop = _local_start(text, at, end), _domain_end(text, at + 1)
        if start < at and stop:
            yield start, stop
            end = stop
        at = text.find("@", at + 1)
    for spelled in (_SPELLED, _AT_PROVIDER, _QUOTED, _SPACED):
        yield from (match.span() for match in spelled.finditer(text))
    yield from _emails_in_fours(text)


def _emails_in_fours(text: str) -> Iterator[Span]:
    """Addresses that a blank cuts after every fourth character, as numbers are printed."""
    for at in (match.start() for match in _AT.finditer(text)):
        before = _FOURS_BEFORE.search(text, max(0, at - _MAX_LOCAL - 16), at)
        after = _FOURS_AFTER.match(text, at + 1, at + _MAX_LOCAL * 2)
        if before and after and (end := _end_in_fours(text, before.start(), after)):
            yield before.start(), end


def _end_in_fours(text: str, start: int, after: re.Match[str]) -> int | None:
    """The last blank or end after the @ up to which all groups together are an address."""
    ends = [after.end(), *(place for place in range(after.end() - 1, after.start(), -1) if text[place] == " ")]
    for end in ends:
        written = text[start:end].rstrip(".,;:!?)>\"'")
        if " " in written and _IN_FOURS.fullmatch(written.replace(" ", "")):
            return start + len(written)
    return None


def _local_start(text: str, at: int, floor: int) -> int:
    start = at
    while start > max(floor, at - _MAX_LOCAL) and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
        start -= 1
    while start < at and text[start] in ".'*":
        start += 1
    return start


def _domain_end(text: str, start: int) -> int:
    match = _DOMAIN.match(text, start, start + _MAX_DOMAIN) or _DOMAIN_LITERAL.match(text, start)
    return match.end() if match else 0
