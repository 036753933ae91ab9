"""docs/debugging.md tells the truth: its code runs, and its table says what graph/state.py says."""

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.studio.conftest import Studio

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "debugging.md").read_text("utf-8")

Fields = dict[str, tuple[str, str]]
"""The fields of a class by their names: what stands for the type, and what the field means."""


def test_the_code_of_the_guide_runs_and_prints_what_the_guide_says(studio: Studio) -> None:
    printed = printed_by(0, studio)
    assert printed[0].startswith("['call_tools'] [{'name': 'transactions_query', 'args': {")
    assert printed[1:6] == ["run_id attempt", "call_tools", "reason", "persist", "summarize"]
    assert "Entertainment" in printed[6]
    assert "Groceries" in printed[7]


def test_the_code_of_the_guide_approves_a_call_that_changes_something(studio: Studio) -> None:
    assert printed_by(1, studio) == ["['create_goal']", "['success']"]


def test_the_code_of_the_guide_halts_a_recorded_turn_after_its_tools(recorded_studio: Studio) -> None:
    said = [line.split()[0] for line in printed_by(2, recorded_studio)[:4]]
    assert said == ["human", "ai", "tool", "tool"]


def printed_by(number: int, studio: Studio) -> list[str]:
    """What the piece of code of this number in the guide prints when it speaks to this server."""
    pieces = re.findall(r"^( *)```python\n(.*?)^\1```", GUIDE, re.DOTALL | re.MULTILINE)
    code = textwrap.dedent(pieces[number][1]).replace("http://127.0.0.1:2024", studio.address)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_guide_says_of_each_field_of_the_state_what_its_docstring_says() -> None:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in meanings(read_classes(ROOT / "graph" / "state.py"))]
    assert re.findall(r"^\| `.*", GUIDE, re.MULTILINE) == rows


def meanings(classes: dict[str, Fields]) -> Iterator[tuple[str, str]]:
    """Each documented field of the state, and below it those of its parts."""
    for name, (kind, meaning) in {**classes["TurnInput"], **classes["Turn"]}.items():
        yield name, meaning
        for part in classes.keys() & set(re.findall(r"\w+", kind)):
            inside = f"{name}[]" if "list[" in kind else name
            yield from ((f"{inside}.{each}", said) for each, (_, said) in classes[part].items() if said)


def read_classes(file: Path) -> dict[str, Fields]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name: dict(fields_of(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def fields_of(node: ast.ClassDef) -> Iterator[tuple[str, tuple[str, str]]]:
    """The fields, each with the text under it, if there is one, on one line."""
    for field, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            yield ast.unparse(field.target), (ast.unparse(field.annotation), " ".join(str(text).split()))
