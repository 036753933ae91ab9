"""The rules of the house, as far as a program can read them."""

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("graph", "nodes", "tools", "employees", "migrations")

LEVELS = (
    (
        "graph.errors",
        "graph.state",
        "graph.values.text",
        "graph.turn.result_truncation",
        "graph.retry",
        "graph.values.currencies",
        "graph.validation",
        "graph.values.months",
    ),
    ("graph.context", "graph.ports_rest", "graph.events", "graph.tool"),
    (
        *(
            "nodes",
            "tools",
            "employees",
            "migrations",
            "graph.redaction",
            "graph.turn.prompt",
            "graph.turn.message_repair",
        ),
        *("graph.turn.model_reply", "graph.grounding.money_parser", "graph.grounding.amount_check"),
        *(
            "graph.turn.tool_executor",
            "graph.turn.approval_gate",
            "graph.turn.handoff",
            "graph.turn.delegation",
            "graph.turn.taint",
            "scripts.docs_tools",
        ),
        *("graph.turn.links", "graph.turn.result_texts"),
    ),
    (
        *(
            "graph.adapters",
            "graph.web",
            "graph.jobs",
            "graph.settings",
            "graph.setting_checks",
            "graph.adapters.telemetry.logging",
        ),
        *(
            "graph.build",
            "graph.runs.fault_injection",
            "graph.runs.stream_resume",
            "graph.runs.live_run",
            "graph.runs.partial_turn",
            "graph.runs.runner",
            "graph.runs.manager",
        ),
    ),
    ("graph.wiring.service", "graph.replay"),
    ("server", "graph.studio", "graph.__main__"),
)
"""From the innermost room to the outermost: a module imports its own level and those before it."""

SHARED_BY_TOOLS = {
    "tools.shared.arguments",
    "tools.shared.categories",
    "tools.rendering.document",
    "tools.rendering.chart",
    "tools.shared.currencies",
    "tools.rendering.file_storage",
    "tools.shared.transaction_lookup",
    "tools.shared.interest",
    "tools.shared.money",
    "tools.shared.months",
    "tools.shared.name_lookup",
    "tools.rendering.matplotlib_chart",
    "tools.rendering.reportlab_pdf",
    "tools.shared.payment_series",
    "tools.shared.recurrence",
    "tools.shared.category_suggestion",
    "tools.shared.display",
    "tools.shared.text_fields",
}


def modules() -> dict[str, Path]:
    files = [ROOT / "server.py", *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def level(name: str) -> int | None:
    """The level of the innermost room that holds this name."""
    for number, rooms in enumerate(LEVELS):
        if any(name == room or name.startswith(f"{room}.") for room in rooms):
            return number
    return None


def test_every_module_lives_in_a_room() -> None:
    roots = {f"{room}.__init__" for room in ROOMS}
    homeless = [name for name in modules() if level(name) is None and name not in roots]
    assert homeless == []


def test_imports_point_inward() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, file in modules().items()
        for imported in imports(file)
        if (level(imported) or 0) > (level(name) or 0)
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ["nodes", "tools"])
def test_nodes_and_tools_are_strangers_to_one_another(room: str) -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, file in modules().items()
        for imported in imports(file)
        if name.startswith(f"{room}.") and imported.startswith(f"{room}.") and name != "tools.catalog"
        if ".".join(imported.split(".")[:2]) not in SHARED_BY_TOOLS
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_package_roots_hold_one_docstring_and_nothing_else(room: str) -> None:
    for file in (ROOT / room).rglob("__init__.py"):
        body = ast.parse(file.read_text("utf-8")).body
        assert len(body) == 1, file
        assert ast.get_docstring(ast.parse(file.read_text("utf-8"))), file


def test_no_installed_package_takes_the_name_of_a_room() -> None:
    """`langgraph dev` puts the project behind the installed packages; one that ships a top-level `tools` would win."""
    elsewhere = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    taken = [room for room in ROOMS if importlib.machinery.PathFinder.find_spec(room, elsewhere)]
    assert taken == []


def test_only_the_settings_read_the_environment() -> None:
    allowed = {"graph.settings", "graph.adapters.models.token_counter", "graph.adapters.embeddings.onnx_model"}
    readers = [
        name
        for name, file in modules().items()
        if name not in allowed and re.search(r"os\.environ|os\.getenv|getenv\(", file.read_text("utf-8"))
    ]
    assert readers == []


def test_the_example_environment_lists_every_setting_and_no_other() -> None:
    names = re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


def test_the_readme_explains_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []


def test_the_readme_says_what_each_dependency_is_for() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[\[~=<>]", each)[0] for each in project["dependencies"]]
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_no_committed_file_names_a_registry() -> None:
    hosts = re.compile("|".join(("py" + r"pi\.org", "python" + r"hosted", "--index" + "-url", "--extra-" + "index")))
    texts = [ROOT / "requirements.txt", ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / "README.md"]
    assert [
        file.name for file in texts if hosts.search(file.read_text("utf-8").replace("--no-emit-index-url", ""))
    ] == []
