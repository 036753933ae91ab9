"""All encrypted columns of the database, and their rotation to another key."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph.adapters.crypto.cipher import KEY_BYTES, VaultCipher
from graph.adapters.postgres.database import Database, fetch_one
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import ConfigurationError

QUERIES = adapter_queries("key_rotation")

HASH_KEY_CONTEXT = "hash key"
"""The encryption context of the key of the keyed hashes."""


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column that holds ciphertexts."""

    name: str
    """Part of the names of its queries: `outdated_<name>` and `reencrypt_<name>`."""
    context: str
    """The encryption context of a value."""
    batch_size: int


ENCRYPTED_COLUMNS = (
    EncryptedColumn("vault", "{user_id}/{id}", 500),
    EncryptedColumn("inputs", "{user_id}/{id}", 100),
    EncryptedColumn("files", "file/{user_id}/{id}", 1),
)


@dataclass(frozen=True, slots=True)
class RotationResult:
    """The values of one user after a rotation."""

    values: int
    """Values that the current key encrypts now."""
    lost: int
    """Values that no configured key decrypts."""


class KeyRotation:
    """Encrypts stored values with the current key, one user at a time, while the values are in use."""

    def __init__(self, database: Database, cipher: VaultCipher) -> None:
        self.database = database
        self.cipher = cipher

    async def users_to_reencrypt(self, max_rows: int) -> list[str]:
        """Users with values that another key than the current one encrypted."""
        async with self.database.system_transaction() as connection:
            cursor = await connection.execute(
                QUERIES["users_to_reencrypt"], {"current": self.cipher.key_prefix, "max_rows": max_rows}
            )
            return [str(row["user_id"]) for row in await cursor.fetchall()]

    async def reencrypt(self, user_id: str) -> RotationResult:
        """Encrypt all values of a user with the current key. Values that no configured key decrypts stay as they are.

        Raises:
            DatabaseUnavailable: the remaining values are still outdated.
        """
        results = [await self._reencrypt_column(column, user_id) for column in ENCRYPTED_COLUMNS]
        return RotationResult(sum(result.values for result in results), sum(result.lost for result in results))

    async def _reencrypt_column(self, column: EncryptedColumn, user_id: str) -> RotationResult:
        values, lost, after = 0, 0, ""
        while rows := await self._outdated_rows(column, user_id, after):
            entries = await asyncio.to_thread(self._reencrypt_rows, column, user_id, rows)
            if entries:
                async with self.database.transaction(user_id) as connection:
                    await connection.execute(QUERIES[f"reencrypt_{column.name}"], {"entries": json.dumps(entries)})
            values, lost, after = values + len(entries), lost + len(rows) - len(entries), rows[-1]["id"]
        return RotationResult(values, lost)

    async def _outdated_rows(self, column: EncryptedColumn, user_id: str, after: str) -> list[dict[str, Any]]:
        values = {"current": self.cipher.key_prefix, "after": after, "max_rows": column.batch_size}
        return await self.database.fetch_all(user_id, QUERIES[f"outdated_{column.name}"], values)

    def _reencrypt_rows(
        self, column: EncryptedColumn, user_id: str, rows: Sequence[dict[str, Any]]
    ) -> list[dict[str, str]]:
        entries = []
        for row in rows:
            context, before = column.context.format(user_id=user_id, id=row["id"]), bytes(row["ciphertext"])
            try:
                ciphertext = self.cipher.encrypt(self.cipher.decrypt(before, context), context)
            except ConfigurationError:
                continue
            entries.append({"id": row["id"], "before": before.hex(), "ciphertext": ciphertext.hex()})
        return entries

    async def reencrypt_hash_key(self) -> None:
        """Encrypt the key of the keyed hashes with the current key."""
        async with self.database.system_transaction() as connection:
            row = await fetch_one(connection, QUERIES["hash_key"], {})
            if row and not bytes(row["ciphertext"]).startswith(self.cipher.key_prefix):
                before = bytes(row["ciphertext"])
                ciphertext = self.cipher.encrypt(self.cipher.decrypt(before, HASH_KEY_CONTEXT), HASH_KEY_CONTEXT)
                await connection.execute(QUERIES["reencrypt_hash_key"], {"ciphertext": ciphertext, "before": before})


async def load_hash_key(database: Database, cipher: VaultCipher) -> bytes:
    """The key of the keyed hashes. A new database gets a random one; a database with older values keeps the derived key."""
    async with database.system_transaction() as connection:
        row = await fetch_one(connection, QUERIES["hash_key"], {})
    if row is None:
        key = cipher.hash_key if await has_encrypted_values(database, cipher) else secrets.token_bytes(KEY_BYTES)
        async with database.system_transaction() as connection:
            await connection.execute(QUERIES["insert_hash_key"], {"ciphertext": cipher.encrypt(key, HASH_KEY_CONTEXT)})
            row = await fetch_one(connection, QUERIES["hash_key"], {})
    assert row is not None
    return cipher.decrypt(bytes(row["ciphertext"]), HASH_KEY_CONTEXT)


async def has_encrypted_values(database: Database, cipher: VaultCipher) -> bool:
    """Whether a database without a hash key holds encrypted values.

    Raises:
        ConfigurationError: the values do not decrypt.
    """
    async with database.system_transaction() as connection:
        row = await fetch_one(connection, QUERIES["users_to_reencrypt"], {"current": b"", "max_rows": 1})
    if row is None:
        return False
    user_id = str(row["user_id"])
    if value := await database.fetch_one(user_id, QUERIES["any_value"], {}):
        cipher.decrypt(bytes(value["ciphertext"]), f"{user_id}/{value['token']}")
    return True
