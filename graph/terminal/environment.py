"""What the terminal says of itself. These variables are the terminal's and the shell's, so they are no settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PictureProtocol = Literal["kitty", "iterm2"]

KITTY_PROGRAMS = frozenset({"ghostty", "WezTerm"})
"""Terminals, by TERM_PROGRAM, that draw pictures by kitty's protocol too."""
MULTIPLEXERS = ("TMUX", "STY")
"""tmux and screen do not pass pictures on."""


@dataclass(frozen=True, slots=True)
class TerminalEnvironment:
    """What the terminal can do beyond text."""

    picture_protocol: PictureProtocol | None = None
    editor: str = ""
    """The command of the user's editor; empty if none is set."""


def read_environment(variables: Mapping[str, str] = os.environ) -> TerminalEnvironment:
    """The environment of this process."""
    return TerminalEnvironment(picture_protocol(variables), variables.get("VISUAL") or variables.get("EDITOR") or "")


def picture_protocol(variables: Mapping[str, str]) -> PictureProtocol | None:
    """The protocol by which the terminal draws pictures; None if it draws none, or none that is known here."""
    if any(variables.get(name) for name in MULTIPLEXERS):
        return None
    program = variables.get("TERM_PROGRAM", "")
    if variables.get("KITTY_WINDOW_ID") or "kitty" in variables.get("TERM", "") or program in KITTY_PROGRAMS:
        return "kitty"
    if program == "iTerm.app" or variables.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return None
