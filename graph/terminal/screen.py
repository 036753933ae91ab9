"""What the user sees and types: a terminal, or the two ends of a pipe."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text

from graph.terminal.printable import printable
from graph.terminal.streamed_text import PlainText, StreamedText

try:
    import readline
except ImportError:  # Python without readline: lines are typed without editing
    readline = None  # type: ignore[assignment]  # the name stands for "no readline" then

PIPE_COLUMNS = 400
"""Width of a pipe. Tables there are as wide as their cells."""


class EndOfInput(Exception):
    """Nothing more can be read: the pipe ended, or the user pressed Ctrl-D."""


class Screen:
    """The input, the output, and the notes beside it.

    In a terminal all of it is one conversation. In a pipe answers go to the standard output and notes to the standard error,
    and nothing is coloured.
    """

    def __init__(self, source: TextIO, out: TextIO, err: TextIO) -> None:
        self.is_terminal = source.isatty() and out.isatty()
        self._source = source
        self._pushed: list[str] = []
        self._status: Status | None = None
        if self.is_terminal:
            self.out = self.notes = Console(file=out, highlight=False, markup=False, emoji=False)
        else:
            self.out = pipe_console(out)
            self.notes = pipe_console(err)

    @classmethod
    def of_process(cls) -> "Screen":
        """The standard streams."""
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        return cls(sys.stdin, sys.stdout, sys.stderr)

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None for a pipe."""
        return self.out.width if self.is_terminal else None

    def read_line(self, prompt: str, initial: str = "") -> str:
        """The next line that the user types, or that the pipe holds; `initial` is there to be edited.

        Raises:
            EndOfInput: there is none.
        """
        self.stop_waiting()
        if self._pushed:
            return self._pushed.pop()
        if not self.is_terminal:
            line = self._source.readline()
            if not line:
                raise EndOfInput
            return printable(line).strip()
        try:
            with prefilled(initial):
                return printable(input(self._styled_prompt(prompt))).strip()
        except EOFError:
            self.out.print()
            raise EndOfInput from None

    def complete_with(self, candidates: Callable[[str], Sequence[str]]) -> None:
        """Let the tab key complete the line to one of these, where lines can be edited."""
        if readline is None or not self.is_terminal:
            return

        def complete(word: str, number: int) -> str | None:
            matching = [each for each in candidates(readline.get_line_buffer()) if each.startswith(word)]
            return matching[number] if number < len(matching) else None

        readline.set_completer_delims(" ")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")

    def push_back(self, line: str) -> None:
        """Let the next `read_line` return this line."""
        self._pushed.append(line)

    def text(self) -> StreamedText | PlainText:
        """A writer for the words of an answer."""
        return StreamedText(self.out) if self.is_terminal else PlainText(self.out)

    def print(self, content: RenderableType = "") -> None:
        """Print something that belongs to the answer."""
        self.stop_waiting()
        self.out.print(content)

    def print_path(self, path: Path) -> None:
        """Print where a file is, in one piece that can be copied."""
        self.stop_waiting()
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        self.out.print(Text(f"📎 {printable(str(shown))}"), soft_wrap=True)

    def note(self, line: str, style: str = "dim") -> None:
        """Print one line beside the answer, cut where the terminal ends."""
        self.stop_waiting()
        self.notes.print(Text(printable(line), style), no_wrap=True, overflow="ellipsis")

    def paragraph(self, text: str, style: str = "") -> None:
        """Print a text beside the answer, in as many lines as it needs."""
        self.stop_waiting()
        self.notes.print(Text(printable(text), style))

    def error(self, message: str) -> None:
        """Print what went wrong."""
        self.paragraph(message, "red")

    def write_raw(self, sequence: str) -> None:
        """Write a sequence that the terminal obeys."""
        self.stop_waiting()
        self.out.file.write(sequence)
        self.out.file.flush()

    def end_turn(self) -> None:
        """Leave an empty line before the next prompt."""
        self.stop_waiting()
        if self.is_terminal:
            self.out.print()

    def wait(self, message: str) -> None:
        """Tell what is waited for, until something else is printed."""
        if not self.is_terminal:
            return
        if self._status is None:
            self._status = self.out.status(Text(printable(message), "dim"), spinner="dots", spinner_style="dim")
            self._status.start()
        else:
            self._status.update(Text(printable(message), "dim"))

    def stop_waiting(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _styled_prompt(self, prompt: str) -> str:
        """The prompt in bold. The marks keep readline from counting the sequences as columns."""
        if self.out.color_system is None or readline is None:
            return prompt
        return f"\x01\x1b[1m\x02{prompt}\x01\x1b[0m\x02"


def pipe_console(stream: TextIO) -> Console:
    return Console(
        file=stream,
        force_terminal=False,
        color_system=None,
        width=PIPE_COLUMNS,
        highlight=False,
        markup=False,
        emoji=False,
    )


@contextmanager
def prefilled(initial: str) -> Iterator[None]:
    """Let the next input begin with a text, where lines can be edited."""
    if readline is None or not initial:
        yield
        return
    readline.set_startup_hook(lambda: readline.insert_text(initial))
    try:
        yield
    finally:
        readline.set_startup_hook()
