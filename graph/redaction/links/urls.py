"""Recognises the URLs that a client could open, and compares their spellings.

A URL is any text after `https:`, `ftp:`, `file:` and similar schemes, after `//`, `www.`, `mailto:`, `javascript:` or `data:`,
however its slashes, colons and letters are escaped. A bare name (`example.com`) is not: neither Markdown nor HTML fetches it.
A client may still link it, so no value is put into it either (`is_inside_url`).
"""

import html
import re
from collections.abc import Iterator

from graph.redaction.values.normalise import normalise
from graph.redaction.values.placeholders import TOKEN

SCHEMES = ("https", "http", "ftps", "ftp", "wss", "ws", "file", "mailto", "xmpp", "javascript", "vbscript", "data")

SCHEME_START = r"(?<![^\W_])"
"""Pattern of a position where a scheme can begin: not within a word."""
_CHARACTER = r"[^\s<>\"`|()\[\]]"
URL_PART = rf"(?:{_CHARACTER}|\[[^\s\[\]]*\]|\((?:{_CHARACTER}|\[[^\s\[\]]*\]|\({_CHARACTER}*\))*\))"
"""Pattern of one character, or bracketed part, after the beginning of a URL."""
URL_PATTERNS = (
    rf"{SCHEME_START}(?:https?|ftps?|wss?|file):{URL_PART}+",
    rf"{SCHEME_START}(?:mailto|xmpp):{URL_PART}+",
    rf"(?:java|vb)?script:{URL_PART}+",
    rf"{SCHEME_START}data:[\w.+-]*[/;,]{URL_PART}*",
    rf":[/\\]{{2,}}{URL_PART}+",
    rf"[/\\]{{2,}}[^\s<>\"`|()/\\]*[.\u3002\uff0e\uff61]{URL_PART}+",
    rf"{SCHEME_START}www\.{URL_PART}+",
)
"""Patterns of URLs."""
TRAILING_PUNCTUATION = "?!.,:;*_~'\\"
"""Characters at the end of a URL that belong to the sentence."""

_URL = re.compile("|".join(URL_PATTERNS), re.IGNORECASE)
_URL_ANYWHERE = re.compile("|".join(URL_PATTERNS).replace(SCHEME_START, ""), re.IGNORECASE)
"""Also within words, since a chunk of a stream may begin in the middle of one."""
_BARE_NAME = re.compile(rf"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/{URL_PART}*)?")

MAX_URL_CHARS = 4_000
"""Maximum characters before and after a token that are searched for a URL around it."""
_STAND_IN = "t0k3n"
"""Replaces the token while the word around it is read."""
_HOST_AND_PATH = re.compile(
    rf"(?:[\w-]+\.)+(?:[a-z]{{2,24}}|[A-Z]{{2,24}})(?![\w-])(?::\d+)?(?P<path>[/?#\\]{URL_PART}*)?"
)
_FILE_NAME = re.compile(r".*\.(?:csv|docx?|gif|html?|jpe?g|json|md|pdf|png|svg|txt|webp|xlsx?|xml|zip)", re.IGNORECASE)
_GITHUB_CONTINUATION = re.compile(r"[^\s<>\"]*")
"""The further characters that GitHub's Markdown includes in a link, where other clients end it."""
_TOKEN_END = re.compile(rf"{TOKEN}\Z")
_OPEN_TAG = re.compile(r"<(?:[A-Za-z/!?][^<>]*=|[A-Za-z][A-Za-z0-9+.-]*:)[^<>]*\Z")


def as_rendered(text: str) -> str:
    """The text as a browser renders it: entities and Markdown escapes resolved, invisible characters removed."""
    shown = normalise(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text)))
    return shown.text


def urls_in(text: str) -> set[str]:
    """The canonical URLs in a text, including bare host names (`example.com`)."""
    lines = text.replace("\\n", "\n").replace('\\"', '"')
    return {
        *canonical_urls(lines),
        *(canonical_url(match[0].rstrip(TRAILING_PUNCTUATION)) for match in _BARE_NAME.finditer(lines)),
    }


def canonical_urls(text: str) -> Iterator[str]:
    """The canonical URLs in a text, without bare host names."""
    return (canonical_url(match[0].rstrip(TRAILING_PUNCTUATION)) for match in _URL.finditer(text))


def canonical_url(url: str) -> str:
    """The form in which URLs are compared: lower-case host, no `https://`, no slash at the end."""
    plain = re.sub(r"^https?://", "", as_rendered(url), flags=re.IGNORECASE).rstrip("/")
    host = re.match(r"[^/?#]*", plain)
    end = host.end() if host else 0
    return plain[:end].lower() + plain[end:]


def domain_of(url: str) -> str:
    """The last labels of the host, or an empty text. Further labels could carry a message."""
    found = re.match(r"(?:[a-z]+:)?[/\\]+([^/\\?#]+)|(www\.[^/\\?#]+)", as_rendered(url), re.IGNORECASE)
    name = (found[1] or found[2]).rpartition("@")[2].partition(":")[0].lower() if found else ""
    try:
        labels = name.encode("idna").decode().split(".")
    except UnicodeError:
        return ""
    kept = ".".join(labels[-3:] if max(map(len, labels[-2:])) <= 3 else labels[-2:])
    return kept if re.fullmatch(r"(?!www\.)[a-z0-9-]+(\.[a-z0-9-]+)+", kept) else ""


def is_inside_url(text: str, start: int, end: int) -> bool:
    """Whether the token at `text[start:end]` is a part of an address: scheme, host, path, query, fragment, a Markdown target or
    an HTML attribute. In doubt it is: a token that stays is an inconvenience, a value in an address is sent to its host.
    """
    before, after = text[max(0, start - MAX_URL_CHARS) : start], text[end : end + MAX_URL_CHARS]
    return _is_in_target(before) or _is_in_tag(before) or _is_in_word(_last_word(before), _first_word(after))


def _is_in_target(before: str) -> bool:
    """Whether a Markdown target is open: `](` without its `)`. The bracket of a token does not count."""
    opened = before.rfind("](")
    if opened < 0 or _TOKEN_END.search(before, 0, opened + 1):
        return False
    inside = before[opened + len("](") :]
    return "\n\n" not in inside and not _is_closed(inside)


def _is_closed(target: str) -> bool:
    """Whether the target after `](` is closed."""
    return target.count(")") > target.count("(")


def _is_in_tag(before: str) -> bool:
    """Whether an HTML attribute or a URL in angle brackets is open."""
    opened = before.rfind("<")
    return opened >= 0 and _OPEN_TAG.match(before, opened) is not None


def _last_word(text: str) -> str:
    return "" if not text or text[-1].isspace() else text.split()[-1]


def _first_word(text: str) -> str:
    return "" if not text or text[0].isspace() else text.split(maxsplit=1)[0]


def _is_in_word(before: str, after: str) -> bool:
    word = as_rendered(before + _STAND_IN + after)
    place = word.find(_STAND_IN)
    for match in _URL_ANYWHERE.finditer(word):
        target = word.rfind("](", 0, match.start() + 1)
        if target >= 0 and _is_closed(word[target + len("](") : place]):
            continue
        if match.start() <= place and (place < match.end() or _GITHUB_CONTINUATION.fullmatch(word, match.end(), place)):
            return True
    return any(
        match.start() <= place < match.end() and (match["path"] or not _FILE_NAME.fullmatch(match[0]))
        for match in _HOST_AND_PATH.finditer(word)
    )
