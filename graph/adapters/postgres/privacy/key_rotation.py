"""Everything in the database that is sealed, and how it comes under another key."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph.adapters.crypto.cipher import KEY_BYTES, ReadKeys, Sealer
from graph.adapters.postgres.database import Database, fetch_one
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import ConfigurationError

QUERIES = adapter_queries("key_rotation")

HASH_KEY = "hash key"
"""What the key of the keyed hashes is sealed for."""

LOST = (
    "The vault does not open: neither VAULT_KEY nor VAULT_PREVIOUS_KEYS (or the keys in vault.key) is the key that sealed it. "
    "Set the right one: without it the values behind the tokens are lost."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A table that holds sealed values."""

    name: str
    """Of its queries: `outdated_<name>` and `reencrypt_<name>`."""
    context: str
    """What a value is sealed for."""
    most: int
    """Values that are opened at a time."""


PLACES = (
    Place("vault", "{user_id}/{id}", 500),
    Place("inputs", "{user_id}/{id}", 100),
    Place("files", "file/{user_id}/{id}", 1),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was done for one user."""

    values: int
    """That are under the current key now."""
    lost: int
    """That no key opens."""


class PostgresSeals:
    """Brings sealed values under the current key, one user at a time, while they are in use."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database = database
        self.sealer = sealer

    async def owners_due(self, most: int) -> list[str]:
        """Users who have values under another key than the current one."""
        async with self.database.system_transaction() as connection:
            cursor = await connection.execute(
                QUERIES["users_to_reencrypt"], {"current": self.sealer.prefix, "max_rows": most}
            )
            return [str(row["user_id"]) for row in await cursor.fetchall()]

    async def reseal(self, user_id: str) -> Resealed:
        """Bring all values of a user under the current key. What no key opens stays as it is.

        Raises:
            DatabaseUnavailable: the rest is still due.
        """
        done = [await self._reseal(place, user_id) for place in PLACES]
        return Resealed(sum(each.values for each in done), sum(each.lost for each in done))

    async def _reseal(self, place: Place, user_id: str) -> Resealed:
        values, lost, after = 0, 0, ""
        while rows := await self._due(place, user_id, after):
            entries = await asyncio.to_thread(self._under_current_key, place, user_id, rows)
            if entries:
                async with self.database.transaction(user_id) as connection:
                    await connection.execute(QUERIES[f"reencrypt_{place.name}"], {"entries": json.dumps(entries)})
            values, lost, after = values + len(entries), lost + len(rows) - len(entries), rows[-1]["id"]
        return Resealed(values, lost)

    async def _due(self, place: Place, user_id: str, after: str) -> list[dict[str, Any]]:
        values = {"current": self.sealer.prefix, "after": after, "max_rows": place.most}
        return await self.database.fetch_all(user_id, QUERIES[f"outdated_{place.name}"], values)

    def _under_current_key(self, place: Place, user_id: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
        entries = []
        for row in rows:
            context, before = place.context.format(user_id=user_id, id=row["id"]), bytes(row["ciphertext"])
            try:
                sealed = self.sealer.seal(self.sealer.unseal(before, context), context)
            except ConfigurationError:
                continue
            entries.append({"id": row["id"], "before": before.hex(), "ciphertext": sealed.hex()})
        return entries

    async def reseal_hash_key(self) -> None:
        """Bring the key of the keyed hashes under the current key."""
        async with self.database.system_transaction() as connection:
            row = await fetch_one(connection, QUERIES["hash_key"], {})
            if row and not bytes(row["ciphertext"]).startswith(self.sealer.prefix):
                before = bytes(row["ciphertext"])
                sealed = self.sealer.seal(self.sealer.unseal(before, HASH_KEY), HASH_KEY)
                await connection.execute(QUERIES["reencrypt_hash_key"], {"ciphertext": sealed, "before": before})


async def unlock(database: Database, read: ReadKeys) -> Sealer:
    """The sealer of a database: the configured keys, and the hash key that is kept there.

    Raises:
        ConfigurationError: the keys cannot be read, or are not those of this database.
    """
    keys = await asyncio.to_thread(read)
    sealer = Sealer(*keys, read=read)
    try:
        return Sealer(*keys, hash_key=await hash_key_of(database, sealer), read=read)
    except ConfigurationError as error:
        raise ConfigurationError(LOST) from error


async def hash_key_of(database: Database, sealer: Sealer) -> bytes:
    """The key of the keyed hashes; a new database gets one. One that is older has hashes under a key that was derived."""
    async with database.system_transaction() as connection:
        row = await fetch_one(connection, QUERIES["hash_key"], {})
    if row is None:
        key = sealer.hash_key if await was_used(database, sealer) else secrets.token_bytes(KEY_BYTES)
        async with database.system_transaction() as connection:
            await connection.execute(QUERIES["insert_hash_key"], {"ciphertext": sealer.seal(key, HASH_KEY)})
            row = await fetch_one(connection, QUERIES["hash_key"], {})
    assert row is not None
    return sealer.unseal(bytes(row["ciphertext"]), HASH_KEY)


async def was_used(database: Database, sealer: Sealer) -> bool:
    """Whether a database without a hash key holds values of before.

    Raises:
        ConfigurationError: they do not open.
    """
    async with database.system_transaction() as connection:
        due = await fetch_one(connection, QUERIES["users_to_reencrypt"], {"current": b"", "max_rows": 1})
    if due is None:
        return False
    user_id = str(due["user_id"])
    if row := await database.fetch_one(user_id, QUERIES["any_value"], {}):
        sealer.unseal(bytes(row["ciphertext"]), f"{user_id}/{row['token']}")
    return True
