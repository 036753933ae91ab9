"""Asserts that a recorded turn is unchanged, for the command and for test suites."""

import asyncio
from pathlib import Path

from graph.replay.compare import Difference, differences
from graph.replay.play import Checkout, current_checkout, play
from graph.replay.recording import Recording
from graph.settings import read_settings


class TurnDiffers(AssertionError):
    """A recorded turn runs differently today; the message is a diff."""


def assert_unchanged(file: Path, checkout: Checkout | None = None) -> None:
    """Play a recorded turn; return if it takes the same path to the same answer and breaks no rule.

    Raises:
        TurnDiffers: it does not.
        RecordingUnreadable: the file is not a recording.
    """
    recording = Recording.read(file)
    replayed = asyncio.run(play(recording, checkout or current_checkout(read_settings().data_dir)))
    if found := differences(recording.outcome, replayed):
        raise TurnDiffers(format_differences(found))


def format_differences(found: list[Difference]) -> str:
    return "\n".join(map(str, found))
