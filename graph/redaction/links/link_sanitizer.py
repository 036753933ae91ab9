"""Removes the URLs from a model's text that its user did not write.

After a prompt injection a model can write an image or a link whose URL carries private data, and a client that renders the
answer fetches it. So only URLs that are allowed as a whole stay. Any other becomes `[link removed: example[.]com]`, which no
client turns into a link. The words around it stay:

    [my plan](https://example.com/?card=[CARD_7K3Q9D])  →  [my plan] ([link removed: example[.]com])
    <img src="//example.com/x.png">                     →  < img src="[link removed: example[.]com]">

Markup that turns other words into URLs is broken: a blank separates the target of a Markdown link from its `]`, and HTML
except plain tags (`<b>`, `<br>`) becomes text. A Markdown image becomes a link, since clients fetch images at once.
`graph.redaction.links.urls` defines what a URL is.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from graph.redaction.links.urls import (
    SCHEME_START,
    SCHEMES,
    TRAILING_PUNCTUATION,
    URL_PATTERNS,
    as_rendered,
    canonical_url,
    canonical_urls,
    domain_of,
    urls_in,
)
from graph.redaction.values.placeholders import CODE, ENTITY_TYPE

MAX_WORD_CHARS = 2_000
"""Maximum characters of a word. A longer word is cut in two, so that no URL passes in parts."""

HARMLESS_TAGS = (
    "b|br|blockquote|code|del|em|h[1-6]|hr|i|kbd|li|ol|p|pre|s|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
)
"""HTML tags that are harmless without attributes."""

_WORD = r"[^\s\uff0c\u3001\uff01\uff1f\uff1b\uff1a\uff08\uff09\u300c\u300d]"
_BEGINNINGS = "|".join(
    sorted({word[:length] for word in (*SCHEMES, "www") for length in range(1, len(word) + 1)}, key=len, reverse=True)
)
_SUSPECT = re.compile(
    rf"(?:[\]<&\\/]|!(?=\[)|{SCHEME_START}(?:{'|'.join(SCHEMES)}|www)(?=[^\w\s]|_)){_WORD}{{0,{MAX_WORD_CHARS}}}(?P<more>(?={_WORD}))?",
    re.IGNORECASE,
)
"""The rest of a word from the first character at which a URL, an image, a target or a tag can begin."""
_BEGUN = re.compile(rf"(?:{SCHEME_START}(?:{_BEGINNINGS})|!)\Z", re.IGNORECASE)

_UNITS = re.compile(
    rf"\]\((?=<?(?P<target>(?:[^\s()<>]|\([^\s()<>]*\))*))"
    rf"|(?P<angle><)?(?P<address>{'|'.join(URL_PATTERNS)})(?(angle)>?)"
    rf"|(?P<image>!(?=\[))"
    rf"|<(?=[A-Za-z/!?])(?!/?(?:{HARMLESS_TAGS})/?>|(?-i:{ENTITY_TYPE}_{CODE})>)",
    re.IGNORECASE,
)


class AllowedUrls:
    """The URLs in some texts. They are read at the first use, since most answers have no URL."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = texts

    def __contains__(self, url: str) -> bool:
        """Whether the texts mention a canonical URL."""
        return url in self._forms

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(url for text in self._texts for url in urls_in(text))


class LinkSanitizer:
    """Removes the URLs that are not allowed from a stream in chunks of any size.

    What comes out, put together, is what `sanitize_links` makes of the whole.
    """

    def __init__(self, allowed: AllowedUrls) -> None:
        self.allowed = allowed
        self._before = ""
        """The last released character; it decides whether a word begins after it."""
        self._held = ""

    def push(self, chunk: str) -> str:
        """Add a chunk and return the text that can be released, which may be empty."""
        text = self._before + self._held + chunk
        return self._let_go(text, _open_from(text, len(self._before)))

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        text = self._before + self._held
        return self._let_go(text, len(text))

    def _let_go(self, text: str, point: int) -> str:
        start = len(self._before)
        pieces, last = [], start
        for match in _SUSPECT.finditer(text, start):
            if match.start() >= point:
                break
            goes_on = match["more"] is not None
            pieces += [text[last : match.start()], self._word(match[0]), " " if goes_on else ""]
            last = match.end()
        self._before, self._held = text[point - 1 : point], text[point:]
        return "".join([*pieces, text[last:point]])

    def _word(self, word: str) -> str:
        safe = _UNITS.sub(self._unit, word)
        plain = as_rendered(safe)
        if plain != safe and any(url not in self.allowed for url in canonical_urls(plain)):
            return removal_notice(plain)
        return safe

    def _unit(self, match: re.Match[str]) -> str:
        if match["target"] is not None:
            return match[0] if canonical_url(match["target"]) in self.allowed else "] ("
        if match["image"] is not None:
            return "! "
        if match["address"] is None:
            return "< "
        url = match["address"].rstrip(TRAILING_PUNCTUATION)
        if canonical_url(url) in self.allowed:
            return match[0]
        apart = " " if match.string[match.end() : match.end() + 1] in ("(", "[") else ""
        return removal_notice(url) + match["address"][len(url) :] + apart


def sanitize_links(text: str, allowed: AllowedUrls) -> str:
    """The text without the URLs that are not allowed."""
    sanitizer = LinkSanitizer(allowed)
    return sanitizer.push(text) + sanitizer.flush()


def sanitize_links_json(value: Any, allowed: AllowedUrls) -> Any:
    """A JSON value, field names included, without the URLs that are not allowed."""
    match value:
        case str():
            return sanitize_links(value, allowed)
        case dict():
            return {sanitize_links(name, allowed): sanitize_links_json(item, allowed) for name, item in value.items()}
        case list() | tuple():
            return [sanitize_links_json(item, allowed) for item in value]
        case _:
            return value


def removal_notice(url: str) -> str:
    """The replacement of a URL. The dots of its host are in brackets, so that no client turns it into a link."""
    host = domain_of(url).replace(".", "[.]")
    return f"[link removed: {host}]" if host else "[link removed]"


def _open_from(text: str, start: int) -> int:
    """The start of the unfinished word that may become a URL; the length of the text without one."""
    for match in _SUSPECT.finditer(text, start):
        if match.end() == len(text):
            return match.start()
    begun = _BEGUN.search(text, start)
    return begun.start() if begun else len(text)
