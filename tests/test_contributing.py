"""The examples of CONTRIBUTING.md work as they stand there, and the documents name files that exist."""

import datetime as dt
import importlib.util
import math
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from graph.build import Ports
from graph.ports.models import DIMENSIONS
from graph.turn.flow import NodeSpec

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
DOCUMENTS += [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]
ROOMS = "graph|nodes|tools|employees|migrations|tests|scripts|docs"
MADE_UP = {
    "nodes/greet.py",
    "tools/idle_accounts.py",
    "tools/sql/idle_accounts.sql",
    "tests/recordings/both_results_are_read.json",
}
"""Files that the documents have their readers write."""
FORMER = {"0001-names.md"}
"""Documents that list former names."""


def block(language: str, containing: str) -> str:
    """The one code block of this language that contains this text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", CONTRIBUTING, re.DOTALL | re.MULTILINE)
    [found] = [text for text in blocks if containing in text]
    return str(found)


def load(folder: Path, name: str, source: str) -> ModuleType:
    file = folder / f"{name}.py"
    file.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_node_runs_and_is_listed_by_its_line(tmp_path: Path) -> None:
    node = load(tmp_path, "greet", block("python", "class Greet"))
    spec = eval(block("python", "NodeSpec("), {"NodeSpec": NodeSpec, "Greet": node.Greet})  # noqa: S307
    ports = cast(Ports, SimpleNamespace(clock=lambda: dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)))
    state: Any = {"recollection": {"history": []}}
    assert await spec.build(ports)(state, cast(Any, None)) == {}
    assert spec.is_idempotent


async def test_the_embedder_fulfils_its_port(tmp_path: Path) -> None:
    embedder = load(tmp_path, "hashing", block("python", "class HashingEmbedder")).HashingEmbedder()
    query, [passage, other] = await embedder.query("my rent"), await embedder.passages(["My rent is due", ""])
    assert len(query) == DIMENSIONS
    assert math.isclose(math.fsum(number * number for number in passage), 1)
    similarity = [sum(a * b for a, b in zip(query, text, strict=True)) for text in (passage, other)]
    assert similarity[0] > embedder.minimum_similarity > similarity[1]


def test_the_migration_applies(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("alter table chat_sessions drop column if exists is_pinned")
        connection.execute(block("sql", "is_pinned").encode())
        added = connection.execute(
            "select column_default from information_schema.columns"
            " where table_name = 'chat_sessions' and column_name = 'is_pinned'"
        ).fetchall()
        connection.rollback()
    assert added == [("false",)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    if document.name in FORMER:
        pytest.skip("it lists former names")
    named = set(re.findall(rf"`((?:{ROOMS})/[\w./-]+)`", document.read_text("utf-8")))
    assert [name for name in sorted(named - MADE_UP) if not (ROOT / name).exists()] == []
