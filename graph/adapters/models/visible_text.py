"""What of a model's words is its answer: its thoughts are taken out, and characters that were cut in two are joined.

Servers that do not know a model's template leave its thoughts in the text, between tags such as `<think>` and `</think>`.
Some templates write the opening tag themselves, so that only the closing one comes.
"""

import re
from collections.abc import Iterable

TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|channel|>analysis<|message|>": "<|start|>assistant<|channel|>final<|message|>",
}
"""Opening and closing tags of thoughts, in lower case."""
QUOTES = "`'\"“"
"""Behind one of these a tag is spoken of, and opens or closes nothing."""


def _either(words: Iterable[str]) -> str:
    """A pattern of words, longest first."""
    return "|".join(map(re.escape, sorted(set(words), key=lambda word: (-len(word), word))))


_WORDS = (*TAGS, *TAGS.values())
ANY_TAG = re.compile(_either(_WORDS), re.IGNORECASE)
BEGUN_TAG = re.compile(
    rf"(?:{_either(tag[:length] for tag in _WORDS for length in range(1, len(tag)))})\Z", re.IGNORECASE
)


class VisibleText:
    """Takes an answer in chunks of any size and gives its visible words back at once, but for what may begin a tag."""

    def __init__(self, *, begins_with_thoughts: bool = False) -> None:
        """`begins_with_thoughts`: nothing is given back before a closing tag, or the end."""
        self.began_with_thoughts = False
        """Whether the first tag was a closing one: what stood before it were thoughts."""
        self.has_shown_thoughts = False
        """Whether some of them were given back before it came."""
        self.waited_in_vain = False
        """Whether an answer that was expected to begin with thoughts had none."""
        self._half = ""
        """The first half of a character outside Unicode's basic plane, as JSON escapes it."""
        self._held = ""
        """What may begin a tag."""
        self._closing: str | None = None
        """The tag that ends the thoughts that are under way; any closing one if it is empty, None between thoughts."""
        if begins_with_thoughts:
            self._closing = ""
        self._is_plain = self._closing is None
        """Whether what comes next is seen at once if no tag begins in it."""
        self._thoughts: list[str] = []
        """The thoughts that are under way."""
        self._last = ""
        """The last character that was given back."""
        self._after_thoughts = False
        """Whether thoughts have ended and no word has come since."""
        self._has_closed = False
        """Whether any thoughts have ended."""

    def push(self, chunk: str) -> str:
        """Add a chunk; return the words that can be seen now."""
        if self._is_plain and chunk.isascii() and "<" not in chunk and "[" not in chunk:
            self._last = chunk[-1:] or self._last
            return chunk
        has_shown = bool(self._last)
        self._held += self._joined(chunk)
        seen = ""
        while self._held:
            tag = self._next_tag()
            before = self._take(tag.start() if tag else self._end_of_text())
            if self._closing is None:
                seen += self._seen(before)
            else:
                self._thoughts.append(before)
            if tag is None:
                break
            seen = self._pass(self._take(len(tag[0])), seen, has_shown)
        self._is_plain = self._closing is None and not (self._held or self._half or self._after_thoughts)
        return seen

    def flush(self, *, is_cut: bool = False) -> str:
        """The rest, at the end. Thoughts that were never closed are words after all if visible ones stand before them, or
        if none were announced; not if the answer was cut.
        """
        held, self._held = self._held, ""
        if self._closing is None:
            return self._seen(held)
        words = "".join([*self._thoughts, held])
        was_expected = self._closing == ""
        self.waited_in_vain = was_expected and bool(words) and not is_cut
        return words if (was_expected or self._last) and not is_cut else ""

    def _joined(self, chunk: str) -> str:
        """The chunk without a half character at its end, behind the half that the last one ended with."""
        if not chunk:
            return ""
        text, self._half = self._half + chunk, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return paired(text) if "\udc00" <= chunk[0] <= "\udfff" else text

    def _take(self, length: int) -> str:
        """The beginning of what is held, which is held no longer."""
        taken, self._held = self._held[:length], self._held[length:]
        return taken

    def _next_tag(self) -> re.Match[str] | None:
        """The next tag in what is held that opens or closes thoughts."""
        for match in ANY_TAG.finditer(self._held):
            before = self._held[match.start() - 1 : match.start()] or self._last
            if self._counts(match[0].lower(), before):
                return match
        return None

    def _counts(self, tag: str, before: str) -> bool:
        if self._closing is None:
            return not (before and before in QUOTES)
        return tag == self._closing if self._closing else tag not in TAGS

    def _end_of_text(self) -> int:
        """Where a tag may begin that is not complete yet; the length of what is held if none does."""
        begun = BEGUN_TAG.search(self._held)
        return begun.start() if begun else len(self._held)

    def _pass(self, tag: str, seen: str, has_shown: bool) -> str:
        """Go behind a tag. What is left of the words before it is given back.

        Args:
            tag: as it was written.
            seen: the words of this chunk before it.
            has_shown: whether words of earlier chunks were given back.
        """
        if self._closing is None and tag.lower() in TAGS:
            self._closing, self._thoughts = TAGS[tag.lower()], [tag]
            return seen
        if self._closing is None and not self._has_closed:
            self.began_with_thoughts = True
            self.has_shown_thoughts = has_shown
            seen, self._last = "", ""
        self._closing, self._thoughts = None, []
        self._after_thoughts = self._has_closed = True
        return seen

    def _seen(self, text: str) -> str:
        if self._after_thoughts:
            text = text.lstrip()
            self._after_thoughts = not text
        self._last = text[-1:] or self._last
        return text


def paired(text: str) -> str:
    """The text with halves of characters that follow one another made one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
