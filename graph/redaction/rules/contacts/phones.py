"""Telephone numbers in international form, in national forms, and after words of eight languages."""

import re
from collections.abc import Iterator

import phonenumbers

from graph.redaction.rules.spans import REFERENCE_WORDS, Span, any_of, digits_of, is_money, nearest_before, preceded_by

_EXTENSION = r"(?: {0,2}(?:x|ext\.?|extension) {0,2}\d{1,6})?"
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.$€£+/-])(?:(?:\+|00)?1[ .-]{0,2})?(?:\([2-9]\d{2}\) {0,2}[.-]?|[2-9]\d{2}[ ./-]{1,3})"
    rf"[2-9]\d{{2}}[ ./-]{{0,3}}\d{{4}}{_EXTENSION}(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w.+])(?:\+|00) ?(?=[1-9])\d(?:[ ().\-/]{{0,3}}\d){{6,14}}{_EXTENSION}(?![\w-])", re.IGNORECASE
)
_NATIONAL = re.compile(
    rf"(?<![\w.$€£+/-])(?:\(\+?\d{{1,4}}\)|\d)(?:[ ().\-/]{{0,3}}\d){{6,14}}{_EXTENSION}(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
_AS_PRINTED = re.compile(r"\d{2} 9\d{4}-\d{4}|[6-9]\d{4}[ -]\d{5}")
"""Mobile numbers of Brazil and India."""
_MIN_BARE_DIGITS = 10
_GAP = re.compile(r"(?<=\d)[^\d]")
_PHONE_WORDS = re.compile(
    r"(?<!\w)"
    + any_of(
        "(?:tele)?phones? call(?:ed|ing)?(?:_me)? cell(?:phone)?s? mobiles? mob tel fax text(?:ed|ing)? sms whats_?app",
        "dial(?:ed)? ring contact reach(?:ed)? telegram imessage zelle venmo hotline callback messages?_(?:to|from)",
        "my_registered landline ph answers?(?:_at|_on)? my_no my_number mera_number line_is extension",
        "telefon(?:nummer)? handy(?:nummer)? mobil(?:nummer|funk)? festnetz rufnummer meine_nummer anrufen ruf_mich_an",
        "téléphones? portable mon_numéro fixe appel(?:er|ez|le)(?:-moi)? joindre rappel(?:er|ez)?",
        "teléfonos? telefono móvil movil celular fijo llám(?:ame|eme)(?:_al)? llamar mi_número",
        "cellulare chiam(?:ami|are) fisso il_mio_numero numero_di_telefono",
        "telefone telemóvel ligue meu_número meu_celular fone zap",
        "telefoon(?:nummer)? mobiel(?:e)? gsm bel(?:len)? mijn_nummer",
    )
    + r"(?!\w)|फ़?ोन|मोबाइल|नंबर|नम्बर|फोन|телефон|모바일|電話",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(
    r"[^\w,;\n]{0,4}(?:\w{1,10} ){0,3}?(?:phones?|cell|mobile|call (?:me|any ?time)|text me|"
    r"is my (?:new |old )?number|whats ?app|es mi número|"
    r"ist meine nummer|est mon numéro|è il mio numero|é (?:o )?meu número|is mijn nummer)\b",
    re.IGNORECASE,
)
_NOT_A_PHONE = re.compile(
    r"\b(?:accounts?|acct|balance|amount|total|ssn|sin|itin|card|routing|iban|zip|dated?|"
    r"bills?|plans?|fees?|limit|costs?)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\d{1,2}([/. -])\d{1,2}\1(?:\d{4}|\d{2})(?!\d|\1\d)|(?:19|20)\d{2}([/. -])\d{1,2}\2\d{1,2}(?!\d|\2\d)"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d(?!\d)"
)
_AMOUNT_THEN = re.compile(r"\d{1,6}\.\d{2} +(?:\d{1,2}/\d{1,2}/\d{2}|(?:19|20)\d{2}-\d{2})")
_YEARS = re.compile(r"(?:19|20)\d{2} ?[-/] ?(?:19|20)\d{2}")
_REGIONS = ("GB", "DE", "FR", "IT", "NL", "BE", "SE", "CH", "AT", "IE", "AU", "NZ", "IN", "IL", "ZA", "JP", "FI", "BR")
"""Regions whose numbering plans are tried for a number that begins with 0."""


def phones(text: str) -> Iterator[Span]:
    for match in _INTERNATIONAL.finditer(text):
        first, _, _ = match[0].partition(" ")
        in_one_piece = first.isdigit() and len(first) >= _MIN_BARE_DIGITS
        if in_one_piece and not preceded_by(_PHONE_WORDS, text, match.start()):
            continue
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
    said = nearest_before(text, start, _reach(number), _PHONE_WORDS, REFERENCE_WORDS, _NOT_A_PHONE)
    if said == 0 or _PHONE_AFTER.match(text, end):
        return True
    return said is None and _looks_national(number)


def _reach(number: str) -> int:
    """How many characters before a number are searched for a phone word; fewer for short digits, which may be amounts."""
    return 16 if number.isdigit() and len(number) < _MIN_BARE_DIGITS else 40


def _looks_national(number: str) -> bool:
    digits = digits_of(number)
    if digits == number:
        return len(digits) in (10, 11) and _parses(number, "US")
    if _AS_PRINTED.fullmatch(number):
        return True
    if number[0] == "(":
        return len(digits) >= 8 and ")" in number
    return digits[0] == "0" and len(digits) >= 9 and any(_parses(number, region) for region in _REGIONS)


def _parses(number: str, region: str | None) -> bool:
    """Whether this is a number that can be assigned in the region, or, with a country code, anywhere."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False
