"""Which module imports which. An import inside a function or for types only counts like any other."""

import ast
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from tests.structure.source import Module

ImportGraph = Mapping[str, list[str]]
"""For each module the modules of the product that it imports, sorted."""


def imported_names(module: Module) -> Iterator[str]:
    """What the import statements name: modules, and what is taken out of modules."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = absolute_source(module, node)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def absolute_source(module: Module, node: ast.ImportFrom) -> str:
    """The module after `from`, with the leading dots resolved."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    package = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*package, *([node.module] if node.module else [])])


def module_of(name: str, modules: Container[str]) -> str | None:
    """The longest beginning of a dotted name that is a module of the product."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def import_graph(modules: Mapping[str, Module]) -> ImportGraph:
    graph = {}
    for module in modules.values():
        targets = {module_of(name, modules) for name in imported_names(module)}
        graph[module.name] = sorted(target for target in targets if target and target != module.name)
    return graph


def circles(graph: ImportGraph) -> list[str]:
    """Each as `a → b → a`. After one is found its last import is left out and the search goes on."""
    remaining = {name: list(targets) for name, targets in graph.items()}
    found = []
    while True:
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            *_, last, first = circle = error.args[1][::-1]
            remaining[last].remove(first)
            found.append(" → ".join(circle))
        else:
            return found
