"""Words of an answer are written as they arrive."""

import io
import random

import pytest
from rich.console import Console

from graph.terminal.streamed_text import PlainText, StreamedText


def streamed(*chunks: str, columns: int = 20, color: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=columns, color_system="standard" if color else None, force_terminal=True)
    text = StreamedText(console)
    for chunk in chunks:
        text.write(chunk)
    text.close()
    return out.getvalue()


def test_lines_break_between_words() -> None:
    assert streamed("You spent 582.63 USD on Groceries.") == "You spent 582.63 USD\non Groceries.\n"


def test_wide_characters_count_twice() -> None:
    assert streamed("買い物 買い物 買い物", columns=14) == "買い物 買い物\n買い物\n"


def test_items_become_bullets_and_their_later_lines_stand_in() -> None:
    assert streamed("- Bills and services\n* x") == "• Bills and services\n• x\n"
    assert streamed("- Bills and all services") == "• Bills and all\n  services\n"


def test_a_dash_within_a_line_stays() -> None:
    assert streamed("a - b\n-5 USD") == "a - b\n-5 USD\n"


def test_bold_words_and_headings_lose_their_marks_and_are_bold() -> None:
    assert streamed("## Spent **too** much") == "Spent too much\n"
    assert streamed("a **b c** d", color=True) == "a \x1b[1mb\x1b[0m \x1b[1mc\x1b[0m d\n"


def test_a_mark_without_its_second_one_ends_with_the_line() -> None:
    assert streamed("2 **3\nb", color=True) == "2 \x1b[1m3\x1b[0m\nb\n"
    assert streamed("2 ** 3 b", color=True) == "2 ** 3 b\n"


def test_a_word_is_complete_when_white_space_follows() -> None:
    out = io.StringIO()
    text = StreamedText(Console(file=out, width=20, color_system=None))
    text.write("one tw")
    assert out.getvalue() == "one"
    text.write("o ")
    assert out.getvalue() == "one two"


@pytest.mark.parametrize("seed", range(20))
def test_the_cuts_between_chunks_change_nothing(seed: int) -> None:
    text = "# You **spent** 12.50 USD\n\n- on one\n- on another thing, or a **third one**\nand\tso on"
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(len(text)), 8))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    assert streamed(*chunks) == streamed(text)


def test_nothing_is_written_without_words() -> None:
    assert streamed() == streamed("") == streamed(" ") == ""


def test_characters_that_a_terminal_obeys_are_left_out() -> None:
    assert streamed("a\x1b[2Jb \u202ec") == "a[2Jb c\n"


def test_a_pipe_gets_the_text_as_it_is_with_one_line_end() -> None:
    out = io.StringIO()
    text = PlainText(Console(file=out))
    for chunk in ("- **a** ", "\x1b[31mb"):
        text.write(chunk)
    text.close()
    text.close()
    assert out.getvalue() == "- **a** [31mb\n"
