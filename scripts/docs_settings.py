"""Writes `.env.example` and the settings table of `README.md`: `python -m scripts.docs_settings`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from graph.settings import Settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / ".env.example"
README = ROOT / "README.md"

OPENING = "# Copy this file to .env and fill in what you need. An empty value means the default.\n"
TABLE = re.compile(r"(?<=<!-- settings: written by `make docs` -->\n).*?(?=<!-- end of settings -->)", re.DOTALL)
"""The part of the README that is written."""


def sections() -> Iterator[type[BaseModel]]:
    """The classes that `Settings` consists of; the docstring of each is its heading."""
    return (base for base in Settings.__bases__ if base.__module__ == Settings.__module__)


def build_example() -> str:
    """The text of `.env.example`."""
    return "\n".join([OPENING, *(line for section in sections() for line in example_section(section))])


def example_section(section: type[BaseModel]) -> Iterator[str]:
    yield f"# --- {(inspect.getdoc(section) or '').removesuffix('.')} ---\n"
    for name, field in section.model_fields.items():
        default = default_text(field)
        yield f"# {field.description}{f' Default: {default}' if default else ''}"
        yield f"{name.upper()}=\n"


def build_table() -> str:
    """The README's table."""
    fields = [(name, field) for section in sections() for name, field in section.model_fields.items()]
    rows = "".join(table_row(name, field) for name, field in fields)
    return f"| name | default | meaning |\n| --- | --- | --- |\n{rows}"


def table_row(name: str, field: FieldInfo) -> str:
    default = default_text(field)
    meaning = (field.description or "").replace("|", r"\|")
    return f"| `{name.upper()}` | {f'`{default}`' if default else ''} | {meaning} |\n"


def default_text(field: FieldInfo) -> str:
    """The default as an operator would write it; empty if there is none."""
    value = field.default
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def with_table(readme: str) -> str:
    """The README with the current table."""
    return TABLE.sub(lambda _: build_table(), readme)


if __name__ == "__main__":
    EXAMPLE.write_text(build_example(), "utf-8")
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
