"""A database opens with its own keys only, and what is in it comes under a new one while it is used."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql as statements

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.privacy.key_rotation import (
    ENCRYPTED_COLUMNS,
    HASH_KEY_CONTEXT,
    KeyRotation,
    RotationResult,
)
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import ConfigurationError
from graph.ports.redaction import PersonalValue
from graph.ports.runs import RunRequest
from graph.wiring.providers import open_cipher
from migrations.runner import migrate, read_migrations
from tests.graph.ports.vault_contract import ANA, CARD
from tests.support.database import PASSWORD, Sql, build_run_store

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


@pytest.fixture
def rotated() -> VaultCipher:
    """Seals with the new key, opens with both; its hashes are the old one's."""
    return VaultCipher(NEW, OLD, hash_key=VaultCipher(OLD).hash_key)


@pytest.fixture(scope="module")
def fresh_name(cluster: EmbeddedPostgres, admin_url: str) -> Iterator[str]:
    """The name of a database of this module alone."""
    name = f"fresh_{uuid.uuid4().hex}"
    cluster.create_database(name)
    asyncio.run(migrate(cluster.admin_url(name), read_migrations()))
    yield name
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(statements.SQL("drop database {} with (force)").format(statements.Identifier(name)))


@pytest.fixture
async def fresh(cluster: EmbeddedPostgres, fresh_name: str) -> AsyncIterator[Database]:
    """A database in which nobody has been yet."""
    with psycopg.connect(cluster.admin_url(fresh_name), autocommit=True) as connection:
        connection.execute("truncate pii_vault, vault_hash_key")
    async with Database.open(cluster.url("chat_server", PASSWORD, fresh_name), size=2) as opened:
        yield opened


# Keys of a database ---------------------------------------------------------------------------------------------------


async def test_a_new_database_gets_a_hash_key_of_its_own_that_its_key_opens_again(fresh: Database) -> None:
    first, second = await open_cipher(fresh, lambda: [OLD]), await open_cipher(fresh, lambda: [OLD])
    assert first.hash_key == second.hash_key != VaultCipher(OLD).hash_key


async def test_processes_that_start_at_once_agree_on_the_hash_key(fresh: Database) -> None:
    ciphers = await asyncio.gather(*(open_cipher(fresh, lambda: [OLD]) for _ in range(4)))
    assert len({cipher.hash_key for cipher in ciphers}) == 1


async def test_a_database_of_before_keeps_its_hashes(fresh: Database, user_id: str) -> None:
    token = (await PostgresVault(fresh, VaultCipher(OLD)).tokenize(user_id, {CARD}))[CARD]
    assert await PostgresVault(fresh, await open_cipher(fresh, lambda: [OLD])).tokenize(user_id, {CARD}) == {
        CARD: token
    }


async def test_another_key_does_not_unlock_a_database(fresh: Database) -> None:
    await open_cipher(fresh, lambda: [OLD])
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        await open_cipher(fresh, lambda: [OTHER])


async def test_another_key_does_not_unlock_a_database_of_before(fresh: Database, user_id: str) -> None:
    await PostgresVault(fresh, VaultCipher(OLD)).tokenize(user_id, {CARD})
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        await open_cipher(fresh, lambda: [OTHER])
    assert (await open_cipher(fresh, lambda: [OTHER, OLD])).key_prefix == VaultCipher(OTHER).key_prefix


# Changing the key -----------------------------------------------------------------------------------------------------


async def test_every_encrypted_value_comes_under_the_new_key(
    database: Database, user_id: str, rotated: VaultCipher, sql: Sql
) -> None:
    old = VaultCipher(OLD)
    tokens = await PostgresVault(database, old).tokenize(user_id, {CARD, ANA})
    run = await store_on(database, old).accept(RunRequest(user_id, "my secret words"))
    file = await PostgresFiles(database, old).store(user_id, "a.csv", "text/csv", b"1,2")
    assert await KeyRotation(database, rotated).reencrypt(user_id) == RotationResult(4, 0)
    for column, table in zip(ENCRYPTED_COLUMNS, ("pii_vault", "chat_runs", "chat_files"), strict=True):
        rows = sql(f"select key_prefix from {table} where user_id = %(user_id)s", user_id=user_id)  # noqa: S608
        assert rows, column
        assert {bytes(row["key_prefix"]) for row in rows} == {VaultCipher(NEW).key_prefix}, column
    assert await PostgresVault(database, VaultCipher(NEW)).detokenize(user_id, set(tokens.values())) == {
        tokens[CARD]: CARD.text,
        tokens[ANA]: ANA.text,
    }
    [row] = sql("select encrypted_input from chat_runs where id = %(id)s", id=run.id)
    assert VaultCipher(NEW).decrypt(bytes(row["encrypted_input"]), f"{user_id}/{run.id}") == b"my secret words"
    assert (await PostgresFiles(database, VaultCipher(NEW)).read(user_id, file)).content == b"1,2"


