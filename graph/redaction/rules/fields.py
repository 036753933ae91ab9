"""Values recognised by the name of their field: in JSON, XML, forms, settings and tables."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span

_FIELD = re.compile(
    r"(?<![\w@])(?P<name>[A-Za-z][\w.-]{1,40})(?:\"|'|\\\")?\s{0,2}(?:=>|[:=>])\s{0,2}"
    r"(?:\"(?P<quoted>[^\"\n]{2,120})\"|'(?P<single>[^'\n]{2,120})'|(?P<bare>[^\s,;&|<>\"'{}\[\]()]{2,120}))"
)
"""A name, a colon, an equals sign or the end of a tag, and a value."""
_PROSE = re.compile(r":\s+\Z")
"""A colon with a blank, which occurs in sentences and in settings."""
_NO_WORD = re.compile(r"[\d._@#$!-]")
_INSIDE_TAG = re.compile(r"<(?P<name>[A-Za-z][\w.:-]{1,40})(?: [^<>\n]{0,80})?>(?P<bare>[^<>\n]{2,120})</")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAK = re.compile(r"[\W_]+")
_DELIMITER = re.compile(r"[,;\t|]")
_AMOUNT = re.compile(r"-?[$€£]?\d{1,3}(?:,\d{3})*\.\d{2}|-?[$€£]?\d{1,3}(?:,\d{3})+|\d{1,9}[.,]\d{2}")
_MAX_COLUMNS, _MAX_ROWS = 60, 2000

_NUMBER = r"(?: ?(?:number|num|no|nr|id|code))"
_ENTITY_TYPES = {
    "SSN": rf"ssn|social(?: security)?{_NUMBER}?",
    "TAXID": rf"ein|tin|(?:vat|tax(?: ?payer)?|steuer){_NUMBER}|steuernummer|taxid|nif|cpf|cnpj|codice fiscale",
    "CARD": rf"(?:(?:credit|debit|bank|payment)? ?card|cc|pan){_NUMBER}?|cardnumber|ccnum(?:ber)?|tarjeta|carte",
    "CVV": r"cvv2?|cvc2?|csc|cid|(?:card )?(?:security|verification) (?:code|value)|card code",
    "PIN": rf"pin{_NUMBER}?|passcode|otp|one time (?:code|password)|(?:mfa|sms|verification) code",
    "PASSWORD": r"(?:\w+ )?(?:password|passwd|pwd|passwort|contrase[nñ]a|senha|mot de passe)",
    "SECRET": r"(?:\w+ ){0,3}(?:secret|token|(?:api|access|auth|private|secret) ?key|credential)s?|authorization",
    "ACCOUNT": (
        r"(?:(?:bank|checking|savings|from|to|source|target|beneficiary|payee|debit|credit) )?"
        rf"(?:account|acct|acc|konto|cuenta|compte|conta){_NUMBER}?|accountnumber|sort ?code|bsb|clabe"
    ),
    "ROUTING": rf"(?:bank )?(?:routing|aba|rtn)(?: transit)?{_NUMBER}?",
    "BANKCODE": r"bic|swift(?: ?(?:code|bic))?|ifsc(?: ?code)?",
    "IBAN": r"(?:\w+ )?iban",
    "PHONE": (
        r"(?:(?:home|work|cell|mobile|contact|customer|primary|day|evening) )?"
        rf"(?:phone|tel(?:ephone)?|mobile|cell|fax|msisdn|telefono|telefon|handy){_NUMBER}?"
    ),
    "BIRTHDATE": (
        r"d ?o ?b|birth ?(?:date|day)|date ?of ?birth|born|geburtsdatum|fecha ?(?:de )?nacimiento|"
        r"data ?(?:de )?nascimento|date ?(?:de )?naissance"
    ),
    "PASSPORT": rf"passport{_NUMBER}?",
    "LICENSE": rf"(?:(?:driver|driving)s? )?licen[cs]e{_NUMBER}?|dl{_NUMBER}?",
    "ID": (
        r"(?:national|government|citizen|resident|member|patient|employee|student|policy|insurance|medicare|voter)"
        rf" ?(?:id|identifier|identity|card)?{_NUMBER}?|id ?(?:number|num|card)|document{_NUMBER}"
        r"|curp|rfc|dni|nie|pesel|bsn|nino"
    ),
    "HANDLE": (
        r"(?:user|screen|nick|login) ?name|login(?: id)?|handle|venmo|cash ?tag|upi(?: ?id)?|(?:chave )?pix(?: key)?"
    ),
    "IP": r"(?:client |remote |user )?ip(?: ?addr(?:ess)?)?",
}
"""Field names by entity type, in lower case with blanks between words."""
_NAMES = re.compile("|".join(f"(?P<{entity_type}>{names})" for entity_type, names in _ENTITY_TYPES.items()))

_TEXT_ENTITY_TYPES = frozenset({"PASSWORD", "SECRET", "HANDLE", "BANKCODE"})
_MIN_DIGITS = {
    "CVV": 3,
    "PIN": 4,
    "BIRTHDATE": 4,
    "CARD": 12,
    "SSN": 7,
    "PHONE": 7,
    "IBAN": 12,
    "ROUTING": 8,
    "IP": 4,
}
_NOTHING = frozenset(
    {"null", "none", "true", "false", "undefined", "string", "redacted", "hidden", "unknown", "required"}
)
_MIN_CHARACTERS = 5


def entity_type_of(name: str) -> str | None:
    """The entity type of the values in a field of this name, or None."""
    words = _BREAK.sub(" ", _CAMEL.sub(" ", name)).strip().lower()
    match = _NAMES.fullmatch(words)
    return match.lastgroup if match else None


def field_values(text: str) -> Iterator[tuple[str, Span]]:
    """Each value with the entity type of its field's name."""
    for pattern in (_FIELD, _INSIDE_TAG):
        for match in pattern.finditer(text):
            entity_type, group = entity_type_of(match["name"]), match.lastgroup
            if not entity_type or not group or not _may_be(entity_type, match[group]):
                continue
            in_prose = group == "bare" and _PROSE.search(text, match.end("name"), match.start(group)) is not None
            if not in_prose or _NO_WORD.search(match[group]):
                yield entity_type, match.span(group)
    yield from _cells(text)


