"""Pictures are drawn where the terminal says that it can."""

import re
from base64 import standard_b64decode

import pytest

from graph.terminal.environment import PictureProtocol, picture_protocol, read_environment
from graph.terminal.pictures import picture_sequence

PICTURE = bytes(range(256)) * 30


@pytest.mark.parametrize(
    ("variables", "protocol"),
    [
        ({}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux"}, None),
        ({"KITTY_WINDOW_ID": "1", "STY": "1.pts"}, None),
    ],
)
def test_the_environment_names_the_protocol(variables: dict[str, str], protocol: PictureProtocol | None) -> None:
    assert picture_protocol(variables) == protocol


def test_the_editor_is_the_visual_one_first() -> None:
    assert read_environment({"EDITOR": "ed", "VISUAL": "vim -f"}).editor == "vim -f"
    assert read_environment({}).editor == ""


def test_kitty_gets_the_picture_in_pieces_of_at_most_4096_characters() -> None:
    pieces = re.findall(r"\x1b_G(.*?);(.*?)\x1b\\", picture_sequence(PICTURE, "kitty", 40))
    assert [controls for controls, _ in pieces] == ["a=T,f=100,q=2,c=40,m=1", "m=1", "m=0"]
    assert max(len(piece) for _, piece in pieces) == 4096
    assert standard_b64decode("".join(piece for _, piece in pieces)) == PICTURE


def test_iterm2_gets_the_picture_in_one_sequence() -> None:
    sequence = picture_sequence(PICTURE, "iterm2", 40)
    head, _, tail = sequence.partition(":")
    assert head == f"\x1b]1337;File=inline=1;width=40;preserveAspectRatio=1;size={len(PICTURE)}"
    assert standard_b64decode(tail.removesuffix("\x07\n")) == PICTURE
