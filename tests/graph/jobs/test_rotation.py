"""Everything comes under the current key, whosever it is, and it is told how far that is."""

import asyncio

import pytest
from structlog.testing import capture_logs

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.key_rotation import KeyRotation
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.jobs import queue, rotation
from graph.jobs.queue import open_queue, run_worker_until_cancelled
from graph.jobs.rotation import register_tasks, rotate
from tests.graph.ports.vault_contract import ANA, CARD
from tests.support.waiting import eventually

NEW = b"n" * 32


@pytest.fixture
def rotated(cipher: VaultCipher) -> VaultCipher:
    return VaultCipher(NEW, b"k" * 32, hash_key=cipher.hash_key)


async def test_the_values_of_all_users_are_encrypted_again(
    database: Database, cipher: VaultCipher, rotated: VaultCipher, user_id: str, stranger: str
) -> None:
    tokens = {user: await PostgresVault(database, cipher).tokenize(user, {CARD, ANA}) for user in (user_id, stranger)}
    told: list[str] = []
    assert await rotate(KeyRotation(database, rotated), told.append) >= 4
    new = PostgresVault(database, VaultCipher(NEW))
    for user, issued in tokens.items():
        assert set((await new.detokenize(user, set(issued.values()))).values()) == {CARD.text, ANA.text}
    assert told[-1].endswith("values under the new key") or "not configured" in told[-1]


async def test_a_second_time_there_is_nothing_to_do(
    database: Database, cipher: VaultCipher, rotated: VaultCipher, user_id: str
) -> None:
    await PostgresVault(database, cipher).tokenize(user_id, {CARD})
    await rotate(KeyRotation(database, rotated), lambda line: None)
    assert await rotate(KeyRotation(database, rotated), lambda line: None) == 0


async def test_values_that_no_key_opens_are_told_of(database: Database, rotated: VaultCipher, user_id: str) -> None:
    await PostgresVault(database, VaultCipher(b"x" * 32)).tokenize(user_id, {CARD})
    told: list[str] = []
    await rotate(KeyRotation(database, rotated), told.append)
    assert "not configured" in told[-1]


async def test_the_queue_does_it_of_its_own_accord_and_logs_how_far_it_is(
    database: Database,
    database_url: str,
    cipher: VaultCipher,
    user_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process began with the old key; the new one is in its file when the job runs."""
    monkeypatch.setattr(rotation, "SCHEDULE", "* * * * * *")  # each second
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.1)
    tokens = await PostgresVault(database, cipher).tokenize(user_id, {CARD})
    running = VaultCipher(b"k" * 32, read=lambda: [NEW, b"k" * 32])
    with capture_logs() as logs:
        async with open_queue(database_url) as app:
            register_tasks(app, KeyRotation(database, running))
            worker = asyncio.create_task(run_worker_until_cancelled(app))
            try:
                await eventually(lambda: [line for line in logs if line["event"] == "key_rotation"])
            finally:
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=True)
    assert await PostgresVault(database, VaultCipher(NEW)).detokenize(user_id, set(tokens.values())) == {
        tokens[CARD]: CARD.text
    }
