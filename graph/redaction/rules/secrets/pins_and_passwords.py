"""PINs, one-time codes, passwords and the security codes of cards."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, any_of, is_money

_LINK = r"(?:'s)?[\"']?\s{0,2}(?:is|was|to|of|lautet|ist|est|es|è|é|:|=|#|-|>)?\s{0,2}[\"']?"
_CODE = r"(\d{3}[ -]\d{3}|\d{4,8})(?![\w-]|[.,:/]\d|\s?[%$€£])"

_ONE_TIME_WORDS = any_of(
    "otp one[-_]time_(?:code|password|pin|passcode) (?:2fa|mfa)(?:_code)? (?:sms|text)_code m?tan photo-?tan",
    "(?:verification|security|login|confirmation|auth(?:entication)?|access)_code",
    "bestätigungscode sicherheitscode code_de_(?:vérification|sécurité|confirmation)",
    "código_de_(?:verificación|seguridad|verificação|segurança|confirmación) codice_di_(?:verifica|sicurezza) verificatiecode",
    "beveiligingscode ओटीपी",
)
_PIN_WORDS = any_of(
    "(?:my|the|his|her|our|card|atm|bank)_pin passcode pin[- ]?(?:code|number|no|nummer)",
    "geheimzahl code_pin codice_pin pincode nip senha_(?:do_cartão|de_\\d_dígitos)",
    "clave_(?:secreta|pin) código_pin unlock_code atm_code पिन",
)
_NAMED_CODE = re.compile(rf"(?<!\w)(?:{_ONE_TIME_WORDS}|{_PIN_WORDS}){_LINK}{_CODE}", re.IGNORECASE)
_PIN = re.compile(r"(?<!\w)(?:PIN|pin\s{0,2}(?:is|was|to|:|=|#|-))\s{0,2}" + _CODE)
_SENT_CODE = re.compile(
    r"\b(?:code|código|codice)\b(?=[^\d\n]{0,50}(?:text|sent|sms|receiv|got|mail|phone|me:|enviad|envoy|ricevut))[^\d\n]{0,50}?"
    r"(?!(?:19|20)\d\d\b)" + _CODE,
    re.IGNORECASE,
)
_CODE_BEHIND = re.compile(
    r"(?<![\w.,-])(?:[A-Z]-)?(?!(?:19|20)\d\d )(\d{3}[ -]\d{3}|\d{4,8})"
    r"(?= (?:is|as) (?:your|my|the)(?: \w{1,20}){0,3} (?:code|otp|pin|passcode|password)\b)",
    re.IGNORECASE,
)
_SECURITY_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|csc|cid|security code|card code|prüfziffer|kartenprüfnummer|cryptogramme|código de seguridad|"
    r"código de segurança|codice di sicurezza|"
    r"(?:three|four|3|4|last three|drei) (?:digits?|numbers?|ziffern) (?:on|at|from|auf) (?:the|der) (?:back|rück\w*)|"
    r"code on the back)\b"
    r"[^\d\n]{0,16}(\d{3,4})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)

_PASSWORD_WORDS = any_of(
    "pass(?:word|wd|phrase) pwd pw kennwort passwort mot_de_passe mdp contraseña contrasena senha parola_d'ordine wachtwoord",
    "passcode पासवर्ड",
)
_PASSWORD = re.compile(
    rf"(?<!\w){_PASSWORD_WORDS}[\"']?(?:'s)?\s{{0,2}}(?:is|was|to|:|=|=>|ist|lautet|est|es|è|é)\s{{0,2}}[\"']?"
    r"((?=[^\s\"',;]{0,40}[\d!#$%&*+=?@^_~]|(?-i:[A-Za-z]{1,40}[a-z][A-Z]))[^\s\"',;<>]{5,60})",
    re.IGNORECASE,
)
_PASSWORD_BARE = re.compile(
    rf"(?<!\w){_PASSWORD_WORDS}\s{{1,2}}((?=\S{{0,40}}\d)(?=\S{{0,40}}[A-Za-z])[^\s\"',;<>]{{6,60}})", re.IGNORECASE
)


_PAIR = re.compile(
    r"\b(?:login|credentials|creds|pass)\b(?:\W{1,3}[\w.@+-]{2,40} ?[/:]|\s?(?:is|:|=))\s?"
    r"((?=[^\s\"',;]{0,40}\d)(?=[^\s\"',;]{0,40}[A-Za-z])[^\s\"',;<>]{6,40})",
    re.IGNORECASE,
)
"""A password after its user name."""


def security_codes(text: str) -> Iterator[Span]:
    return (match.span(1) for match in _SECURITY_CODE.finditer(text))


def pins(text: str) -> Iterator[Span]:
    """PINs and one-time codes after a word that names them, or in the text of a sent code."""
    for pattern in (_NAMED_CODE, _PIN, _SENT_CODE, _CODE_BEHIND):
        yield from (match.span(1) for match in pattern.finditer(text) if not is_money(text, *match.span(1)))


def passwords(text: str) -> Iterator[Span]:
    for pattern in (_PASSWORD, _PASSWORD_BARE, _PAIR):
        yield from (match.span(1) for match in pattern.finditer(text))
