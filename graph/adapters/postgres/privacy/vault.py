"""The vault in Postgres (port `Vault`): encrypted values of one user each, found again by a keyed hash."""

import asyncio
import datetime as dt
import json
from collections.abc import Mapping, Set
from contextlib import suppress

from psycopg.errors import UniqueViolation

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection, Database, fetch_all
from graph.adapters.postgres.named_queries import adapter_queries
from graph.errors import RedactionFailed
from graph.ports.redaction import IssuedValues, PersonalValue
from graph.redaction.values.placeholders import new_token

QUERIES = adapter_queries("vault")

MAX_VALUES = 5_000
"""Values of a user that one read returns."""
DECRYPT_BATCH = 200
"""Values that are decrypted before the event loop runs other tasks: about 3 ms."""

MAX_ATTEMPTS = 5
"""Attempts to draw unused tokens. Tokens have 30 bits: a second attempt is rare, and needing a sixth means a fault."""


class PostgresVault:
    """Stores each value under a random token of its user."""

    def __init__(self, database: Database, cipher: VaultCipher) -> None:
        self.database = database
        self.cipher = cipher

    async def tokenize(self, user_id: str, secrets: Set[PersonalValue]) -> Mapping[PersonalValue, str]:
        lookups = {self.cipher.digest(user_id, secret.kind, secret.key): secret for secret in secrets}
        for _ in range(MAX_ATTEMPTS):
            with suppress(UniqueViolation):
                async with self.database.transaction(user_id) as connection:
                    return await self._tokenize(connection, user_id, lookups)
        raise RedactionFailed

    async def _tokenize(
        self, connection: Connection, user_id: str, lookups: Mapping[bytes, PersonalValue]
    ) -> Mapping[PersonalValue, str]:
        known = await self._tokens_of(connection, lookups)
        missing = {lookup: secret for lookup, secret in lookups.items() if secret not in known}
        if not missing:
            return known
        entries = [self._entry(user_id, lookup, secret) for lookup, secret in missing.items()]
        await connection.execute(QUERIES["insert_values"], {"entries": json.dumps(entries)})
        return await self._tokens_of(connection, lookups)

    async def _tokens_of(
        self, connection: Connection, lookups: Mapping[bytes, PersonalValue]
    ) -> Mapping[PersonalValue, str]:
        rows = await fetch_all(connection, QUERIES["tokens_of_values"], {"lookups": list(lookups)})
        return {lookups[bytes(row["lookup"])]: row["token"] for row in rows}

    def _entry(self, user_id: str, lookup: bytes, secret: PersonalValue) -> dict[str, str]:
        token = new_token(secret.kind)
        ciphertext = self.cipher.encrypt(secret.text.encode("utf-8", "surrogatepass"), f"{user_id}/{token}")
        return {"token": token, "entity_type": secret.kind, "lookup": lookup.hex(), "ciphertext": ciphertext.hex()}

    async def detokenize(self, user_id: str, tokens: Set[str]) -> Mapping[str, str]:
        async with self.database.transaction(user_id) as connection:
            rows = await fetch_all(connection, QUERIES["values_of_tokens"], {"tokens": list(tokens)})
        return {row["token"]: self._text(user_id, row["token"], bytes(row["ciphertext"])) for row in rows}

    async def values_since(self, user_id: str, since: dt.datetime | None) -> IssuedValues:
        rows = await self.database.fetch_all(user_id, QUERIES["values_since"], {"since": since, "limit": MAX_VALUES})
        secrets = []
        for number, row in enumerate(rows, 1):
            text = self._text(user_id, row["token"], bytes(row["ciphertext"]))
            secrets.append(PersonalValue.from_text(row["entity_type"], text))
            if number % DECRYPT_BATCH == 0:
                await asyncio.sleep(0)
        return IssuedValues(secrets, rows[0]["created_at"] if rows else since)

    def _text(self, user_id: str, token: str, ciphertext: bytes) -> str:
        return self.cipher.decrypt(ciphertext, f"{user_id}/{token}").decode("utf-8", "surrogatepass")
