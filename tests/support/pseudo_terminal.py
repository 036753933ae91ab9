"""A program in a pseudo-terminal, typed at and read like by a person."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()=>][0-9A-Z]?)|[\x00\x01\x02\r]")
IGNORED = re.compile(r"\x1b(?:\[(?!1A|2K)[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()=>][0-9A-Z]?)|[\x00-\x02\x07]")
"""Sequences that move nothing, in what rich and readline print for short lines."""
CTRL_C = "\x03"
CTRL_D = "\x04"


class PseudoTerminal:
    """The screen and the keyboard of one program."""

    def __init__(self, master: int, slave: int, process: "subprocess.Popen[bytes]") -> None:
        self._master = master
        self._slave: int | None = slave
        self.process = process
        self.raw = ""
        self._read_to = 0

    @property
    def text(self) -> str:
        """Everything that was printed, without colours and movements."""
        return SEQUENCE.sub("", self.raw)

    @property
    def lines(self) -> list[str]:
        """What stands in the terminal and above it, line by line: a spinner is gone when it was erased."""
        lines, row, column = [""], 0, 0
        for movement, rest in re.findall(r"(\x1b\[1A|\x1b\[2K|\r|\n|)([^\x1b\r\n]*)", IGNORED.sub("", self.raw)):
            match movement:
                case "\x1b[1A":
                    row = max(0, row - 1)
                case "\x1b[2K":
                    lines[row] = ""
                case "\r":
                    column = 0
                case "\n":
                    row += 1
            lines += [""] * (row + 1 - len(lines))
            lines[row] = f"{lines[row][:column]:<{column}}{rest}{lines[row][column + len(rest) :]}"
            column += len(rest)
        return [line.rstrip() for line in lines]

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def enter(self, line: str) -> None:
        self.type(line + "\r")

    def expect(self, pattern: str, seconds: float = 60) -> str:
        """Read until the pattern is printed behind what the last call found; return what was printed up to its end.

        Raises:
            AssertionError: it is not printed in time.
        """
        end = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.text, self._read_to)):
            remaining = end - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(0.0, remaining))
            assert ready, f"{pattern!r} is not in {self.text[self._read_to :]!r}"
            assert self._read(), f"the program ended before {pattern!r}: {self.text[self._read_to :]!r}"
        seen = self.text[self._read_to : found.end()]
        self._read_to = found.end()
        return seen

    def interrupt(self, pattern: str) -> str:
        """Press Ctrl-C at a prompt until the pattern is printed.

        Python's readline does not notice one that comes between its prompt and its first wait for a key.
        """
        for _ in range(5):
            self.type(CTRL_C)
            try:
                return self.expect(pattern, 5)
            except AssertionError:
                continue
        raise AssertionError(f"Ctrl-C does not lead to {pattern!r}")

    def end(self, seconds: float = 60) -> int:
        """Read to the end of the program; return its exit code."""
        deadline = time.monotonic() + seconds
        while select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0] and self._read():
            pass
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    def release(self) -> None:
        """Leave the terminal to the program, which has opened it. Its end would go unnoticed otherwise."""
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

    def _read(self) -> bool:
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # Linux's end of a pseudo-terminal
            return False
        self.release()
        self.raw += piece.decode("utf-8", "replace")
        return bool(piece)


@contextmanager
def in_terminal(
    *arguments: str, environment: Mapping[str, str], columns: int = 80, rows: int = 40
) -> Iterator[PseudoTerminal]:
    """Run `python …` with a terminal of its own. It is killed at the end if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    # A new session takes the terminal that it opens first as its own. Ctrl-C reaches only a program in such a session.
    shell = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(slave), sys.executable, *arguments]
    process = subprocess.Popen(
        shell,
        cwd=ROOT,
        env={"TERM": "xterm-256color", "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
        start_new_session=True,
    )
    terminal = PseudoTerminal(master, slave, process)
    try:
        yield terminal
    finally:
        terminal.release()
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
