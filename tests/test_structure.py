"""The layout of the product's code: who may import whom, and how large its parts are."""

import ast
from pathlib import Path

import pytest

from tests.structure.figures import largest_free_set, measure
from tests.structure.imports import ImportGraph, circles, import_graph
from tests.structure.placement import within
from tests.structure.rings import RINGS
from tests.structure.source import Module, read_modules

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return read_modules(ROOT)


@pytest.fixture(scope="module")
def graph(modules: dict[str, Module]) -> ImportGraph:
    return import_graph(modules)


def test_modules_import_only_the_rings_below_them_and_no_stranger(graph: ImportGraph) -> None:
    assert [str(violation) for violation in RINGS.violations(graph)] == []


def test_every_module_has_a_ring(modules: dict[str, Module], graph: ImportGraph) -> None:
    assert RINGS.homeless(modules, graph) == []


def test_every_member_of_the_ring_table_exists(modules: dict[str, Module]) -> None:
    folders = [member.removesuffix(".*") for member in RINGS.members]
    assert [folder for folder in folders if not any(within(name, folder) for name in modules)] == []


def test_no_modules_import_one_another_in_a_circle(graph: ImportGraph) -> None:
    assert circles(graph) == []


def test_the_largest_set_of_files_without_rings_inside_holds_at_most_a_tenth_of_the_lines(
    modules: dict[str, Module],
) -> None:
    largest = largest_free_set(modules, RINGS)
    print(*largest.details, sep="\n")
    assert largest.held, largest.details[0]


def test_imports_are_absolute(modules: dict[str, Module]) -> None:
    relative = [
        f"{module.file}:{node.lineno}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_every_figure_holds_its_bar(modules: dict[str, Module]) -> None:
    assert [str(figure) for figure in measure(modules, RINGS) if not figure.held] == []
