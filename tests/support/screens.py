"""Screens whose output a test reads."""

import io
from dataclasses import dataclass

from graph.terminal.screen import Screen


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class RecordedScreen:
    """A screen and what was printed on it."""

    screen: Screen
    out: io.StringIO
    err: io.StringIO


def piped_screen(*lines: str) -> RecordedScreen:
    """The two ends of a pipe; the lines are what comes in."""
    out, err = io.StringIO(), io.StringIO()
    return RecordedScreen(Screen(io.StringIO("".join(f"{line}\n" for line in lines)), out, err), out, err)


def terminal_screen(columns: int = 60) -> RecordedScreen:
    """A terminal of this width."""
    out = FakeTerminal()
    screen = Screen(FakeTerminal(), out, out)
    screen.out.width = columns
    return RecordedScreen(screen, out, out)
