"""Checks recorded turns: for the command, and for anybody's tests."""

import asyncio
from pathlib import Path

from graph.replay.compare import Difference, differences
from graph.replay.play import Code, play, todays_code
from graph.replay.recording import Recording
from graph.settings import read_settings


class TurnDiffers(AssertionError):
    """A recorded turn takes another way today; the message says where, as a diff."""


def check(file: Path, code: Code | None = None) -> None:
    """Play a recorded turn; return if it takes the same path to the same answer and breaks no rule.

    Raises:
        TurnDiffers: it does not.
        RecordingUnreadable: the file is no recording.
    """
    recording = Recording.read(file)
    played = asyncio.run(play(recording, code or todays_code(read_settings().data_dir)))
    if unlike := differences(recording.outcome, played):
        raise TurnDiffers(described(unlike))


def described(unlike: list[Difference]) -> str:
    return "\n".join(map(str, unlike))