async def test_a_value_keeps_its_token_before_during_and_after(
    database: Database, user_id: str, rotated: VaultCipher
) -> None:
    issued = await PostgresVault(database, VaultCipher(OLD)).tokenize(user_id, {CARD})
    assert await PostgresVault(database, rotated).tokenize(user_id, {CARD}) == issued
    await KeyRotation(database, rotated).reencrypt(user_id)
    after = VaultCipher(NEW, hash_key=rotated.hash_key)
    assert await PostgresVault(database, after).tokenize(user_id, {CARD}) == issued


async def test_users_are_due_until_their_values_are_under_the_new_key(
    database: Database, user_id: str, stranger: str, rotated: VaultCipher
) -> None:
    key_rotation = KeyRotation(database, rotated)
    for user, cipher in ((user_id, VaultCipher(OLD)), (stranger, VaultCipher(NEW))):
        await PostgresVault(database, cipher).tokenize(user, {CARD})
    due = await key_rotation.users_to_reencrypt(10_000)
    assert user_id in due
    assert stranger not in due
    await key_rotation.reencrypt(user_id)
    assert user_id not in await key_rotation.users_to_reencrypt(10_000)
    assert await key_rotation.reencrypt(user_id) == RotationResult(0, 0)


async def test_all_values_of_a_user_come_along_however_many_there_are(
    database: Database, user_id: str, rotated: VaultCipher
) -> None:
    many = {PersonalValue("ID", f"value {number}", f"Value {number}") for number in range(1200)}
    tokens = await PostgresVault(database, VaultCipher(OLD)).tokenize(user_id, many)
    assert await KeyRotation(database, rotated).reencrypt(user_id) == RotationResult(1200, 0)
    opened = await PostgresVault(database, VaultCipher(NEW)).detokenize(user_id, set(tokens.values()))
    assert opened == {token: secret.text for secret, token in tokens.items()}


async def test_what_no_key_opens_stays_and_does_not_hold_up_the_rest(
    database: Database, user_id: str, rotated: VaultCipher, sql: Sql
) -> None:
    await PostgresVault(database, VaultCipher(OTHER)).tokenize(user_id, {ANA})
    tokens = await PostgresVault(database, VaultCipher(OLD)).tokenize(user_id, {CARD})
    assert await KeyRotation(database, rotated).reencrypt(user_id) == RotationResult(1, 1)
    assert await PostgresVault(database, VaultCipher(NEW)).detokenize(user_id, {tokens[CARD]}) == {
        tokens[CARD]: CARD.text
    }
    assert await KeyRotation(database, rotated).reencrypt(user_id) == RotationResult(0, 1)


async def test_values_are_read_and_made_while_the_key_changes(
    database: Database, user_id: str, rotated: VaultCipher
) -> None:
    """Users notice nothing: every value opens at every moment, and new ones are under the new key."""
    tokens = await PostgresVault(database, VaultCipher(OLD)).tokenize(
        user_id, {PersonalValue("ID", f"{number}", f"{number}") for number in range(600)}
    )
    vault, over = PostgresVault(database, rotated), asyncio.Event()

    async def use() -> int:
        looks = 0
        while not over.is_set():
            assert len(await vault.detokenize(user_id, set(tokens.values()))) == 600
            await vault.tokenize(user_id, {PersonalValue("PERSON", f"{looks}", f"{looks}")})
            looks += 1
        return looks

    using = asyncio.create_task(use())
    await asyncio.sleep(0.05)
    done = await KeyRotation(database, rotated).reencrypt(user_id)
    over.set()
    assert await using > 0
    assert done == RotationResult(600, 0)


async def test_the_hash_key_comes_under_the_new_key_and_is_the_same(fresh: Database) -> None:
    before = await open_cipher(fresh, lambda: [OLD])
    during = await open_cipher(fresh, lambda: [NEW, OLD])
    await KeyRotation(fresh, during).reencrypt_hash_key()
    after = await open_cipher(fresh, lambda: [NEW])
    assert before.hash_key == during.hash_key == after.hash_key
    with pytest.raises(ConfigurationError):
        await open_cipher(fresh, lambda: [OLD])


async def test_the_database_stores_the_hash_key_encrypted(fresh: Database) -> None:
    cipher = await open_cipher(fresh, lambda: [OLD])
    async with fresh.system_transaction() as connection:
        [row] = await (await connection.execute("select ciphertext from vault_hash_key")).fetchall()
    assert cipher.hash_key not in bytes(row["ciphertext"])
    assert cipher.decrypt(bytes(row["ciphertext"]), HASH_KEY_CONTEXT) == cipher.hash_key


def store_on(database: Database, cipher: VaultCipher) -> PostgresRunStore:
    return build_run_store(database, cipher)
