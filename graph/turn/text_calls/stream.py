"""Takes the calls that a model wrote as text out of its stream, so that they are never shown.

Text is held back only while it may still become a call. Its first characters decide, and at most `MAX_CALL_CHARS` are held.
"""

import re
from collections.abc import Callable, Collection, Mapping
from enum import Enum

from graph.turn.text_calls.json_shapes import (
    Verdict,
    WrittenCall,
    json_end,
    judge,
    parse_json,
    read_arguments,
    read_calls,
    was_cut,
)
from graph.turn.text_calls.tags import (
    CALL_LANGUAGES,
    CLOSING,
    FENCE,
    FUNCTION,
    NAMED,
    NAMED_BEGUN,
    OPENING,
    PARAMETER,
    TAG_BEGUN,
    begins_tag,
)

MAX_CALL_CHARS = 20_000
"""A longer call is unreadable; its arguments would be refused anyway."""
MAX_REREAD_CHARS = 1_000
"""Held text up to this length is read again with each chunk; longer text only after it has grown by `REREAD_GROWTH`."""
REREAD_GROWTH = 1.1
MAX_CONTEXT_CHARS = 8
"""Shown characters that are remembered: they tell an object in an answer's own JSON or code from a call."""

_CANDIDATE = re.compile(r"```|`{1,2}\Z|[{\[<]")


class Mode(Enum):
    """What the next characters belong to."""

    TEXT = "text"
    BETWEEN = "between"
    """White space at the beginning, or after a call."""
    TAG = "tag"
    FENCE = "fence"
    """A code block that holds calls."""
    CODE = "code"
    """A code block of the answer."""
    LOST = "lost"
    """What follows an unreadable call."""


