"""The commands that change stored data: key rotation and the demo user."""

import asyncio
from contextlib import AsyncExitStack

from graph.adapters.crypto.cipher import add_key
from graph.adapters.models.token_counter import token_counter
from graph.adapters.postgres.conversation.embedding_store import PostgresNotes
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.key_rotation import PostgresSeals, unlock
from graph.adapters.postgres.provisioning import Report, check_migrations, database_of
from graph.jobs import rotation
from graph.settings import Settings
from graph.wiring.infrastructure import seed_demo
from graph.wiring.providers import build_embedder, load_vault_keys


async def rotate_keys(settings: Settings, report: Report) -> None:
    """Bring everything that is sealed under the current key; where the keys are in a file, under a new one.

    Raises:
        ConfigurationError: the keys do not open the vault.
    """
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        database = await stack.enter_async_context(Database.open(addresses.server, size=2))
        await check_migrations(database)
        seals = PostgresSeals(database, await unlock(database, load_vault_keys(settings)))
        if not settings.vault_key and not await seals.owners_due(1):
            await asyncio.to_thread(add_key, settings.data_dir / "vault.key")
            seals.sealer.refresh()
        report(f"{await rotation.rotate(seals, report)} values were sealed anew")


async def seed_database(settings: Settings, report: Report) -> None:
    """Give the demo user rows and notes in the configured database, or in the embedded one."""
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(database_of(settings, report))
        database = await stack.enter_async_context(Database.open(addresses.server, size=2))
        await check_migrations(database)
        notes = PostgresNotes(database, build_embedder(settings), token_counter(settings.data_dir / "tiktoken"))
        await seed_demo(database, notes, report)