def _cells(text: str) -> Iterator[tuple[str, Span]]:
    """Values under the header of a table with commas, semicolons, tabs or bars between its cells."""
    header, end_of_line, _ = text.partition("\n")
    if not end_of_line or not _DELIMITER.search(header):
        return
    entity_types = [entity_type_of(cell.strip(" \"'")) for cell in _DELIMITER.split(header)][:_MAX_COLUMNS]
    if not any(entity_types):
        return
    at = len(header) + 1
    for line in text[at:].split("\n", _MAX_ROWS)[:_MAX_ROWS]:
        start = at
        for entity_type, cell in zip(entity_types, _DELIMITER.split(line), strict=False):
            value = cell.strip(" \"'\r")
            if entity_type and value and _may_be(entity_type, value):
                begin = start + cell.index(value)
                yield entity_type, (begin, begin + len(value))
            start += len(cell) + 1
        at += len(line) + 1


def _may_be(entity_type: str, value: str) -> bool:
    """Whether the value can have this entity type: it is not a word of a sentence or too short a number."""
    if entity_type == "SECRET" and not any(character.isdigit() for character in value):
        return False
    if entity_type in _TEXT_ENTITY_TYPES:
        return len(value) >= _MIN_CHARACTERS and value.lower() not in _NOTHING and " " not in value.strip()
    if _AMOUNT.fullmatch(value):
        return False
    digits = sum(character.isdigit() for character in value)
    return digits >= _MIN_DIGITS.get(entity_type, 5) and digits * 2 >= sum(character.isalnum() for character in value)
