"""The words of an answer, written as they arrive."""

import re

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from graph.terminal.printable import printable

WORDS = re.compile(r"\n|[^\S\n]+|\S+")
BOLD_MARK = "**"
BULLETS = frozenset({"-", "*"})
INDENT = 2
"""Columns by which the later lines of a list's item stand in."""


class StreamedText:
    """Writes text to a console, breaks lines between words, and draws the little Markdown that models write: bold words,
    headings and list items.

    It holds the last word of a chunk back until the word is complete.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._held = ""
        self._column = 0
        self._pending_space = ""
        self._bold = self._heading = self._item = False

    def write(self, chunk: str) -> None:
        """Write the words of a chunk."""
        *complete, last = WORDS.findall(self._held + printable(chunk)) or [""]
        self._held = last
        for piece in complete:
            self._write_piece(piece)

    def close(self) -> None:
        """Write what is held back, and end the line. Nothing is written if nothing was."""
        if self._held.strip():
            self._write_piece(self._held)
        if self._column:
            self._end_line()
        self._held = ""
        self._bold = False

    def _write_piece(self, piece: str) -> None:
        if piece == "\n":
            self._end_line()
        elif piece.isspace():
            self._pending_space = piece.replace("\t", "    ")
        elif not self._opens_line(piece):
            self._write_word(piece)

    def _opens_line(self, word: str) -> bool:
        """Whether the word is a mark at the beginning of a line rather than text."""
        if self._column or self._heading:
            return False
        if word in BULLETS:
            self._item = True
            self._put(f"{self._pending_space}•")
            self._pending_space = ""
            return True
        self._heading = 0 < len(word) <= 6 and not word.strip("#")
        return self._heading

    def _write_word(self, word: str) -> None:
        parts = [word] if word == BOLD_MARK else word.split(BOLD_MARK)
        width = sum(map(cell_len, parts))
        if self._column and self._column + len(self._pending_space) + width > self._console.width:
            self._console.print()
            self._column = 0
            self._pending_space = " " * INDENT if self._item else ""
        if self._heading and not self._column:
            self._pending_space = ""
        self._put(self._pending_space)
        self._pending_space = ""
        for number, part in enumerate(parts):
            self._bold ^= number > 0
            self._put(part)

    def _put(self, text: str) -> None:
        if text:
            style = "bold" if (self._bold or self._heading) and not text.isspace() else ""
            self._console.print(Text(text, style), end="", soft_wrap=True)
            self._column += cell_len(text)

    def _end_line(self) -> None:
        self._console.print()
        self._column = 0
        self._pending_space = ""
        self._bold = self._heading = self._item = False


class PlainText:
    """Writes text as it is, for a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._open = False

    def write(self, chunk: str) -> None:
        """Write a chunk at once."""
        text = printable(chunk)
        if text:
            self._console.file.write(text)
            self._console.file.flush()
            self._open = not text.endswith("\n")

    def close(self) -> None:
        """End the line."""
        if self._open:
            self._console.file.write("\n")
            self._console.file.flush()
        self._open = False
