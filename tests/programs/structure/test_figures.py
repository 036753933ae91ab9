"""The program measures small made-up trees."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.__main__ import ROOT, main
from tests.structure.figures import Figure, measure
from tests.structure.rings import RINGS
from tests.structure.source import read_modules


def write(root: Path, files: dict[str, str]) -> Path:
    for file, text in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def figure(root: Path, name: str) -> Figure:
    return next(each for each in measure(read_modules(root), RINGS) if each.name == name)


def function(lines: int) -> str:
    return "\n".join(["@decorated", "def long():", *["    pass"] * (lines - 1)])


def test_a_function_is_as_long_as_the_lines_from_def_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, {"graph/a.py": function(50), "graph/b.py": function(51)})
    assert figure(tmp_path, "functions over 50 lines").details == ["graph/b.py:2 long (51 lines)"]


def test_a_method_and_a_nested_function_can_be_too_long(tmp_path: Path) -> None:
    body = "\n".join(["        pass"] * 50)
    write(tmp_path, {"graph/a.py": f"class A:\n    async def method(self):\n{body}\n"})
    assert figure(tmp_path, "functions over 50 lines").value == 1


def test_long_files_are_listed_with_the_longest_first(tmp_path: Path) -> None:
    write(tmp_path, {"graph/a.py": "x = 1\n" * 301, "graph/b.py": "x = 1\n" * 401, "graph/c.py": "x = 1\n" * 300})
    assert figure(tmp_path, "files over 300 lines").details == ["graph/b.py (401 lines)", "graph/a.py (301 lines)"]
    assert figure(tmp_path, "files over 400 lines").details == ["graph/b.py (401 lines)"]


def test_a_folder_of_more_than_twenty_modules_is_full_unless_it_holds_the_tools(tmp_path: Path) -> None:
    full = {f"{folder}/m{n}.py": "" for folder in ("tools", "graph/jobs") for n in range(21)}
    write(tmp_path, {**full, "graph/web/__init__.py": "", **{f"graph/web/m{n}.py": "" for n in range(20)}})
    assert figure(tmp_path, "folders with more than 20 modules").details == ["graph/jobs/ (21 modules)"]


def test_the_root_of_graph_is_counted_without_its_package_file_and_its_folders(tmp_path: Path) -> None:
    write(tmp_path, {"graph/__init__.py": "", "graph/a.py": "", "graph/web/b.py": "", "server.py": ""})
    assert figure(tmp_path, "modules in graph/ itself").details == ["graph/a.py"]


@pytest.mark.parametrize(
    "text", ["def find(): ...", "async def _find(): ...", "class Find: ...", "class A:\n    def find(self): ..."]
)
def test_a_word_counts_as_a_function_a_method_and_a_class(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"graph/a.py": text, "graph/b.py": "find = find_all = 1\ndef find_one(): ..."})
    assert figure(tmp_path, "modules that define `find`").details == ["graph.a"]


def test_a_word_counts_once_a_module(tmp_path: Path) -> None:
    write(tmp_path, {"graph/a.py": "def find(): ...\nclass A:\n    def find(self): ..."})
    assert figure(tmp_path, "modules that define `find`").value == 1


@pytest.mark.parametrize("base", ["Protocol", "typing.Protocol", "Protocol[T]"])
def test_a_method_of_a_port_counts_at_the_port_and_not_where_it_is_implemented(tmp_path: Path, base: str) -> None:
    files = {
        "graph/ports/memory.py": f"class Memory({base}):\n    async def find(self): ...",
        "graph/adapters/a.py": "class A:\n    async def find(self): ...",
        "graph/adapters/b.py": "class B:\n    def find(self): ...",
        "graph/adapters/c.py": "def find(): ...",
    }
    assert figure(write(tmp_path, files), "modules that define `find`").details == [
        "graph.adapters.c",
        "graph.ports.memory",
    ]


def test_discouraged_constants_are_found_at_every_level(tmp_path: Path) -> None:
    text = "MOST_ROWS: int = 1\nclass A:\n    _LONGEST_WORD = 2\nMAX_ROWS = MOST_ROWS\nALMOST_ALL = 3"
    write(tmp_path, {"graph/a.py": text})
    assert figure(tmp_path, "constants named MOST_, LONGEST_, FEWEST_, LEAST_").details == [
        "graph/a.py:1 MOST_ROWS",
        "graph/a.py:3 _LONGEST_WORD",
    ]


def test_the_largest_set_is_a_share_of_all_lines(tmp_path: Path) -> None:
    write(
        tmp_path, {"graph/replay/a.py": "x = 1\n" * 20, "graph/replay/b.py": "x = 1\n" * 5, "server.py": "x = 1\n" * 75}
    )
    largest = figure(tmp_path, "largest set of files without rings inside, in %")
    assert (largest.value, largest.held) == (75.0, False)
    assert largest.details == ["server: 75 of 100 lines", "graph.replay: 25 of 100 lines"]


def test_a_tree_that_misses_a_bar_ends_with_exit_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"nodes/a.py": "import nodes.b", "nodes/b.py": "import nodes.a"})
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "nodes.a → nodes.b → nodes.a" in printed or "nodes.b → nodes.a → nodes.b" in printed
    assert "nodes.a imports nodes.b (nodes.a → nodes.b: strangers in one ring)" in printed


def test_a_tree_that_holds_every_bar_ends_with_exit_code_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {f"nodes/m{n}.py": "x = 1\n" for n in range(20)})
    assert main([str(tmp_path)]) == 0
    assert "missed " not in capsys.readouterr().out


def test_the_list_shows_what_a_held_figure_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"graph/errors.py": ""})
    main([str(tmp_path)])
    short = capsys.readouterr().out
    main(["--list", str(tmp_path)])
    assert "graph/errors.py" not in short
    assert "graph/errors.py" in capsys.readouterr().out


def test_a_missed_figure_shows_five_details_and_says_how_many_are_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {f"nodes/m{n}.py": "MOST_ROWS = 1\n" for n in range(7)})
    main([str(tmp_path)])
    assert "and 2 more: --list" in capsys.readouterr().out


def test_the_program_runs_without_importing_the_product() -> None:
    code = "import sys, tests.structure.__main__; print([name for name in ('graph', 'nodes', 'tools') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
