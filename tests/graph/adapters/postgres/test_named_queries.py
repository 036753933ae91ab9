"""Queries live in .sql files, by name, each with a line that says what it does."""

import re
from pathlib import Path

import psycopg
import pytest

import graph.adapters
import tools
from graph.adapters.postgres.named_queries import adapter_queries, read_queries

ROOMS = (Path(graph.adapters.__file__).parent, Path(tools.__file__).parent)
FILES = sorted(file for room in ROOMS for file in room.rglob("*.sql"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_the_files_of_each_room_are_checked(room: Path) -> None:
    assert any(file.is_relative_to(room) for file in FILES)


def test_queries_are_found_by_name_without_header_and_semicolon(tmp_path: Path) -> None:
    file = tmp_path / "some.sql"
    file.write_text("-- name: one\n-- The first.\nselect 1;\n\n-- name: two\n-- The second.\nselect\n  2;\n")
    assert read_queries(file) == {"one": b"-- The first.\nselect 1", "two": b"-- The second.\nselect\n  2"}


def test_two_queries_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.sql", "b.sql"):
        (tmp_path / name).write_text("-- name: same\nselect 1;\n")
    with pytest.raises(ValueError, match="same"):
        read_queries(tmp_path / "a.sql", tmp_path / "b.sql")


def test_the_queries_of_an_adapter_are_found_by_its_name() -> None:
    assert "values_of_tokens" in adapter_queries("vault")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_every_query_says_what_it_does(file: Path) -> None:
    silent = [name for name, query in read_queries(file).items() if not query.startswith(b"-- ")]
    assert silent == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_every_query_is_one_that_the_migrated_database_understands(file: Path, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for name, query in read_queries(file).items():
            names = sorted({part.decode() for part in re.findall(rb"%\((\w+)\)s", query)})
            numbered = query
            for number, each in enumerate(names, 1):
                numbered = numbered.replace(f"%({each})s".encode(), f"${number}".encode())
            connection.execute(f"prepare query_{name} as ".encode() + numbered.replace(b"%%", b"%"))
        [(prepared,)] = connection.execute(r"select count(*) from pg_prepared_statements where name like 'query\_%'")
    assert prepared == len(read_queries(file))


def test_no_query_is_put_together_from_input() -> None:
    rooms = (Path(graph.adapters.__file__).parent.parent, Path(tools.__file__).parent)
    formatted = re.compile(r"""execute\(\s*(?:rb?|b)?f["']|execute\([^)]*(?:\.format\(|["'] *%)""")
    wrong = [
        str(file)
        for room in rooms
        for file in room.rglob("*.py")
        if any("sql.SQL" not in line and formatted.search(line) for line in file.read_text("utf-8").splitlines())
    ]
    assert wrong == []
