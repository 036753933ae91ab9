"""Every measured figure with its bar."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.structure import names, shape
from tests.structure.imports import circles, import_graph
from tests.structure.placement import Rings
from tests.structure.source import Module

MAX_ROOT_MODULES = 12
MAX_FILES_OVER_300_LINES = 5
MAX_MODULES_PER_WORD = 3
MAX_FREE_PERCENT = 10


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    bar: float
    """The value is at most this."""
    details: Sequence[str] = ()
    """What was counted."""
    note: str = ""

    @property
    def held(self) -> bool:
        return self.value <= self.bar

    def __str__(self) -> str:
        verdict = "held" if self.held else "missed"
        return f"{verdict:<7} {self.name:<48} {round(self.value, 1):>6g}   (bar {self.bar:g}) {self.note}".rstrip()


def measure(modules: Mapping[str, Module], rings: Rings) -> list[Figure]:
    return [*import_figures(modules, rings), *shape_figures(modules), *name_figures(modules)]


def counted(name: str, details: Sequence[str], bar: int = 0) -> Figure:
    return Figure(name, len(details), bar, details)


def import_figures(modules: Mapping[str, Module], rings: Rings) -> Iterator[Figure]:
    graph = import_graph(modules)
    yield counted("import circles", circles(graph))
    yield counted("imports against the rings", [str(each) for each in rings.violations(graph)])
    yield counted("modules without a ring", rings.homeless(modules, graph))
    yield largest_free_set(modules, rings)


def largest_free_set(modules: Mapping[str, Module], rings: Rings) -> Figure:
    """How much of the product may import one another without restriction."""
    total = sum(module.lines for module in modules.values()) or 1
    largest = sorted(rings.free_sets(modules).items(), key=lambda each: -each[1])[:5]
    details = [f"{member}: {lines:,} of {total:,} lines" for member, lines in largest]
    percent = 100 * largest[0][1] / total if largest else 0
    name = "largest set of files without rings inside, in %"
    return Figure(name, percent, MAX_FREE_PERCENT, details, note="".join(details[:1]))


def shape_figures(modules: Mapping[str, Module]) -> Iterator[Figure]:
    every = list(modules.values())
    yield counted("modules in graph/ itself", shape.modules_in_root(every), MAX_ROOT_MODULES)
    yield counted("folders with more than 20 modules", shape.full_folders(every))
    yield counted("files over 300 lines", shape.files_over(every, 300), MAX_FILES_OVER_300_LINES)
    yield counted("files over 400 lines", shape.files_over(every, 400))
    yield counted("functions over 50 lines", shape.functions_over(every, 50))


def name_figures(modules: Mapping[str, Module]) -> Iterator[Figure]:
    for word, places in names.definitions(modules).items():
        yield counted(f"modules that define `{word}`", places, MAX_MODULES_PER_WORD)
    yield counted("constants named MOST_, LONGEST_, FEWEST_, LEAST_", names.discouraged_constants(modules.values()))
