"""Taking the addresses out of what a model wrote that its user did not write.

A model that was talked into it can write an image or a link whose address carries what it was told, and a client that
shows the answer fetches it. So an address stays only if it is, whole, one of those that are allowed: any other becomes
`[link removed: example[.]com]`, which no client makes a link of. The words around it stay:

    [my plan](https://example.com/?card=[CARD_7K3Q9D])  →  [my plan] ([link removed: example[.]com])
    <img src="//example.com/x.png">                     →  < img src="[link removed: example[.]com]">

What makes an address of other words is taken apart: the target of a Markdown link moves away from its `]`, and HTML becomes
text but for plain marks (`<b>`, `<br>`). A Markdown image becomes a link, since a client fetches an image without being asked.
`graph.redaction.links.urls` says what an address is.
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
"""Characters of a word that are looked at together; a longer one is cut in two, so that no address gets through in parts."""

HARMLESS_TAGS = (
    "b|br|blockquote|code|del|em|h[1-6]|hr|i|kbd|li|ol|p|pre|s|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
)
"""HTML that shows text only, as long as it has no attributes; a token between `<` and `>` is no HTML either."""

_WORD = r"[^\s\uff0c\u3001\uff01\uff1f\uff1b\uff1a\uff08\uff09\u300c\u300d]"
_BEGINNINGS = "|".join(
    sorted({word[:length] for word in (*SCHEMES, "www") for length in range(1, len(word) + 1)}, key=len, reverse=True)
)
_SUSPECT = re.compile(
    rf"(?:[\]<&\\/]|!(?=\[)|{SCHEME_START}(?:{'|'.join(SCHEMES)}|www)(?=[^\w\s]|_)){_WORD}{{0,{MAX_WORD_CHARS}}}(?P<more>(?={_WORD}))?",
    re.IGNORECASE,
)
"""The rest of a word from the first character on at which an address, an image, a target or a tag can begin."""
_BEGUN = re.compile(rf"(?:{SCHEME_START}(?:{_BEGINNINGS})|!)\Z", re.IGNORECASE)

_UNITS = re.compile(
    rf"\]\((?=<?(?P<target>(?:[^\s()<>]|\([^\s()<>]*\))*))"
    rf"|(?P<angle><)?(?P<address>{'|'.join(URL_PATTERNS)})(?(angle)>?)"
    rf"|(?P<image>!(?=\[))"
    rf"|<(?=[A-Za-z/!?])(?!/?(?:{HARMLESS_TAGS})/?>|(?-i:{ENTITY_TYPE}_{CODE})>)",
    re.IGNORECASE,
)


class AllowedUrls:
    """The addresses that some texts mention, read when one is asked for: most answers hold none."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = texts

    def __contains__(self, url: str) -> bool:
        """Whether an address, in the form in which they are compared, is mentioned."""
        return url in self._forms

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(url for text in self._texts for url in urls_in(text))


class LinkSanitizer:
    """Takes a stream in chunks of any size and gives it back without the addresses that are not allowed.

    What comes out, put together, is what `sanitize_links` makes of the whole.
    """

    def __init__(self, allowed: AllowedUrls) -> None:
        self.allowed = allowed
        self._before = ""
        """The last character that was let go: whether a word begins after it."""
        self._held = ""

    def push(self, chunk: str) -> str:
        """Add a chunk; return what can be let go now, which may be nothing."""
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
    """The text without the addresses that are not allowed."""
    sanitizer = LinkSanitizer(allowed)
    return sanitizer.push(text) + sanitizer.flush()


def sanitize_links_json(value: Any, allowed: AllowedUrls) -> Any:
    """A JSON value, the names of its fields included, without the addresses that are not allowed."""
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
    """What stands in the place of an address. The dots of its host are in brackets, so that no client makes a link of it."""
    host = domain_of(url).replace(".", "[.]")
    return f"[link removed: {host}]" if host else "[link removed]"


def _open_from(text: str, start: int) -> int:
    """Where the word begins that may go on and is to be looked at whole; the length of the text if there is none."""
    for match in _SUSPECT.finditer(text, start):
        if match.end() == len(text):
            return match.start()
    begun = _BEGUN.search(text, start)
    return begun.start() if begun else len(text)
