"""A small table judges imports: inward is allowed, outward and sideways are not."""

import ast

import pytest

from tests.structure.placement import Rings
from tests.structure.source import Module

RINGS = Rings(
    outer=(("server",), ("graph.web", "graph.adapters"), ("nodes", "tools"), ("graph.words",), ("graph.ports",)),
    inner={
        "graph.adapters": (("graph.adapters.*",), ("graph.adapters.crypto",)),
        "nodes": (("nodes.*",),),
        "graph.words": (("graph.words",), ("graph.words.rules",)),
    },
    doors={("graph.web", "tools"): ("tools.catalog",), ("graph.web", "nodes"): ()},
)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("server", "graph.ports"),
        ("graph.web.routes", "graph.ports.runs"),
        ("graph.web.routes", "graph.web.service"),
        ("graph.web.routes", "tools.catalog"),
        ("graph.adapters.postgres.vault", "graph.adapters.crypto.cipher"),
        ("graph.adapters.postgres.vault", "graph.adapters.postgres.database"),
        ("graph.words.mask", "graph.words.find"),
        ("graph.words.mask", "graph.words.rules.cards"),
        ("tools.goals", "tools.budgets"),
    ],
)
def test_imports_of_a_ring_below_and_within_a_member_are_allowed(importer: str, imported: str) -> None:
    assert RINGS.fault(importer, imported) is None


@pytest.mark.parametrize(
    ("importer", "imported", "fault"),
    [
        ("graph.ports.runs", "nodes.reason", "graph.ports → nodes: outward"),
        ("nodes.reason", "server", "nodes → server: outward"),
        ("graph.web.routes", "graph.adapters.vault", "graph.web → graph.adapters: strangers in one ring"),
        ("nodes.reason", "nodes.persist", "nodes.reason → nodes.persist: strangers in one ring"),
        (
            "graph.adapters.models.openai",
            "graph.adapters.postgres.vault",
            "graph.adapters.models → graph.adapters.postgres: strangers in one ring",
        ),
        (
            "graph.adapters.crypto.cipher",
            "graph.adapters.postgres.vault",
            "graph.adapters.crypto → graph.adapters.postgres: outward",
        ),
        ("graph.words.rules.cards", "graph.words.mask", "graph.words.rules → graph.words: outward"),
        ("graph.web.routes", "tools.goals", "graph.web → tools: only through tools.catalog"),
        ("graph.web.routes", "nodes.reason", "graph.web → nodes: never"),
    ],
)
def test_outward_imports_strangers_and_closed_doors_are_faults(importer: str, imported: str, fault: str) -> None:
    assert RINGS.fault(importer, imported) == fault


def test_a_name_that_only_begins_like_a_member_is_none_of_it() -> None:
    assert RINGS.places("graph.webhooks") == []


def test_violations_are_sorted_and_name_both_modules() -> None:
    graph = {"tools.b": ["server"], "nodes.a": ["nodes.b", "graph.ports"]}
    assert [str(violation) for violation in RINGS.violations(graph)] == [
        "nodes.a imports nodes.b (nodes.a → nodes.b: strangers in one ring)",
        "tools.b imports server (tools → server: outward)",
    ]


def module(name: str, lines: int = 1, *, package: bool = False) -> Module:
    file = name.replace(".", "/") + ("/__init__.py" if package else ".py")
    return Module(name, file, ast.parse(""), lines)


def test_a_module_without_a_member_is_homeless_and_an_empty_package_is_not() -> None:
    every = [
        *(module("graph", package=True), module("graph.adapters", package=True)),
        *(module("graph.adapters.vault"), module("graph.drawer")),
    ]
    modules = {each.name: each for each in every}
    assert RINGS.homeless(modules, {name: [] for name in modules}) == ["graph.drawer"]


def test_a_package_whose_file_imports_needs_a_ring() -> None:
    modules = {"graph.adapters": module("graph.adapters", package=True)}
    assert RINGS.homeless(modules, {"graph.adapters": ["graph.ports"]}) == ["graph.adapters"]


def test_a_divided_member_is_as_many_sets_as_it_has_members() -> None:
    every = [
        *(module("graph.adapters.crypto.cipher", 10), module("graph.adapters.models.openai", 20)),
        *(module("graph.adapters.models.prices", 5), module("graph.words.mask", 7)),
        *(module("graph.words.rules.cards", 8), module("tools.goals", 3), module("tools.budgets", 4)),
    ]
    assert RINGS.free_sets({each.name: each for each in every}) == {
        "graph.adapters.crypto": 10,
        "graph.adapters.models": 25,
        "graph.words": 7,
        "graph.words.rules": 8,
        "tools": 7,
    }
