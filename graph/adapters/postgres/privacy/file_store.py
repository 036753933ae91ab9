"""Encrypted files that tools create for a user (ports `Files` and `StoredFiles`)."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4, uuid5

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database, fetch_all
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import FileTooLarge, NotFound
from graph.ports.storage import StoredFile
from graph.retry import READ_DELAYS, retry_on_database_down

QUERIES = adapter_queries("files")

FILE_IDS = UUID("7d0a6f7e-5f0b-4f43-9c58-0a3c1d2b9e11")
"""The namespace of file ids that are derived from a call."""
MAX_BYTES = 10_000_000
"""Size limit of one file."""
MAX_DELETED = 500
"""Files of one deletion batch."""


class PostgresFiles:
    """The files of all users. A file is encrypted for its user and its id; an expired file does not exist."""

    def __init__(self, database: Database, cipher: VaultCipher) -> None:
        self.database = database
        self.cipher = cipher

    def of(self, user_id: str, call: str = "") -> "UserFiles":
        return UserFiles(self, user_id, call)

    async def store(self, user_id: str, name: str, media_type: str, content: bytes, call: str = "") -> str:
        """Store a file and return its id. It replaces a file of the same name from the same call.

        Raises:
            FileTooLarge: the content has more than `MAX_BYTES` bytes.
            DatabaseUnavailable: the database cannot be reached.
        """
        if len(content) > MAX_BYTES:
            raise FileTooLarge
        file_id = str(uuid5(FILE_IDS, f"{user_id}/{call}/{name}") if call else uuid4())
        ciphertext = await asyncio.to_thread(self.cipher.encrypt, content, context_of(user_id, file_id))
        values = {"id": file_id, "name": name, "media_type": media_type, "size": len(content), "ciphertext": ciphertext}
        await retry_on_database_down(lambda: self._insert(user_id, values), READ_DELAYS)
        return file_id

    async def _insert(self, user_id: str, values: dict[str, Any]) -> None:
        async with self.database.transaction(user_id) as connection:
            await connection.execute(QUERIES["store_file"], values)

    async def read(self, user_id: str, file_id: str) -> StoredFile:
        """Raises: NotFound."""
        row = await self.database.fetch_one(user_id, QUERIES["read_file"], {"file_id": file_id})
        if row is None:
            raise NotFound
        content = await asyncio.to_thread(
            self.cipher.decrypt, bytes(row["ciphertext"]), context_of(user_id, str(row["id"]))
        )
        return StoredFile(row["name"], row["media_type"], content)

    async def page(self, user_id: str, limit: int, before: tuple[str, str] | None) -> list[dict[str, Any]]:
        """A page of files without their contents, newest first, before a position (created_at, id)."""
        created_at, file_id = before or (None, None)
        values = {"limit": limit, "before": created_at, "before_id": file_id}
        return await self.database.fetch_all(user_id, QUERIES["list_files"], values)

    async def delete_expired(self) -> int:
        """Delete one batch of expired files of all users; returns their number."""
        async with self.database.system_transaction() as connection:
            rows = await fetch_all(connection, QUERIES["expired_files"], {"max_rows": MAX_DELETED})
        expired = defaultdict(list)
        for row in rows:
            expired[str(row["user_id"])].append(row["file_id"])
        for user_id, file_ids in expired.items():
            async with self.database.transaction(user_id) as connection:
                await connection.execute(QUERIES["delete_files"], {"file_ids": file_ids})
        return len(rows)


@dataclass(frozen=True, slots=True)
class UserFiles:
    """Stores the files of one user's tool call (port `Files`)."""

    files: PostgresFiles
    user_id: str
    call: str = ""
    """The run and the call; empty outside a run."""

    async def store(self, name: str, media_type: str, content: bytes) -> str:
        return await self.files.store(self.user_id, name, media_type, content, self.call)


def context_of(user_id: str, file_id: str) -> str:
    """The encryption context of a file: under another user or another id its ciphertext does not decrypt."""
    return f"file/{user_id}/{file_id}"
