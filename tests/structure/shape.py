"""The size and the place of files, folders and functions."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.structure.source import Module

ROOT_FOLDER = "graph"
MAX_MODULES_IN_FOLDER = 20
FOLDERS_OF_ANY_SIZE = {"tools"}
"""One file a tool."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules_in_root(modules: Iterable[Module]) -> list[str]:
    return [module.file for module in modules if module.folder == ROOT_FOLDER and not module.is_package]


def full_folders(modules: Iterable[Module]) -> list[str]:
    counts = Counter(module.folder for module in modules if not module.is_package)
    return [
        f"{folder}/ ({count} modules)"
        for folder, count in counts.most_common()
        if count > MAX_MODULES_IN_FOLDER and folder not in FOLDERS_OF_ANY_SIZE
    ]


def files_over(modules: Iterable[Module], lines: int) -> list[str]:
    long = sorted((module for module in modules if module.lines > lines), key=lambda module: -module.lines)
    return [f"{module.file} ({module.lines} lines)" for module in long]


def functions_over(modules: Iterable[Module], lines: int) -> list[str]:
    return [
        f"{module.file}:{function.lineno} {function.name} ({length(function)} lines)"
        for module in modules
        for function in functions(module)
        if length(function) > lines
    ]


def functions(module: Module) -> Iterator[Function]:
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
