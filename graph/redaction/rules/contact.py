"""Ways to reach somebody: e-mail, telephone, network addresses."""

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from graph.redaction.rules.spans import OPAQUE, Span, digits_of, is_money, last_said, one_of, said_after

_LOCAL = frozenset("!#$%&'*+-^_~.")
"""RFC 5322 allows more (`/=?{|}` and the backtick), which in chats and tables stand beside an address, not in it."""
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 255
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,62}")
_DOMAIN_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]{3,45}\]")
_ENDINGS = one_of(
    "com net org edu gov io co me info biz uk ca de fr us in au ch at nl it es eu ie be pt pl se no dk fi cz gr ru jp cn br",
    "mx nz za tv app dev ai tech online xyz cloud email",
)
_PROVIDERS = one_of(
    "gmail googlemail yahoo hotmail outlook live icloud me mac aol proton(?:mail)? gmx zoho fastmail mail"
)
_AT_SIGN = r" ?[(\[{] ?at ?[)\]}] ?"
_DOT = r"(?: ?[(\[{] ?dot ?[)\]}] ?| dot )"
_NAME = rf"(?<![\w.@])[\w+-]{{1,40}}(?:(?:\.|{_DOT})[\w+-]{{1,40}}){{0,3}}"
_SPELLED = re.compile(
    rf"{_NAME}(?:"
    rf"(?: at | ?@ ?|{_AT_SIGN})(?:[\w-]{{1,40}}(?:{_DOT}|\.)){{0,3}}[\w-]{{1,40}}{_DOT}{_ENDINGS}"
    rf"|{_AT_SIGN}(?:[\w-]{{1,40}}\.){{1,3}}{_ENDINGS}"
    rf"|(?: @ ?|@ )(?:[\w-]{{1,40}}\.){{1,4}}{_ENDINGS}"
    rf"| (?:at|@) {_PROVIDERS}\.{_ENDINGS}"
    r")\b",
    re.IGNORECASE,
)
_FOURS_BEFORE = re.compile(r"(?:(?<![^\s:(<\"'])[^\s@]{4} ){1,16}[^\s@]{0,3}\Z|(?<![^\s:(<\"'])[^\s@]{1,3}\Z")
_FOURS_AFTER = re.compile(r"[^\s@]{0,3}(?: [^\s@]{4}(?!\S)){0,16}(?: [^\s@]{1,8}(?!\S))?")
_IN_FOURS = re.compile(rf"[\w.+-]{{1,64}}@(?:[\w-]{{1,40}}\.){{1,5}}{_ENDINGS}", re.IGNORECASE)
_AT = re.compile("@")

