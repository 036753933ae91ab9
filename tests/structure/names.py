"""Names that say too little: where they are defined."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from tests.structure.placement import within
from tests.structure.source import Module

WORDS = ("find", "ask", "told", "tell", "check", "keep", "hold", "make", "show", "given")
PREFIXES = ("MOST_", "LONGEST_", "FEWEST_", "LEAST_")
PORTS = "graph.ports"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def port_methods(modules: Iterable[Module]) -> set[str]:
    """The names of the methods of every protocol among the ports."""
    return {
        method.name
        for module in modules
        if within(module.name, PORTS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and is_protocol(node)
        for method in methods(node)
    }


def is_protocol(node: ast.ClassDef) -> bool:
    """Whether a class is a `Protocol`, be it `Protocol[T]` or `typing.Protocol`."""
    bases = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    return any(ast.unparse(base).rpartition(".")[2] == "Protocol" for base in bases)


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def defined_names(module: Module, implemented: set[str]) -> set[str]:
    """The functions, methods and classes of a module, without the methods that implement a port."""
    nodes = [node for node in ast.walk(module.tree) if isinstance(node, Definition)]
    own = {id(method) for node in nodes if isinstance(node, ast.ClassDef) for method in methods(node)}
    ports = within(module.name, PORTS)
    return {node.name for node in nodes if ports or id(node) not in own or node.name not in implemented}


def definitions(modules: Mapping[str, Module]) -> dict[str, list[str]]:
    """For each word the modules that define it, be it with a leading underscore or a capital."""
    implemented = port_methods(modules.values())
    found: dict[str, list[str]] = {word: [] for word in WORDS}
    for module in modules.values():
        for word in {name.strip("_").lower() for name in defined_names(module, implemented)} & set(WORDS):
            found[word].append(module.name)
    return found


def discouraged_constants(modules: Iterable[Module]) -> list[str]:
    """Constants that a reader of the field would call `MAX_` or `MIN_`."""
    return [
        f"{module.file}:{node.lineno} {node.id}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.lstrip("_").startswith(PREFIXES)
    ]
