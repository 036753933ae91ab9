"""Imports are read wherever they stand, and circles among them are found."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.structure.imports import ImportGraph, circles, import_graph
from tests.structure.source import read_modules


def graph_of(root: Path, files: dict[str, str]) -> ImportGraph:
    for file, text in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return import_graph(read_modules(root))


@pytest.mark.parametrize(
    "text",
    [
        "import graph.b",
        "import graph.b as b",
        "from graph import b",
        "from graph.b import Thing",
        "from .b import Thing",
        "from . import b",
        "def later():\n    from graph.b import Thing",
        "if TYPE_CHECKING:\n    from graph.b import Thing",
    ],
)
def test_every_form_of_import_counts(tmp_path: Path, text: str) -> None:
    graph = graph_of(tmp_path, {"graph/__init__.py": "", "graph/a.py": text, "graph/b.py": "Thing = 1"})
    assert graph["graph.a"] in (["graph.b"], ["graph", "graph.b"])


def test_a_dot_in_the_file_of_a_package_is_the_package(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path, {"graph/turn/__init__.py": "from .prompt import text", "graph/turn/prompt.py": "text = 1"}
    )
    assert graph["graph.turn"] == ["graph.turn.prompt"]


def test_imports_of_libraries_do_not_count(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"graph/a.py": "import ast\nimport langgraph.graph\nfrom graphlib import CycleError"})
    assert graph == {"graph.a": []}


def test_a_circle_is_found_and_written_in_the_order_of_its_imports(tmp_path: Path) -> None:
    files = {"graph/a.py": "import graph.b", "graph/b.py": "import graph.c", "graph/c.py": "import graph.a"}
    (circle,) = circles(graph_of(tmp_path, files))
    names = circle.split(" → ")
    assert names[0] == names[-1]
    assert set(pairwise(names)) == {
        ("graph.a", "graph.b"),
        ("graph.b", "graph.c"),
        ("graph.c", "graph.a"),
    }


def test_an_import_inside_a_function_closes_a_circle(tmp_path: Path) -> None:
    files = {"graph/a.py": "import nodes.b", "nodes/b.py": "def late():\n    from graph.a import run"}
    assert len(circles(graph_of(tmp_path, files))) == 1


def test_every_circle_is_found(tmp_path: Path) -> None:
    files = {
        "graph/a.py": "import graph.b",
        "graph/b.py": "import graph.a",
        "tools/c.py": "import tools.d",
        "tools/d.py": "import tools.c",
    }
    assert len(circles(graph_of(tmp_path, files))) == 2


def test_modules_that_share_an_import_are_no_circle(tmp_path: Path) -> None:
    files = {"graph/a.py": "import graph.b, graph.c", "graph/b.py": "import graph.c", "graph/c.py": ""}
    assert circles(graph_of(tmp_path, files)) == []


def test_only_the_product_is_read(tmp_path: Path) -> None:
    files = {"server.py": "import graph.a", "graph/a.py": "", "tests/b.py": "import graph.a", "other.py": ""}
    assert set(graph_of(tmp_path, files)) == {"server", "graph.a"}
