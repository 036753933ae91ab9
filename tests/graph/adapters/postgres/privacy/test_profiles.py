"""Profiles in Postgres, which holds no name in clear."""

import pytest
from psycopg.errors import CheckViolation

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.profiles import PostgresProfiles
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.ports.redaction import Vault
from graph.ports.storage import Profiles
from tests.graph.ports.storage_contract import ProfilesContract
from tests.support.database import Sql


@pytest.fixture
def vault(database: Database, cipher: VaultCipher) -> Vault:
    return PostgresVault(database, cipher)


@pytest.fixture
def profiles(database: Database, vault: Vault) -> Profiles:
    return PostgresProfiles(database, vault)


class TestPostgresProfiles(ProfilesContract):
    """The adapter keeps the contract."""


async def test_a_row_holds_no_name_in_clear(profiles: Profiles, sql: Sql, user_id: str) -> None:
    profile = await profiles.update(user_id, {"name": "Quarterdeck"})
    [row] = sql("select * from profiles where user_id = %(user_id)s", user_id=user_id)
    assert row["name"] == profile.name
    assert "Quarterdeck" not in str(row)


def test_a_name_in_clear_is_refused(sql: Sql, user_id: str) -> None:
    with pytest.raises(CheckViolation):
        sql("insert into profiles (user_id, name) values (%(user_id)s, 'Quarterdeck')", user_id=user_id)
