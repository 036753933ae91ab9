"""Taking the addresses out of an answer that nobody gave the model.

A model that was talked into it can write an image or a link whose address carries what it was told, and a client that
shows the answer fetches it. So an address stays only if it is, whole, one that the model was given: any other becomes
`[link removed: example.com]`. The words around it stay:

    [my plan](https://example.com/?card=[CARD_7K3Q9D])  →  [my plan] ([link removed: example.com])
    <img src="//example.com/x.png">                     →  < img src="[link removed: example.com]">

What is an address: anything after `https:`, `ftp:`, `file:` and their like, after `//`, `www.`, `mailto:`, `javascript:`
or `data:`, however its slashes, colons and letters are escaped. What makes an address of other words is taken apart: the
target of a Markdown link or image moves away from its `]`, and HTML becomes text but for plain marks (`<b>`, `<br>`). A name
without any of it (`example.com`) stays: no Markdown and no HTML fetches that.
"""

import html
import re
from collections.abc import Iterable
from functools import cached_property

from graph.redaction.normalise import normalise
from graph.redaction.tokens import CODE, KIND

LONGEST_WORD = 2_000
"""Characters of a word that are looked at together; a longer one is cut in two, so that no address gets through in parts."""

SCHEMES = ("https", "http", "ftps", "ftp", "wss", "ws", "file", "mailto", "xmpp", "javascript", "vbscript", "data")
MARKS = "b|br|blockquote|code|del|em|h[1-6]|hr|i|kbd|li|ol|p|pre|s|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
"""HTML that shows text only, as long as it has no attributes; a token between `<` and `>` is no HTML either."""

_START = r"(?<![^\W_])"
_WORD = r"[^\s\uff0c\u3001\uff01\uff1f\uff1b\uff1a\uff08\uff09\u300c\u300d]"
_BEGINNINGS = "|".join(
    sorted({word[:length] for word in (*SCHEMES, "www") for length in range(1, len(word) + 1)}, key=len, reverse=True)
)
_SUSPECT = re.compile(
    rf"(?:[\]<&\\/]|{_START}(?:{'|'.join(SCHEMES)}|www)(?=[^\w\s]|_)){_WORD}{{0,{LONGEST_WORD}}}(?P<more>(?={_WORD}))?",
    re.IGNORECASE,
)
"""The rest of a word from the first character on at which an address, a target or a tag can begin."""
_BEGUN = re.compile(rf"{_START}(?:{_BEGINNINGS})\Z", re.IGNORECASE)

_CHARACTER = r"[^\s<>\"`|()\[\]]"
_REST = rf"(?:{_CHARACTER}|\[[^\s\[\]]*\]|\((?:{_CHARACTER}|\[[^\s\[\]]*\]|\({_CHARACTER}*\))*\))"
_FORMS = (
    rf"{_START}(?:https?|ftps?|wss?|file):{_REST}+",
    rf"{_START}(?:mailto|xmpp):{_REST}+",
    rf"(?:java|vb)?script:{_REST}+",
    rf"{_START}data:[\w.+-]*[/;,]{_REST}*",
    rf":[/\\]{{2,}}{_REST}+",
    rf"[/\\]{{2,}}[^\s<>\"`|()/\\]*[.\u3002\uff0e\uff61]{_REST}+",
    rf"{_START}www\.{_REST}+",
)
_ADDRESS = re.compile("|".join(_FORMS), re.IGNORECASE)
_UNITS = re.compile(
    rf"\]\((?=<?(?P<target>(?:[^\s()<>]|\([^\s()<>]*\))*))"
    rf"|(?P<angle><)?(?P<address>{'|'.join(_FORMS)})(?(angle)>?)"
    rf"|<(?=[A-Za-z/!?])(?!/?(?:{MARKS})/?>|(?-i:{KIND}_{CODE})>)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/{_REST}*)?")
_TRAILING = "?!.,:;*_~'\\"


class Defuser:
    """Takes a stream in chunks of any size and gives it back without the addresses that are in none of the `given` texts.

    What comes out, put together, is what `defuse` makes of the whole.
    """

    def __init__(self, given: Iterable[str]) -> None:
        self.given = given
        self._before = ""
        """The last character that was let go: whether a word begins after it."""
        self._held = ""

    @cached_property
    def allowed(self) -> frozenset[str]:
        return frozenset(form for text in self.given for form in addresses_in(text))

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
        plain = plainly(safe)
        if plain != safe and any(form not in self.allowed for form in _forms_in(plain)):
            return note(plain)
        return safe

    def _unit(self, match: re.Match[str]) -> str:
        if match["target"] is not None:
            return match[0] if form_of(match["target"]) in self.allowed else "] ("
        if match["address"] is None:
            return "< "
        address = match["address"].rstrip(_TRAILING)
        if form_of(address) in self.allowed:
            return match[0]
        apart = " " if match.string[match.end() : match.end() + 1] in ("(", "[") else ""
        return note(address) + match["address"][len(address) :] + apart


def defuse(text: str, given: Iterable[str]) -> str:
    """The text without the addresses that are in none of the `given` ones."""
    defuser = Defuser(given)
    return defuser.push(text) + defuser.flush()


def addresses_in(text: str) -> set[str]:
    """The addresses that a text mentions, in the form in which they are compared; bare names (`example.com`) count."""
    lines = text.replace("\\n", "\n").replace('\\"', '"')
    return {*_forms_in(lines), *(form_of(match[0].rstrip(_TRAILING)) for match in _BARE.finditer(lines))}


def form_of(address: str) -> str:
    """An address as it is compared: its host in small letters, without `https://` and the slash at its end."""
    plain = re.sub(r"^https?://", "", plainly(address), flags=re.IGNORECASE).rstrip("/")
    host = re.match(r"[^/?#]*", plain)
    end = host.end() if host else 0
    return plain[:end].lower() + plain[end:]


def plainly(text: str) -> str:
    """A text as a browser would read it: entities and Markdown's escapes resolved, without characters that show nothing."""
    shown = normalise(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text)))
    return shown.text


def note(address: str) -> str:
    """What stands in the place of an address."""
    host = host_of(address)
    return f"[link removed: {host}]" if host else "[link removed]"


def host_of(address: str) -> str:
    """The end of a host's name, as far as it is one: the rest of it could carry a message of its own."""
    found = re.match(r"(?:[a-z]+:)?[/\\]+([^/\\?#]+)|(www\.[^/\\?#]+)", plainly(address), re.IGNORECASE)
    name = (found[1] or found[2]).rpartition("@")[2].partition(":")[0].lower() if found else ""
    try:
        labels = name.encode("idna").decode().split(".")
    except UnicodeError:
        return ""
    kept = ".".join(labels[-3:] if max(map(len, labels[-2:])) <= 3 else labels[-2:])
    return kept if re.fullmatch(r"(?!www\.)[a-z0-9-]+(\.[a-z0-9-]+)+", kept) else ""


def _forms_in(text: str) -> Iterable[str]:
    return (form_of(match[0].rstrip(_TRAILING)) for match in _ADDRESS.finditer(text))


def _open_from(text: str, start: int) -> int:
    """Where the word begins that may go on and is to be looked at whole; the length of the text if there is none."""
    for match in _SUSPECT.finditer(text, start):
        if match.end() == len(text):
            return match.start()
    begun = _BEGUN.search(text, start)
    return begun.start() if begun else len(text)
