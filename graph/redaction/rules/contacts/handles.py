"""Identifiers of people on payment apps and social networks: handles, cashtags, UPI and Pix keys, profile links."""

import re
from collections.abc import Iterator

from graph.redaction.rules.spans import Span, any_of

_APPS = any_of(
    "venmo zelle cash_?app cashtag paypal\\w* revolut wise monzo bizum ig insta(?:gram)? twitter tiktok snap(?:chat)? telegram",
    "tg signal discord threads bluesky mastodon x handle user_?name user login tag pay send sent paid from to request gpay",
    "phonepe paytm facebook github",
)
_AT_HANDLE = re.compile(
    rf"\b{_APPS}\b[^\w@\n]{{0,4}}(?:me |at |is |handle |user )?(@[A-Za-z0-9][\w.-]{{1,38}}\w)(?![@\w]|\.[A-Za-z])",
    re.IGNORECASE,
)
_BARE_HANDLE = re.compile(r"(?<![\w@./])@(?=[\w.-]{0,30}(?:\d|[._-][A-Za-z0-9]))[A-Za-z][\w.-]{2,38}\w(?![@\w])")
"""A handle with a digit or a mark, which handles of shops do not have."""

_CASHTAG = re.compile(
    r"(?:\bcash ?app\b|\bcash ?tag\b|\bcash\.app/)[^$\n]{0,24}(\$[A-Za-z][\w-]{1,19})(?!\w)", re.IGNORECASE
)
_BARE_CASHTAG = re.compile(r"(?<![\w$])\$(?=[A-Z]{0,19}[a-z])[A-Za-z][A-Za-z0-9_-]{5,19}(?![\w-])")
"""Longer than ticker symbols, and not in capitals."""
_USERNAME = re.compile(
    r"\b(?:user ?(?:name|id)|login (?:name|id)|screen ?name|nick ?name|nutzername|benutzername|nom d'utilisateur|usuario|"
    r"utente|usuário|gebruikersnaam|handle)\b[\"']?\s{0,2}(?:is|:|=|ist|es|est|è|é)\s{0,2}[\"']?((?=[\w.@-]{0,40}[A-Za-z])[\w@][\w.-]{2,39}\w)(?![@\w])",
    re.IGNORECASE,
)
_SOCIAL = re.compile(
    r"\b(?:snap(?:chat)?|insta(?:gram)?|ig|discord|skype|telegram|twitter|tiktok|venmo|paypal|cash ?app|twitch|reddit|steam|"
    r"user)(?: (?:handle|user(?:name)?|id|name|account))?(?:\s{0,2}[:=]\s{0,2}(?:live:)?@?| is (?=[A-Za-z._-]{2,30}[\d#]))"
    r"([A-Za-z][\w.#-]{3,39})(?![\w@])"
    r"|\b(?:user|snap|insta|ig|discord) ((?=[A-Za-z._-]{2,30}[\d#])[A-Za-z][\w.#-]{3,39})(?![\w@])",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"(?:\bt\.me/|\bpaypal\.me/|\bvenmo\.com/(?:u/)?|\bcash\.app/|\brevolut\.me/|\blinkedin\.com/in/|\bfacebook\.com/|"
    r"\binstagram\.com/|\btwitter\.com/|\bx\.com/|\btiktok\.com/|\bwa\.me/|\bmonzo\.me/)([@$]?[\w.-]{2,60}\w)",
    re.IGNORECASE,
)
_UPI = re.compile(r"(?<![\w@.-])[\w.-]{2,60}@[A-Za-z]{2,20}(?![\w@]|[.-]\w)")
"""A virtual payment address: a bank or an app follows the @, not a domain."""
_PIX = re.compile(
    r"\bpix\b[^\w\n]{0,4}(?:(?:é|e|is|key|chave|do|da) ?:? ?){0,2}((?=[\w@.+-]{0,60}\d)[\w@.+][\w@.+-]{7,60}\w)",
    re.IGNORECASE,
)


def handles(text: str) -> Iterator[Span]:
    for named in (_USERNAME, _SOCIAL, _PROFILE):
        yield from (match.span(match.lastindex or 0) for match in named.finditer(text))
    yield from pix_keys(text)
    if "@" in text:
        yield from (match.span(1) for match in _AT_HANDLE.finditer(text))
        yield from (match.span() for bare in (_BARE_HANDLE, _UPI) for match in bare.finditer(text))
    if "$" in text:
        yield from (match.span(1) for match in _CASHTAG.finditer(text))
        yield from (match.span() for match in _BARE_CASHTAG.finditer(text))


def pix_keys(text: str) -> Iterator[Span]:
    """Keys of Brazil's Pix: a tax number, telephone number, e-mail address or UUID after the word."""
    return (match.span(1) for match in _PIX.finditer(text))
