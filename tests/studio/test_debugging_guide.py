"""The code of docs/debugging.md runs, and its table repeats the docstrings of graph/state.py."""

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.support.studio import Studio

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "debugging.md").read_text("utf-8")

Fields = dict[str, tuple[str, str]]
"""The fields of a class by name: the type, and the docstring."""


def test_the_code_of_the_guide_runs_and_prints_what_the_guide_says(studio: Studio) -> None:
    printed = output_of_block(0, studio)
    assert printed[0].startswith("['call_tools'] [{'name': 'transactions_query', 'args': {")
    assert printed[1:6] == ["run_id attempt", "call_tools", "reason", "persist", "summarize"]
    assert "Entertainment" in printed[6]
    assert "Groceries" in printed[7]


def test_the_code_of_the_guide_approves_a_call_that_changes_something(studio: Studio) -> None:
    assert output_of_block(1, studio) == ["['create_goal']", "['success']"]


def test_the_code_of_the_guide_pauses_a_recorded_turn_after_its_tools(recorded_studio: Studio) -> None:
    roles = [line.split()[0] for line in output_of_block(2, recorded_studio)[:4]]
    assert roles == ["human", "ai", "tool", "tool"]


def output_of_block(number: int, studio: Studio) -> list[str]:
    """Run a code block of the guide against this server; return the printed lines."""
    pieces = re.findall(r"^( *)```python\n(.*?)^\1```", GUIDE, re.DOTALL | re.MULTILINE)
    code = textwrap.dedent(pieces[number][1]).replace("http://127.0.0.1:2024", studio.address)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_guide_repeats_the_docstring_of_each_field_of_the_state() -> None:
    rows = [
        f"| `{name}` | {meaning} |" for name, meaning in documented_meanings(read_classes(ROOT / "graph" / "state.py"))
    ]
    assert re.findall(r"^\| `.*", GUIDE, re.MULTILINE) == rows


def documented_meanings(classes: dict[str, Fields]) -> Iterator[tuple[str, str]]:
    """Each documented field of the state, followed by the fields of its type."""
    for name, (kind, meaning) in {**classes["TurnInput"], **classes["Turn"]}.items():
        yield name, meaning
        for part in classes.keys() & set(re.findall(r"\w+", kind)):
            inside = f"{name}[]" if "list[" in kind else name
            yield from ((f"{inside}.{field}", meaning) for field, (_, meaning) in classes[part].items() if meaning)


def read_classes(file: Path) -> dict[str, Fields]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name: dict(documented_fields(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def documented_fields(node: ast.ClassDef) -> Iterator[tuple[str, tuple[str, str]]]:
    """The fields, each with its docstring on one line."""
    for field, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            yield ast.unparse(field.target), (ast.unparse(field.annotation), " ".join(str(text).split()))
