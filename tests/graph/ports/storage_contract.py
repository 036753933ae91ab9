"""What every adapter of the ports `Profiles`, `Facts` and `StoredFiles` does. A test module subclasses these."""

from typing import Protocol
from uuid import uuid4

import pytest

from graph.errors import NotFound
from graph.ports.redaction import Vault
from graph.ports.storage import Facts, Profiles, Row, StoredFile, StoredFiles
from graph.values.profile import Profile


class WritableFiles(StoredFiles, Protocol):
    """The port, and how a tool stores a file."""

    async def store(self, user_id: str, name: str, media_type: str, content: bytes) -> str: ...


def texts(facts: list[Row]) -> list[str]:
    return [row["fact"] for row in facts]


class ProfilesContract:
    async def test_a_user_who_has_said_nothing_has_an_empty_profile(self, profiles: Profiles, user_id: str) -> None:
        assert await profiles.read(user_id) == Profile()

    async def test_what_is_set_is_read_again_by_its_user_only(
        self, profiles: Profiles, user_id: str, stranger: str
    ) -> None:
        updated = await profiles.update(user_id, {"locale": "de-AT", "time_zone": "Europe/Vienna", "currency": "EUR"})
        assert updated == Profile(locale="de-AT", time_zone="Europe/Vienna", currency="EUR")
        assert await profiles.read(user_id) == updated
        assert await profiles.read(stranger) == Profile()

    async def test_a_field_that_is_not_named_stays_and_none_forgets_one(self, profiles: Profiles, user_id: str) -> None:
        await profiles.update(user_id, {"locale": "de-AT", "currency": "EUR"})
        assert await profiles.update(user_id, {"locale": None}) == Profile(currency="EUR")
        assert await profiles.update(user_id, {"time_zone": "UTC"}) == Profile(currency="EUR", time_zone="UTC")
        assert await profiles.update(user_id, {}) == Profile(currency="EUR", time_zone="UTC")

    async def test_a_name_is_a_placeholder_that_the_vault_opens_for_its_user(
        self, profiles: Profiles, vault: Vault, user_id: str, stranger: str
    ) -> None:
        name = (await profiles.update(user_id, {"name": "Ana Díaz"})).name
        assert name
        assert await vault.detokenize(user_id, {name}) == {name: "Ana Díaz"}
        assert await vault.detokenize(stranger, {name}) == {}
        assert (await profiles.read(user_id)).name == name
        assert (await profiles.update(user_id, {"name": None})).name is None


class FactsContract:
    async def test_a_fact_is_listed_for_its_user_only(self, facts: Facts, user_id: str, stranger: str) -> None:
        added = await facts.add(user_id, "owns a boat", "global", True)
        assert await facts.all(user_id) == [added]
        assert await facts.all(stranger) == []

    async def test_pinned_facts_come_first_and_then_the_newest(self, facts: Facts, user_id: str) -> None:
        for fact, is_pinned in (("old", False), ("old and pinned", True), ("new", False), ("new and pinned", True)):
            await facts.add(user_id, fact, "global", is_pinned)
        assert texts(await facts.all(user_id)) == ["new and pinned", "old and pinned", "new", "old"]

    async def test_an_equal_fact_is_updated(self, facts: Facts, user_id: str) -> None:
        first = await facts.add(user_id, "owns a boat", "global", True)
        again = await facts.add(user_id, "owns a boat", "global", False)
        assert (again["id"], again["is_pinned"]) == (first["id"], False)
        assert len(await facts.all(user_id)) == 1

    async def test_an_equal_fact_of_another_scope_is_another_fact(self, facts: Facts, user_id: str) -> None:
        for scope in ("global", "prime-boss"):
            await facts.add(user_id, "owns a boat", scope, True)
        assert len(await facts.all(user_id)) == 2

    async def test_a_deleted_fact_is_gone(self, facts: Facts, user_id: str) -> None:
        added = await facts.add(user_id, "owns a boat", "global", True)
        await facts.delete(user_id, str(added["id"]))
        assert await facts.all(user_id) == []

    async def test_a_foreign_fact_cannot_be_deleted_nor_told_from_an_unknown_one(
        self, facts: Facts, user_id: str, stranger: str
    ) -> None:
        added = await facts.add(user_id, "owns a boat", "global", True)
        for fact_id in (str(added["id"]), str(uuid4())):
            with pytest.raises(NotFound):
                await facts.delete(stranger, fact_id)
        assert len(await facts.all(user_id)) == 1


class StoredFilesContract:
    async def test_a_file_is_read_as_it_was_stored(self, files: WritableFiles, user_id: str) -> None:
        file_id = await files.store(user_id, "chart.png", "image/png", b"\x89PNG")
        assert await files.read(user_id, file_id) == StoredFile("chart.png", "image/png", b"\x89PNG")

    async def test_a_foreign_and_an_unknown_file_do_not_exist(
        self, files: WritableFiles, user_id: str, stranger: str
    ) -> None:
        file_id = await files.store(user_id, "chart.png", "image/png", b"\x89PNG")
        for user, unknown in ((stranger, file_id), (user_id, str(uuid4()))):
            with pytest.raises(NotFound):
                await files.read(user, unknown)
        assert await files.page(stranger, 10, None) == []

    async def test_files_are_listed_without_contents_the_newest_first(self, files: WritableFiles, user_id: str) -> None:
        for name in ("first", "second", "third"):
            await files.store(user_id, name, "text/csv", b"1,2")
        page = await files.page(user_id, 2, None)
        assert [row["name"] for row in page] == ["third", "second"]
        assert set(page[0]) == {"id", "name", "media_type", "size", "created_at", "expires_at"}
        assert page[0]["size"] == 3

    async def test_the_next_page_comes_after_the_place_of_the_last_file(
        self, files: WritableFiles, user_id: str
    ) -> None:
        for name in ("first", "second", "third"):
            await files.store(user_id, name, "text/csv", b"")
        last = (await files.page(user_id, 2, None))[-1]
        place = (last["created_at"].isoformat(), str(last["id"]))
        assert [row["name"] for row in await files.page(user_id, 2, place)] == ["first"]
