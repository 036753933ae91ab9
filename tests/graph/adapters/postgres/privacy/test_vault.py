"""The vault in Postgres."""

import itertools
from uuid import uuid4

import pytest

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy import vault as vault_module
from graph.adapters.postgres.privacy.vault import MAX_ATTEMPTS, PostgresVault
from graph.errors import ConfigurationError, RedactionFailed
from graph.ports.redaction import PersonalValue
from tests.graph.ports.vault_contract import ANA, CARD, VaultContract
from tests.support.database import Sql


@pytest.fixture
def vault(database: Database, cipher: VaultCipher) -> PostgresVault:
    return PostgresVault(database, cipher)


class TestPostgresVault(VaultContract):
    """Keeps the contract."""

    async def test_a_row_holds_the_value_encrypted(self, vault: PostgresVault, sql: Sql) -> None:
        user_id = str(uuid4())
        await vault.tokenize(user_id, {CARD, ANA})
        rows = sql("select * from pii_vault where user_id = %(user_id)s", user_id=user_id)
        assert {row["entity_type"] for row in rows} == {"CARD", "PERSON"}
        stored = b" ".join(bytes(row[name]) for row in rows for name in ("lookup", "ciphertext"))
        assert not any(value in stored for value in (b"4111", b"Ana", "Díaz".encode()))

    async def test_equal_values_of_two_users_have_unlike_rows(self, vault: PostgresVault, sql: Sql) -> None:
        owners = [str(uuid4()), str(uuid4())]
        for user_id in owners:
            await vault.tokenize(user_id, {CARD})
        rows = sql("select lookup, ciphertext from pii_vault where user_id = any(%(owners)s::uuid[])", owners=owners)
        assert len({bytes(row["lookup"]) for row in rows}) == 2
        assert len({bytes(row["ciphertext"]) for row in rows}) == 2

    async def test_another_key_does_not_decrypt_a_value(self, vault: PostgresVault, database: Database) -> None:
        user_id = str(uuid4())
        token = (await vault.tokenize(user_id, {CARD}))[CARD]
        with pytest.raises(ConfigurationError, match="VAULT_KEY"):
            await PostgresVault(database, VaultCipher(b"x" * 32)).detokenize(user_id, {token})

    async def test_a_ciphertext_moved_to_another_token_does_not_decrypt(self, vault: PostgresVault, sql: Sql) -> None:
        user_id = str(uuid4())
        issued = await vault.tokenize(user_id, {CARD, ANA})
        sql(
            "update pii_vault v set ciphertext = o.ciphertext from pii_vault o "
            "where v.user_id = %(user_id)s and v.token = %(to)s and o.user_id = %(user_id)s and o.token = %(source)s",
            user_id=user_id,
            to=issued[ANA],
            source=issued[CARD],
        )
        with pytest.raises(ConfigurationError):
            await vault.detokenize(user_id, {issued[ANA]})

    async def test_a_token_that_the_user_has_already_is_drawn_again(
        self, vault: PostgresVault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn = itertools.chain(["[CARD_AAAAAA]", "[CARD_AAAAAA]", "[CARD_BBBBBB]"])
        monkeypatch.setattr(vault_module, "new_token", lambda kind: next(drawn))
        user_id, other = str(uuid4()), PersonalValue("CARD", "5500005555555559", "5500 0055 5555 5559")
        assert await vault.tokenize(user_id, {CARD}) == {CARD: "[CARD_AAAAAA]"}
        assert await vault.tokenize(user_id, {other}) == {other: "[CARD_BBBBBB]"}
        assert (await vault.detokenize(user_id, {"[CARD_AAAAAA]"}))["[CARD_AAAAAA]"] == CARD.text

    async def test_tokens_that_never_differ_are_an_error_and_not_a_loop(
        self, vault: PostgresVault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[str] = []

        def draw(kind: str) -> str:
            drawn.append(kind)
            return "[CARD_AAAAAA]"

        monkeypatch.setattr(vault_module, "new_token", draw)
        user_id = str(uuid4())
        await vault.tokenize(user_id, {CARD})
        with pytest.raises(RedactionFailed):
            await vault.tokenize(user_id, {PersonalValue("CARD", "1", "1")})
        assert len(drawn) == 1 + MAX_ATTEMPTS

    async def test_two_users_may_have_the_same_token(
        self, vault: PostgresVault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(vault_module, "new_token", lambda kind: "[CARD_AAAAAA]")
        one, two = str(uuid4()), str(uuid4())
        await vault.tokenize(one, {CARD})
        await vault.tokenize(two, {PersonalValue("CARD", "5500005555555559", "5500 0055 5555 5559")})
        assert await vault.detokenize(one, {"[CARD_AAAAAA]"}) == {"[CARD_AAAAAA]": CARD.text}
        assert await vault.detokenize(two, {"[CARD_AAAAAA]"}) == {"[CARD_AAAAAA]": "5500 0055 5555 5559"}

    async def test_any_character_is_given_back(self, vault: PostgresVault) -> None:
        user_id, odd = str(uuid4()), PersonalValue("PERSON", "k", "Zoë \x00 \ud800 💶 \u200b'\"\\")
        token = (await vault.tokenize(user_id, {odd}))[odd]
        assert await vault.detokenize(user_id, {token}) == {token: odd.text}


async def test_what_is_remembered_of_a_user_says_when_the_newest_value_was_issued(
    vault: PostgresVault, database: Database
) -> None:
    user_id, session = str(uuid4()), str(uuid4())
    memory = PostgresMemory(database, "model")
    assert (await memory.load(user_id, session, "prime-boss")).newest_value_at is None
    await vault.tokenize(user_id, {CARD})
    until = (await vault.values_since(user_id, None)).until
    assert (await memory.load(user_id, session, "prime-boss")).newest_value_at == until is not None
