"""Writes the conversation in `README.md`: `python -m scripts.docs_chat`.

It types into the real chat in a terminal, with the running service or one that the chat starts. The answers are those of the
offline model to the demo user, so they change with the day.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from graph.settings import read_settings
from tests.support.pseudo_terminal import in_terminal

README = Path(__file__).parent.parent / "README.md"
TYPED = (
    "How much did I spend on groceries last month?",
    "What is my account balance?",
    "/as dash",
    "Show me a chart of my spending by category",
    "/quit",
)
PROMPT = r"(?m)^> $"
BLOCK = re.compile(r"(?<=<!-- chat: written by `make docs-chat` -->\n```\n).*?(?=```\n<!-- end of chat -->)", re.DOTALL)
"""The part of the README that is written."""


def record_chat(typed: Sequence[str]) -> str:
    """What stands in the terminal after these lines were typed."""
    settings = read_settings()
    environment = {"DATA_DIR": str(settings.data_dir), "PORT": str(settings.port)}
    with in_terminal("-m", "graph", "chat", environment=environment, columns=100) as terminal:
        for line in typed:
            terminal.expect(PROMPT, 300)
            terminal.enter(line)
        terminal.end()
    return "\n".join(terminal.lines).strip() + "\n"


def with_chat(readme: str, conversation: str) -> str:
    """The README with this conversation."""
    return BLOCK.sub(lambda _: conversation, readme)


def main() -> None:
    README.write_text(with_chat(README.read_text("utf-8"), record_chat(TYPED)), "utf-8")


if __name__ == "__main__":
    main()