_EXTENSION = r"(?: {0,2}(?:x|ext\.?|extension) {0,2}\d{1,6})?"
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.$€£+/-])(?:(?:\+|00)?1[ .-]{0,2})?(?:\([2-9]\d{2}\) {0,2}[.-]?|[2-9]\d{2}[ .-]{1,2})"
    rf"[2-9]\d{{2}}[ .-]{{0,2}}\d{{4}}{_EXTENSION}(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w.+])(?:\+|00) ?(?=[1-9])\d(?:[ ().\-/]{{0,3}}\d){{6,14}}{_EXTENSION}(?![\w-])", re.IGNORECASE
)
_NATIONAL = re.compile(
    rf"(?<![\w.$€£+/-])(?:\(\+?\d{{1,4}}\)|\d)(?:[ ().\-/]{{0,2}}\d){{6,14}}{_EXTENSION}(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_GAP = re.compile(r"(?<=\d)[^\d]")
_PHONE_WORDS = re.compile(
    r"\b"
    + one_of(
        "(?:tele)?phones? call(?:ed|ing)?(?:_me)? cell(?:phone)?s? mobiles? mob tel fax text(?:ed|ing)? sms whats_?app",
        "dial(?:ed)? ring contact reach(?:ed)? telegram imessage zelle venmo hotline callback messages?_(?:to|from)",
        "my_registered landline ph",
    )
    + r"\b",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(
    r"\b(?:phones?|cell|mobile|call me|text me|is my (?:new |old )?number|whats ?app)\b", re.IGNORECASE
)
_NOT_A_PHONE = re.compile(
    r"\b(?:accounts?|acct|balance|amount|total|ssn|sin|itin|card|routing|iban|zip|dated?)\b", re.IGNORECASE
)
_DATE = re.compile(
    r"\d{1,2}([/. -])\d{1,2}\1(?:\d{4}|\d{2})(?!\d|\1\d)|(?:19|20)\d{2}([/. -])\d{1,2}\2\d{1,2}(?!\d|\2\d)"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d(?!\d)"
)
_AMOUNT_THEN = re.compile(r"\d{1,6}\.\d{2} +(?:\d{1,2}/\d{1,2}/\d{2}|(?:19|20)\d{2}-\d{2})")
_YEARS = re.compile(r"(?:19|20)\d{2} ?[-/] ?(?:19|20)\d{2}")
_REGIONS = ("GB", "DE", "FR", "IT", "NL", "BE", "SE", "CH", "AT", "IE", "AU", "NZ", "IN", "IL", "ZA", "JP", "FI", "BR")
"""Where a number that begins with 0 is looked up."""

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{3,40}(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-F]{2}([:-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![\w:-])", re.IGNORECASE)
_FEWEST_IPV6_DIGITS = 5
"""Below this a string of colons and hexadecimal digits is more often a time or a piece of code."""


def emails(text: str) -> Iterator[Span]:
    """Addresses around each @, growing from it, so that no text takes more than linear time; and spelled-out ones."""
    end = 0
    at = text.find("@")
    while at >= 0:
        start, stop = _local_start(text, at, end), _domain_end(text, at + 1)
        if start < at and stop:
            yield start, stop
            end = stop
        at = text.find("@", at + 1)
    yield from (match.span() for match in _SPELLED.finditer(text))
    yield from _emails_in_fours(text)


def _emails_in_fours(text: str) -> Iterator[Span]:
    """Addresses that a blank cuts after every fourth character, as numbers are printed."""
    for at in (match.start() for match in _AT.finditer(text)):
        before = _FOURS_BEFORE.search(text, max(0, at - _LONGEST_LOCAL - 16), at)
        after = _FOURS_AFTER.match(text, at + 1, at + _LONGEST_LOCAL * 2)
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
    while start > max(floor, at - _LONGEST_LOCAL) and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
        start -= 1
    while start < at and text[start] in ".'*":
        start += 1
    return start


def _domain_end(text: str, start: int) -> int:
    match = _DOMAIN.match(text, start, start + _LONGEST_DOMAIN) or _DOMAIN_LITERAL.match(text, start)
    return match.end() if match else 0


def phones(text: str) -> Iterator[Span]:
    for match in _INTERNATIONAL.finditer(text):
        if length := _international_length(match[0]):
            yield match.start(), match.start() + length
    yield from (match.span() for match in _NORTH_AMERICAN.finditer(text) if not is_money(text, *match.span()))
    for match in _NATIONAL.finditer(text):
        if _is_national(text, *match.span()):
            yield match.span()


def _international_length(number: str) -> int:
    """Characters of the longest valid number at the beginning; a + alone is enough if there is none."""
    length = len(number)
    while length:
        plain = digits_of(number[:length])
        if _parses("+" + plain.removeprefix("00"), None):
            return length
        length = max((match.start() for match in _GAP.finditer(number, 0, length)), default=0)
    return len(number) if number.startswith("+") else 0


def _is_national(text: str, start: int, end: int) -> bool:
    number = text[start:end]
    if _AMOUNT_THEN.match(number) or _DATE.match(number) or _YEARS.match(number) or is_money(text, start, end):
        return False
    said = last_said(text, start, 40, _PHONE_WORDS, OPAQUE, _NOT_A_PHONE)
    if said == 0 or said_after(_PHONE_AFTER, text, end, 24):
        return True
    return said is None and _looks_national(number)


def _looks_national(number: str) -> bool:
    digits = digits_of(number)
    if digits == number:
        return len(digits) in (10, 11) and _parses(number, "US")
    if number[0] == "(":
        return len(digits) >= 8 and ")" in number
    return digits[0] == "0" and len(digits) >= 9 and any(_parses(number, region) for region in _REGIONS)


def _parses(number: str, region: str | None) -> bool:
    """Whether this is a number that can be assigned in the region, or, with a country code, anywhere."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def ip_addresses(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        if _is_ip(match[0].partition("/")[0]):
            yield match.span()
    for match in _IPV6.finditer(text):
        found = match[0].rstrip(".:") if not match[0].endswith("::") else match[0]
        if sum(character not in ":." for character in found) >= _FEWEST_IPV6_DIGITS and _is_ip(found):
            yield match.start(), match.start() + len(found)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def mac_addresses(text: str) -> Iterator[Span]:
    return (match.span() for match in _MAC.finditer(text))
