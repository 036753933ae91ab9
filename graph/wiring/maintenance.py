"""The commands that change stored data: key rotation and the demo user."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import yaml

from graph.adapters.crypto.cipher import add_key
from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore, SourceText
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.key_rotation import KeyRotation
from graph.adapters.postgres.provisioning import ReportProgress, check_migrations, open_database
from graph.errors import ModelUnavailable
from graph.jobs import rotation
from graph.settings import Settings
from graph.wiring.catalogue import ROOT
from graph.wiring.models import build_embedder, build_token_counter
from graph.wiring.providers import load_vault_keys, open_cipher
from migrations.demo.generate import DEMO_USER
from migrations.demo.seed import seed

DEMO_NOTES = ROOT / "migrations" / "demo" / "demo_notes.yaml"
POOL_SIZE = 2


async def rotate_keys(settings: Settings, report: ReportProgress) -> None:
    """Encrypt all stored values with the current key; where `vault.key` holds the keys, with a new one.

    Raises:
        ConfigurationError: the keys do not open the vault.
    """
    async with migrated_database(settings, report) as database:
        key_rotation = KeyRotation(database, await open_cipher(database, load_vault_keys(settings)))
        if not settings.vault_key and not await key_rotation.users_to_reencrypt(1):
            await asyncio.to_thread(add_key, settings.data_dir / "vault.key")
            key_rotation.cipher.reload_keys()
        report(f"{await rotation.rotate(key_rotation, report)} values were encrypted with the current key")


async def seed_database(settings: Settings, report: ReportProgress) -> None:
    """Give the demo user rows and notes, in the configured database or in the embedded one."""
    async with migrated_database(settings, report) as database:
        embeddings = EmbeddingStore(database, build_embedder(settings), build_token_counter(settings))
        await seed_demo(database, embeddings, report)


@asynccontextmanager
async def migrated_database(settings: Settings, report: ReportProgress) -> AsyncIterator[Database]:
    """A small pool on the configured or embedded database.

    Raises:
        ConfigurationError: a migration is missing.
    """
    async with open_database(settings, report) as urls, Database.open(urls.server, size=POOL_SIZE) as database:
        await check_migrations(database)
        yield database


async def seed_demo(database: Database, embeddings: EmbeddingStore, report: ReportProgress) -> None:
    """Give the demo user a year of rows and a few notes, unless it has them."""
    async with database.transaction(DEMO_USER) as connection:
        seeded = await seed(connection, DEMO_USER, datetime.now(UTC).date())
    if not seeded:
        return
    report("seeding a demo user with a year of transactions")
    notes = yaml.safe_load(DEMO_NOTES.read_text("utf-8"))
    try:
        await embeddings.upsert(
            DEMO_USER, [SourceText(f"note:{note['title']}", note["title"], note["text"]) for note in notes]
        )
    except ModelUnavailable:
        report("the demo user has no notes: the provider of embeddings cannot be reached")
