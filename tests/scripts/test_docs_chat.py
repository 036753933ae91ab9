"""The README's conversation is the chat's own output."""

from pathlib import Path

from scripts.docs_chat import BLOCK, TYPED, with_chat

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_readme_holds_the_conversation_that_the_program_types() -> None:
    [block] = BLOCK.findall(README)
    assert [line.removeprefix("> ") for line in block.splitlines() if line.startswith("> ")] == list(TYPED)


def test_only_the_conversation_is_written() -> None:
    written = with_chat(README, r"> \1" + "\n")
    assert BLOCK.findall(written) == ["> \\1\n"]
    assert with_chat(written, BLOCK.findall(README)[0]) == README
