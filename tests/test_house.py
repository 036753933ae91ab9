"""The rules of the house, as far as a program can read them."""

import ast
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from graph.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("graph", "nodes", "tools", "employees", "migrations", "scripts")
BEHAVIOUR_ROOMS = ("service/", "studio/")
"""Tests in these folders talk to a running server and mirror no module."""
BEHAVIOUR_TESTS = {
    "employees/test_live_service",
    "graph/adapters/auth/test_jwks_cache",
    "graph/adapters/models/test_openai_request",
    "graph/adapters/postgres/runs/test_branches",
    "graph/adapters/postgres/runs/test_former_checkpoints",
    "graph/adapters/postgres/runs/test_private_members",
    "graph/adapters/postgres/test_borrowings",
    "graph/redaction/rules/banking/test_bank_details",
    "graph/redaction/rules/contacts/test_contacts",
    "graph/redaction/rules/names/test_names",
    "graph/redaction/test_whole_numbers",
    "graph/replay/test_command",
    "graph/replay/test_guide",
    "graph/replay/test_mutations",
    "graph/replay/test_recordings",
    "graph/runs/test_several_processes",
    "migrations/test_isolation_matrix",
    "migrations/test_ledger",
    "migrations/test_minor_units",
    "migrations/test_standard_names",
    "nodes/test_values_after_a_call",
    "programs/audit/test_mutations",
    "programs/bench/test_bench",
    "programs/chaos/test_chaos",
    "programs/eval/offline/test_short_form",
    "programs/eval/pii/test_bars",
    "test_contributing",
    "test_house",
    "test_makefile",
    "test_readme",
    "test_structure",
    "tools/test_add_and_split_transactions",
    "tools/test_budgets",
    "tools/test_categorise_transactions",
    "tools/test_category_advice",
    "tools/test_category_rules",
    "tools/test_charts",
    "tools/test_debts",
    "tools/test_foreign_ids",
    "tools/test_goals",
    "tools/test_hostile_arguments",
    "tools/test_ledger_text",
    "tools/test_loans",
    "tools/test_minor_units",
    "tools/test_money_is_never_wrong",
    "tools/test_offline_answers",
    "tools/test_reminders",
    "tools/test_spending",
    "tools/test_summaries",
    "tools/test_summary_amounts",
    "tools/test_untrusted_text",
}
"""Tests of what several modules do together."""


def modules() -> dict[str, Path]:
    files = [ROOT / "server.py", *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}


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
    allowed = {
        "graph.settings",
        "graph.adapters.models.token_counter",
        "graph.adapters.embeddings.onnx_model",
        "graph.terminal.environment",  # the terminal's and the shell's own variables
    }
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


def conftests() -> list[Path]:
    return sorted((ROOT / "tests").rglob("conftest.py"))


def is_fixture(definition: ast.stmt) -> bool:
    decorators = getattr(definition, "decorator_list", [])
    return any("pytest.fixture" in ast.unparse(decorator) for decorator in decorators)


@pytest.mark.parametrize("file", conftests(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_conftest_defines_fixtures_only(file: Path) -> None:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    others = [
        statement.name
        for statement in ast.parse(file.read_text("utf-8")).body
        if isinstance(statement, definitions) and not is_fixture(statement)
    ]
    assert others == []


def test_no_module_imports_from_a_conftest() -> None:
    importers = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) .*\bconftest\b", file.read_text("utf-8"), re.MULTILINE)
    ]
    assert importers == []


def mirrored(test: Path) -> bool:
    """Whether the module that the test is named after exists; what follows its name after `_` says what of it is tested."""
    parts = test.relative_to(ROOT / "tests").parts
    folder = ROOT.joinpath("tests", *parts[1:-1]) if parts[0] == "programs" else ROOT.joinpath(*parts[:-1])
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:count]) for count in range(1, len(words) + 1)] + [f"__{words[0]}__"]
    return any((folder / f"{name}.py").exists() or (folder / name).is_dir() for name in names)


def test_a_test_module_is_named_after_a_module_or_listed_as_a_test_of_behaviour() -> None:
    tests = [file for file in (ROOT / "tests").rglob("test_*.py") if not mirrored(file)]
    names = {file.relative_to(ROOT / "tests").with_suffix("").as_posix() for file in tests}
    unnamed = {name for name in names if not name.startswith(BEHAVIOUR_ROOMS)}
    assert sorted(unnamed - BEHAVIOUR_TESTS) == []
    assert sorted(BEHAVIOUR_TESTS - unnamed) == []


def test_helpers_that_wait_are_defined_once() -> None:
    waiting = re.compile(r"^(async )?def (eventually|wait_until)\b", re.MULTILINE)
    files = [file for file in (ROOT / "tests").rglob("*.py") if waiting.search(file.read_text("utf-8"))]
    assert [file.relative_to(ROOT).as_posix() for file in files] == ["tests/support/waiting.py"]


@pytest.mark.parametrize("name", ["audit", "bench", "chaos", "eval", "structure"])
def test_the_folder_of_a_program_has_a_readme_and_holds_no_tests(name: str) -> None:
    folder = ROOT / "tests" / name
    assert (folder / "README.md").is_file()
    assert sorted(folder.rglob("test_*.py")) == []
