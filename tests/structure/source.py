"""The product's modules, parsed without importing them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PRODUCT = ("server.py", "graph", "nodes", "tools", "employees", "migrations", "scripts")


@dataclass(frozen=True)
class Module:
    name: str
    """Dotted, as an import statement writes it."""
    file: str
    """Relative to the root of the repository."""
    tree: ast.Module
    lines: int

    @property
    def is_package(self) -> bool:
        return self.file.endswith("__init__.py")

    @property
    def folder(self) -> str:
        return self.file.rpartition("/")[0]


def product_files(root: Path) -> Iterator[Path]:
    for place in (root / name for name in PRODUCT):
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.exists() else []


def read_modules(root: Path) -> dict[str, Module]:
    modules = {}
    for path in product_files(root):
        file = path.relative_to(root)
        parts = file.parent.parts if file.name == "__init__.py" else file.with_suffix("").parts
        text = path.read_text("utf-8")
        name = ".".join(parts)
        modules[name] = Module(name, file.as_posix(), ast.parse(text), len(text.splitlines()))
    return modules
