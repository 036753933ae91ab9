"""What a client could read as an address, and how two spellings of one address are compared.

An address is anything after `https:`, `ftp:`, `file:` and their like, after `//`, `www.`, `mailto:`, `javascript:` or `data:`,
however its slashes, colons and letters are escaped. A name without any of it (`example.com`) is none: no Markdown and no HTML
fetches it. It may become one when somebody clicks on it, so no value is put into it either (`is_inside_url`).
"""

import html
import re
from collections.abc import Iterator

from graph.redaction.values.normalise import normalise
from graph.redaction.values.placeholders import TOKEN

SCHEMES = ("https", "http", "ftps", "ftp", "wss", "ws", "file", "mailto", "xmpp", "javascript", "vbscript", "data")

SCHEME_START = r"(?<![^\W_])"
"""Pattern of the place where a scheme can begin: not within a word."""
_CHARACTER = r"[^\s<>\"`|()\[\]]"
URL_PART = rf"(?:{_CHARACTER}|\[[^\s\[\]]*\]|\((?:{_CHARACTER}|\[[^\s\[\]]*\]|\({_CHARACTER}*\))*\))"
"""Pattern of one part of what follows the beginning of an address."""
URL_PATTERNS = (
    rf"{SCHEME_START}(?:https?|ftps?|wss?|file):{URL_PART}+",
    rf"{SCHEME_START}(?:mailto|xmpp):{URL_PART}+",
    rf"(?:java|vb)?script:{URL_PART}+",
    rf"{SCHEME_START}data:[\w.+-]*[/;,]{URL_PART}*",
    rf":[/\\]{{2,}}{URL_PART}+",
    rf"[/\\]{{2,}}[^\s<>\"`|()/\\]*[.\u3002\uff0e\uff61]{URL_PART}+",
    rf"{SCHEME_START}www\.{URL_PART}+",
)
"""Patterns of addresses."""
TRAILING_PUNCTUATION = "?!.,:;*_~'\\"
"""Characters at the end of an address that belong to the sentence around it."""

_URL = re.compile("|".join(URL_PATTERNS), re.IGNORECASE)
_URL_ANYWHERE = re.compile("|".join(URL_PATTERNS).replace(SCHEME_START, ""), re.IGNORECASE)
"""Within words, too: a piece of a stream may begin in the middle of one."""
_BARE_NAME = re.compile(rf"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/{URL_PART}*)?")

MAX_URL_CHARS = 4_000
"""Characters before and after a token that are looked at for the address around it."""
_STAND_IN = "t0k3n"
"""What stands for the token while the word around it is read."""
_HOST_AND_PATH = re.compile(
    rf"(?:[\w-]+\.)+(?:[a-z]{{2,24}}|[A-Z]{{2,24}})(?![\w-])(?::\d+)?(?P<path>[/?#\\]{URL_PART}*)?"
)
_FILE_NAME = re.compile(r".*\.(?:csv|docx?|gif|html?|jpe?g|json|md|pdf|png|svg|txt|webp|xlsx?|xml|zip)", re.IGNORECASE)
_GITHUB_CONTINUATION = re.compile(r"[^\s<>\"]*")
"""What GitHub's Markdown still counts to an address that it makes a link of, where other clients end it earlier."""
_TOKEN_END = re.compile(rf"{TOKEN}\Z")
_OPEN_TAG = re.compile(r"<(?:[A-Za-z/!?][^<>]*=|[A-Za-z][A-Za-z0-9+.-]*:)[^<>]*\Z")


def as_rendered(text: str) -> str:
    """The text as a browser would read it: entities and Markdown's escapes resolved, without characters that show nothing."""
    shown = normalise(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text)))
    return shown.text


def urls_in(text: str) -> set[str]:
    """The addresses that a text mentions, in the form in which they are compared; bare names (`example.com`) count."""
    lines = text.replace("\\n", "\n").replace('\\"', '"')
    return {
        *canonical_urls(lines),
        *(canonical_url(match[0].rstrip(TRAILING_PUNCTUATION)) for match in _BARE_NAME.finditer(lines)),
    }


def canonical_urls(text: str) -> Iterator[str]:
    """The addresses of a plain text, as they are compared."""
    return (canonical_url(match[0].rstrip(TRAILING_PUNCTUATION)) for match in _URL.finditer(text))


def canonical_url(url: str) -> str:
    """An address as it is compared: its host in small letters, without `https://` and the slash at its end."""
    plain = re.sub(r"^https?://", "", as_rendered(url), flags=re.IGNORECASE).rstrip("/")
    host = re.match(r"[^/?#]*", plain)
    end = host.end() if host else 0
    return plain[:end].lower() + plain[end:]


def domain_of(url: str) -> str:
    """The end of a host's name, as far as it is one: the rest of it could carry a message of its own."""
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
    """Whether a Markdown target is open: `](` without its `)`. The bracket of a token is none: its value takes its place."""
    opened = before.rfind("](")
    if opened < 0 or _TOKEN_END.search(before, 0, opened + 1):
        return False
    inside = before[opened + len("](") :]
    return "\n\n" not in inside and not _is_closed(inside)


def _is_closed(target: str) -> bool:
    """Whether what follows `](` has the bracket that ends it."""
    return target.count(")") > target.count("(")


def _is_in_tag(before: str) -> bool:
    """Whether an attribute of an HTML tag, or an address in angle brackets, is open."""
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
