"""A stored file is encrypted; it decrypts for its user and under its id only."""

import uuid
from pathlib import Path

import pytest

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.toolbox import PostgresToolbox
from graph.adapters.postgres.privacy import file_store as file_store
from graph.adapters.postgres.privacy.file_store import PostgresFiles, context_of
from graph.errors import ConfigurationError, FileTooLarge, NotFound
from tests.graph.ports.storage_contract import StoredFilesContract
from tests.support.database import DropsFirstReply, Sql

CONTENT = b"what a user bought at Quarterdeck Chandlery"


@pytest.fixture
def files(database: Database, cipher: VaultCipher) -> PostgresFiles:
    return PostgresFiles(database, cipher)


class TestPostgresFiles(StoredFilesContract):
    """The adapter keeps the contract."""


async def test_a_file_comes_back_as_it_was_kept(files: PostgresFiles, user_id: str) -> None:
    file_id = await files.of(user_id).store("chart.png", "image/png", CONTENT)
    found = await files.read(user_id, file_id)
    assert (found.name, found.media_type, found.content) == ("chart.png", "image/png", CONTENT)


async def test_what_is_stored_does_not_hold_the_content(files: PostgresFiles, user_id: str, sql: Sql) -> None:
    file_id = await files.store(user_id, "chart.png", "image/png", CONTENT)
    [row] = sql("select ciphertext, size from chat_files where id = %(id)s", id=file_id)
    assert row["size"] == len(CONTENT)
    assert b"Quarterdeck" not in bytes(row["ciphertext"])


async def test_a_foreign_an_unknown_and_an_expired_file_are_the_same(
    files: PostgresFiles, user_id: str, stranger: str, sql: Sql
) -> None:
    file_id = await files.store(user_id, "chart.png", "image/png", CONTENT)
    for user, asked in ((stranger, file_id), (user_id, str(uuid.uuid4()))):
        with pytest.raises(NotFound):
            await files.read(user, asked)
    sql("update chat_files set expires_at = now() where id = %(id)s", id=file_id)
    with pytest.raises(NotFound):
        await files.read(user_id, file_id)
    assert await files.page(user_id, 10, None) == []


async def test_a_file_decrypts_for_its_user_and_under_its_id_only(
    files: PostgresFiles, user_id: str, stranger: str, cipher: VaultCipher, sql: Sql
) -> None:
    file_id = await files.store(user_id, "chart.png", "image/png", CONTENT)
    [row] = sql("select ciphertext from chat_files where id = %(id)s", id=file_id)
    assert cipher.decrypt(bytes(row["ciphertext"]), context_of(user_id, file_id)) == CONTENT
    for context in (context_of(stranger, file_id), context_of(user_id, str(uuid.uuid4()))):
        with pytest.raises(ConfigurationError):
            cipher.decrypt(bytes(row["ciphertext"]), context)


async def test_a_list_has_the_latest_first_goes_on_at_a_place_and_holds_no_content(
    files: PostgresFiles, user_id: str, stranger: str
) -> None:
    kept = [await files.store(user_id, f"{number}.png", "image/png", CONTENT) for number in range(3)]
    await files.store(stranger, "theirs.png", "image/png", CONTENT)
    first, second = await files.page(user_id, 2, None)
    rest = await files.page(user_id, 2, (second["created_at"].isoformat(), str(second["id"])))
    assert [str(row["id"]) for row in (first, second, *rest)] == kept[::-1]
    assert "ciphertext" not in first


async def test_a_file_is_kept_for_thirty_days(files: PostgresFiles, user_id: str) -> None:
    await files.store(user_id, "chart.png", "image/png", CONTENT)
    [row] = await files.page(user_id, 1, None)
    assert (row["expires_at"] - row["created_at"]).days == 30


async def test_a_file_that_is_too_large_is_an_error_of_its_own(
    files: PostgresFiles, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_store, "MAX_BYTES", len(CONTENT))
    await files.store(user_id, "chart.png", "image/png", CONTENT)
    with pytest.raises(FileTooLarge):
        await files.store(user_id, "chart.png", "image/png", CONTENT + b"!")


async def test_a_file_is_stored_once_though_the_reply_was_lost(
    database: Database, cipher: VaultCipher, user_id: str
) -> None:
    files = PostgresFiles(DropsFirstReply(database.pool), cipher)
    file_id = await files.store(user_id, "chart.png", "image/png", CONTENT)
    assert [str(row["id"]) for row in await files.page(user_id, 10, None)] == [file_id]


async def test_the_toolbox_gives_a_users_tools_that_users_files(
    database: Database, files: PostgresFiles, cipher: VaultCipher, user_id: str, stranger: str, tmp_path: Path
) -> None:
    async def nothing(run_id: str) -> None:
        """There is nothing to commit."""

    toolbox = PostgresToolbox(database, {}, [tmp_path], cipher, nothing, files.of)
    await toolbox.files(user_id).store("chart.png", "image/png", CONTENT)
    assert [len(await files.page(user, 10, None)) for user in (user_id, stranger)] == [1, 0]


async def test_a_call_that_is_made_again_leaves_its_file_in_the_place_of_the_first(
    files: PostgresFiles, user_id: str
) -> None:
    kept = [
        await files.of(user_id, call).store("chart.png", "image/png", CONTENT) for call in ("run/0", "run/1", "run/0")
    ]
    assert kept[0] == kept[2] != kept[1]
    again = await files.of(user_id, "run/0").store("chart.png", "image/png", CONTENT + b"!")
    assert (again, (await files.read(user_id, again)).content) == (kept[0], CONTENT + b"!")
    assert len(await files.page(user_id, 10, None)) == 2


async def test_the_same_call_of_another_user_is_another_one(files: PostgresFiles, user_id: str, stranger: str) -> None:
    theirs = await files.of(stranger, "run/0").store("chart.png", "image/png", CONTENT)
    assert await files.of(user_id, "run/0").store("chart.png", "image/png", CONTENT) != theirs
    with pytest.raises(NotFound):
        await files.read(user_id, theirs)


async def test_outside_a_run_each_file_is_another_one(files: PostgresFiles, user_id: str) -> None:
    assert await files.of(user_id).store("a", "b", CONTENT) != await files.of(user_id).store("a", "b", CONTENT)
