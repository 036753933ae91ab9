"""Removes a model's thoughts from its answer, and joins characters that chunks cut in two.

Servers that do not know a model's template leave thoughts in the text, between tags such as `<think>` and `</think>`. Some
templates write the opening tag themselves, so that the answer has only the closing one.
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
"""A tag after one of these is quoted, and opens or closes nothing."""


def _any_of(words: Iterable[str]) -> str:
    """A pattern of words, the longest first."""
    return "|".join(map(re.escape, sorted(set(words), key=lambda word: (-len(word), word))))


_WORDS = (*TAGS, *TAGS.values())
ANY_TAG = re.compile(_any_of(_WORDS), re.IGNORECASE)
PARTIAL_TAG = re.compile(
    rf"(?:{_any_of(tag[:length] for tag in _WORDS for length in range(1, len(tag)))})\Z", re.IGNORECASE
)


class VisibleText:
    """Takes chunks of any size and returns their visible text at once, except for what may begin a tag."""

    def __init__(self, *, begins_with_thoughts: bool = False) -> None:
        """`begins_with_thoughts` hides everything before a closing tag or the end."""
        self.began_with_thoughts = False
        """Whether the first tag was a closing one, so that the text before it were thoughts."""
        self.has_shown_thoughts = False
        """Whether some of these thoughts were returned before the tag came."""
        self.lacked_thoughts = False
        """Whether the answer was expected to begin with thoughts and had none."""
        self._half_surrogate = ""
        """The first half of a surrogate pair, as JSON escapes a character outside the basic plane."""
        self._pending = ""
        """Text that may begin a tag."""
        self._closing: str | None = None
        """The tag that ends the current thoughts: any closing tag if empty, None outside thoughts."""
        if begins_with_thoughts:
            self._closing = ""
        self._is_plain = self._closing is None
        """Whether the next text is visible at once unless it begins a tag."""
        self._thoughts: list[str] = []
        """The current thoughts."""
        self._last = ""
        """The last returned character."""
        self._after_thoughts = False
        """Whether thoughts ended and no text followed yet."""
        self._has_closed = False
        """Whether any thoughts ended."""

    def push(self, chunk: str) -> str:
        """Add a chunk and return the text that is visible now."""
        if self._is_plain and chunk.isascii() and "<" not in chunk and "[" not in chunk:
            self._last = chunk[-1:] or self._last
            return chunk
        has_shown = bool(self._last)
        self._pending += self._join_surrogates(chunk)
        seen = ""
        while self._pending:
            tag = self._next_tag()
            before = self._pop(tag.start() if tag else self._end_of_text())
            if self._closing is None:
                seen += self._shown(before)
            else:
                self._thoughts.append(before)
            if tag is None:
                break
            seen = self._close_or_open(self._pop(len(tag[0])), seen, has_shown)
        self._is_plain = self._closing is None and not (self._pending or self._half_surrogate or self._after_thoughts)
        return seen

    def flush(self, *, is_cut: bool = False) -> str:
        """The remaining text at the end.

        Thoughts that never ended are visible after all if visible text precedes them or if they were only expected, unless
        the answer was cut.
        """
        held, self._pending = self._pending, ""
        if self._closing is None:
            return self._shown(held)
        words = "".join([*self._thoughts, held])
        was_expected = self._closing == ""
        self.lacked_thoughts = was_expected and bool(words) and not is_cut
        return words if (was_expected or self._last) and not is_cut else ""

    def _join_surrogates(self, chunk: str) -> str:
        """The chunk joined with the previous half character, without a half character at its end."""
        if not chunk:
            return ""
        text, self._half_surrogate = self._half_surrogate + chunk, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half_surrogate = text[:-1], text[-1]
        return join_surrogates(text) if "\udc00" <= chunk[0] <= "\udfff" else text

    def _pop(self, length: int) -> str:
        """Remove and return the beginning of the pending text."""
        taken, self._pending = self._pending[:length], self._pending[length:]
        return taken

    def _next_tag(self) -> re.Match[str] | None:
        """The next tag in the pending text that opens or closes thoughts."""
        for match in ANY_TAG.finditer(self._pending):
            before = self._pending[match.start() - 1 : match.start()] or self._last
            if self._is_tag(match[0].lower(), before):
                return match
        return None

    def _is_tag(self, tag: str, before: str) -> bool:
        if self._closing is None:
            return not (before and before in QUOTES)
        return tag == self._closing if self._closing else tag not in TAGS

    def _end_of_text(self) -> int:
        """Position of an incomplete tag in the pending text; its length without one."""
        begun = PARTIAL_TAG.search(self._pending)
        return begun.start() if begun else len(self._pending)

    def _close_or_open(self, tag: str, seen: str, has_shown: bool) -> str:
        """Handle a tag and return the visible text of this chunk before it.

        Args:
            tag: the tag as written.
            seen: the visible text of this chunk before the tag.
            has_shown: whether text of earlier chunks was returned.
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

    def _shown(self, text: str) -> str:
        if self._after_thoughts:
            text = text.lstrip()
            self._after_thoughts = not text
        self._last = text[-1:] or self._last
        return text


def join_surrogates(text: str) -> str:
    """The text with surrogate pairs joined."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
