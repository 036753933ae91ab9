"""Changed files are taken up while everything runs; what cannot be used is told and changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from employees.hot_reload import reload, watch_employees
from employees.roster import Roster, read_roster
from graph.errors import DatabaseUnavailable
from tests.support.waiting import eventually

PATIENCE = 20

HEAD = "slug: ada\naliases: []\nname: Ada\ntitle: Analyst\nemoji: A\nmodel: small\ntemperature: 0.3\nmax_tokens: 9\n"


def write(folder: Path, prompt: str, more: str = "") -> None:
    (folder / "ada.md").write_text(f"---\n{HEAD}tools: []\ncapabilities: []\n{more}---\n{prompt}\n", "utf-8")


class House:
    """A folder, the roster that was read from it, and what was taken up since."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roster = self.read()
        self.taken_up: list[Roster] = []

    def read(self) -> Roster:
        return read_roster(self.folder, [])

    async def apply(self, roster: Roster) -> None:
        self.taken_up.append(roster)

    async def reload(self) -> list[Any]:
        with capture_logs() as lines:
            await reload(self.roster, self.read, self.apply)
        return lines

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        task = asyncio.create_task(watch_employees(self.folder, self.roster, self.read, self.apply))
        await asyncio.sleep(0.3)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def becomes(self, prompt: str) -> None:
        await eventually(lambda: self.roster.find("ada").prompt == prompt)


@pytest.fixture
def house(tmp_path: Path) -> House:
    write(tmp_path, "You are Ada.")
    return House(tmp_path)


async def test_a_changed_file_counts_without_a_restart(house: House) -> None:
    async with house.watched():
        write(house.folder, "You are Ada Lovelace.")
        await house.becomes("You are Ada Lovelace.")
    assert [roster.find("ada").prompt for roster in house.taken_up][-1] == "You are Ada Lovelace."


async def test_a_broken_file_keeps_the_last_good_one_until_it_is_mended(house: House) -> None:
    async with house.watched():
        with capture_logs() as lines:
            write(house.folder, "You are nobody.", "humour: dry\n")
            await eventually(lambda: bool(lines))
            assert house.roster.find("ada").prompt == "You are Ada."
        write(house.folder, "You are mended.")
        await house.becomes("You are mended.")


async def test_what_is_wrong_is_logged_with_file_field_and_reason(house: House) -> None:
    write(house.folder, "You are nobody.", "humour: dry\n")
    assert await house.reload() == [
        {
            "event": "employees_not_reloaded",
            "log_level": "error",
            "file": "ada.md",
            "field": "humour",
            "reason": "the key is unknown",
        }
    ]
    assert house.taken_up == []


async def test_who_changed_is_logged(house: House) -> None:
    write(house.folder, "You are Ada Lovelace.")
    assert await house.reload() == [{"event": "employees_reloaded", "log_level": "info", "changed": ["ada"]}]


async def test_what_cannot_be_taken_up_does_not_count(house: House) -> None:
    async def unavailable(roster: Roster) -> None:
        raise DatabaseUnavailable

    write(house.folder, "You are Ada Lovelace.")
    with capture_logs() as lines:
        await reload(house.roster, house.read, unavailable)
    assert house.roster.find("ada").prompt == "You are Ada."
    assert [line["event"] for line in lines] == ["employees_not_reloaded"]