class TextCallStream:
    """Takes a model's text in chunks of any size and returns the part of it that is no call."""

    def __init__(self, tools: Mapping[str, Collection[str]]) -> None:
        """
        Args:
            tools: names of the employee's tools, with the names of their arguments.
        """
        self.calls: list[WrittenCall] = []
        self.is_unreadable = False
        """Whether some text was a call that cannot be parsed."""
        self.tools = tools
        self._pending = ""
        self._mode = Mode.BETWEEN
        self._outer = Mode.BETWEEN
        """What follows the open tag."""
        self._gap = ""
        """White space that is shown if text follows it."""
        self._next_read = 0
        """Length of the pending text before which it is not read again."""
        self._context = ""
        """The last characters of the text."""
        self._steps: Mapping[Mode, Callable[[], str | None]] = {
            Mode.TEXT: self._text,
            Mode.BETWEEN: self._between,
            Mode.TAG: self._in_tag,
            Mode.FENCE: self._in_fence,
            Mode.CODE: self._in_code,
            Mode.LOST: self._lose,
        }

    @property
    def has_found(self) -> bool:
        """Whether the text so far has a call, readable or not."""
        return self.is_unreadable or bool(self.calls)

    def push(self, chunk: str) -> str:
        """Add a chunk and return the text that can be shown now."""
        if self._mode is Mode.TEXT and not self._pending and not _CANDIDATE.search(chunk):
            return self._show(chunk)
        self._pending += chunk
        if len(self._pending) < self._next_read:
            return ""
        shown = self._read()
        if len(self._pending) > MAX_CALL_CHARS:
            shown += self._give_up()
        held = len(self._pending)
        self._next_read = int(held * REREAD_GROWTH) if held > MAX_REREAD_CHARS else 0
        return shown

    def flush(self) -> str:
        """The rest at the end of the stream. A call that is still open is unreadable."""
        return self._read() + (self._give_up() if self._pending else self._end_of_gap())

    def _read(self) -> str:
        """Consume the pending text as far as it can be decided, and return what is shown of it."""
        shown = []
        while self._pending:
            text = self._steps[self._mode]()
            if text is None:
                break
            shown.append(self._show(text))
        return "".join(shown)

    def _end_of_gap(self) -> str:
        return "" if self.has_found else self._gap

    def _give_up(self) -> str:
        """Decide what is still open."""
        rest = self._pending
        is_call = self._mode in (Mode.TAG, Mode.FENCE) and not self._closes(rest)
        if self._mode is Mode.TEXT and rest[0] in "{[`":
            body = FENCE.sub("", rest, count=1) if rest[0] == "`" else rest
            verdict = self._judge(body, must_name_tool=rest[0] == "`") if body[:1] in ("{", "[") else Verdict.TEXT
            is_call = verdict is Verdict.CALL or (verdict is Verdict.OPEN and was_cut(body))
        if is_call:
            return self._reject()
        self._pending = ""
        return "" if self._mode in (Mode.TAG, Mode.FENCE, Mode.LOST) else self._show(self._gap + rest)

    def _closes(self, rest: str) -> bool:
        """Whether an open tag or code block ends without another call."""
        return bool(self.calls) and not rest.strip("` \n")

    def _show(self, text: str) -> str:
        if text:
            self._context = (self._context + text)[-MAX_CONTEXT_CHARS:]
        return text

    def _take(self, length: int) -> str:
        """Remove and return the beginning of the pending text."""
        taken, self._pending = self._pending[:length], self._pending[length:]
        return taken

    def _reject(self) -> str:
        self.is_unreadable, self._mode, self._pending = True, Mode.LOST, ""
        return ""

    # Each step consumes a part of the pending text and returns what is shown of it; None if more text has to come.

    def _lose(self) -> str:
        self._take(len(self._pending))
        return ""

    def _between(self) -> str | None:
        space = len(self._pending) - len(self._pending.lstrip())
        self._gap += self._take(space)
        if not self._pending:
            return None
        if self.has_found:
            if closing := CLOSING.match(self._pending):
                self._take(closing.end())
                return ""
            if TAG_BEGUN.fullmatch(self._pending) and self._pending[:2] in ("<", "</", "<|"):
                return None
            if self._pending[0] in ",;":
                if not self._pending[1:].lstrip():
                    return None
                if self._pending[1:].lstrip()[0] in "{[<":
                    self._take(1)
                    return ""
        kept = not self.has_found or (self._context and not self._context[-1].isspace())
        gap, self._gap = self._gap, ""
        self._mode = Mode.TEXT
        return gap if kept else self._candidate_or_text()

    def _candidate_or_text(self) -> str | None:
        return self._text() if self._pending else ""

    def _text(self) -> str | None:
        candidate = _CANDIDATE.search(self._pending)
        if candidate is None:
            return self._take(len(self._pending))
        if candidate.start():
            return self._take(candidate.start())
        if self._pending[0] == "`":
            return self._fence()
        if self._is_quoted():
            return self._take(1)
        if OPENING.match(self._pending):
            return self._open_tag()
        if begins_tag(self._pending):
            return None
        if self._pending[0] == "<" or self._is_nested():
            return self._take(1)
        return self._json(must_name_tool=False)

    def _is_quoted(self) -> bool:
        return self._context.endswith(("`", "'", '"', "\u201c"))

    def _is_nested(self) -> bool:
        """Whether a bracket stands inside other JSON or code."""
        before = self._context.rstrip()
        return before.endswith(("{", "[", "(", ",", "=", '":'))

    def _open_tag(self) -> str:
        tag = OPENING.match(self._pending)
        if tag and not tag[0].endswith(("=", " ")):  # the others hold the name, which `_in_tag` reads
            self._take(tag.end())
        if self._mode is not Mode.TAG:
            self._outer = Mode.FENCE if self._mode is Mode.FENCE else Mode.BETWEEN
        self._mode = Mode.TAG
        return ""

    def _fence(self) -> str | None:
        if len(self._pending) < 3:
            return None if "```".startswith(self._pending) else self._take(1)
        header = FENCE.match(self._pending)
        rest = self._pending[header.end() :] if header else ""
        language = header[1].lower() if header else ""
        if not rest and (not language or any(word.startswith(language) for word in CALL_LANGUAGES)):
            return None
        if header is None or language not in CALL_LANGUAGES or not rest or rest[0] not in "{[<":
            self._mode = Mode.CODE
            return self._take(3)
        verdict = Verdict.CALL if OPENING.match(rest) else Verdict.TEXT
        if verdict is Verdict.TEXT and begins_tag(rest):
            verdict = Verdict.OPEN
        if verdict is Verdict.TEXT and rest[0] in "{[":
            verdict = self._judge(rest, must_name_tool=True)
        if verdict is Verdict.OPEN:
            return None
        self._mode = Mode.FENCE if verdict is Verdict.CALL else Mode.CODE
        return "" if verdict is Verdict.CALL and self._take(header.end()) else self._take(3)

    def _in_code(self) -> str | None:
        end = self._pending.find("```")
        if end >= 0:
            self._mode = Mode.TEXT
            return self._take(end + 3)
        ready = len(self._pending.rstrip("`"))
        return self._take(ready) if ready else None

    def _in_fence(self) -> str | None:
        self._take(len(self._pending) - len(self._pending.lstrip(" \t\r\n,;")))
        if not self._pending or (len(self._pending) < 3 and "```".startswith(self._pending)):
            return None
        if self._pending.startswith("```"):
            self._take(3)
            self._mode = Mode.BETWEEN
            return ""
        if OPENING.match(self._pending):
            return self._open_tag()
        if self._pending[0] in "{[":
            return self._json(must_name_tool=True, otherwise=Mode.CODE)
        self._mode = Mode.CODE
        return ""

    def _in_tag(self) -> str | None:
        self._take(len(self._pending) - len(self._pending.lstrip(" \t\r\n,;")))
        if not self._pending:
            return None
        if closing := CLOSING.match(self._pending):
            self._take(closing.end())
            self._mode = self._outer
            return "" if self.has_found else self._reject()
        if self._pending.lower().startswith("<function="):
            return self._function()
        if OPENING.match(self._pending):
            return self._open_tag() if not self._pending.lower().startswith("<invoke ") else self._reject()
        if TAG_BEGUN.fullmatch(self._pending):
            return None
        if self._pending[0] in "{[":
            return self._parse()
        if named := NAMED.match(self._pending):
            return self._named(named)
        if NAMED_BEGUN.fullmatch(self._pending):
            return None
        self._mode = self._outer
        return "" if self.calls else self._reject()

    def _named(self, named: re.Match[str]) -> str | None:
        end = json_end(self._pending[named.end() :])
        if end is None:
            return None
        source = self._take(named.end() + end)
        return self._accept(lambda: [self._call(named[1], parse_json(source[named.end() :]), source)])

    def _function(self) -> str | None:
        function = FUNCTION.match(self._pending)
        if function is None:
            return None
        source, body = self._take(function.end()), function[2].strip()
        values = PARAMETER.findall(body)
        return self._accept(
            lambda: [
                self._call(
                    function[1],
                    {name: literal(value) for name, value in values} if values else parse_json(body or "{}"),
                    source,
                )
            ]
        )

    def _call(self, name: str, arguments: object, source: str) -> WrittenCall:
        [call] = read_calls({"name": name, "arguments": read_arguments(arguments)}, self.tools, source)
        return call

    def _json(self, *, must_name_tool: bool, otherwise: Mode = Mode.TEXT) -> str | None:
        verdict = self._judge(self._pending, must_name_tool=must_name_tool)
        if verdict is Verdict.OPEN:
            return None
        if verdict is Verdict.TEXT:
            self._mode = otherwise
            return self._take(1)
        return self._parse()

    def _judge(self, text: str, *, must_name_tool: bool) -> Verdict:
        return judge(text, self.tools, must_name_tool=must_name_tool)

    def _parse(self) -> str | None:
        """Parse the call with which the pending text begins."""
        end = json_end(self._pending)
        if end is None:
            return None
        source = self._take(end)
        if self._mode is Mode.TEXT:
            self._mode = Mode.BETWEEN
        try:
            calls = read_calls(parse_json(source), self.tools, source)
        except ValueError:
            return self._reject()
        if any(call.is_flat and "description" in call.arguments and not self._fits(call) for call in calls):
            self._mode = Mode.TEXT
            return source  # a list of tools
        self.calls += calls
        return ""

    def _fits(self, call: WrittenCall) -> bool:
        return set(call.arguments) <= set(self.tools.get(call.name, ()))

    def _accept(self, read: Callable[[], list[WrittenCall]]) -> str:
        try:
            self.calls += read()
        except ValueError:
            return self._reject()
        return ""


def literal(text: str) -> object:
    """A parameter's value: JSON if it is some, else the text itself."""
    try:
        return parse_json(text)
    except ValueError:
        return text
