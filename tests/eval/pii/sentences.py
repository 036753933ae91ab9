"""What made texts are made of: sentences, names and streets, as a data file."""

import tomllib
from pathlib import Path
from typing import Any

SENTENCES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def words(part: str, name: str) -> list[str]:
    """A list of the file; `_` stands for a blank within an item."""
    return [word.replace("_", " ") for word in SENTENCES[part][name].split()]
