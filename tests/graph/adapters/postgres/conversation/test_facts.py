"""Facts in Postgres."""

import pytest

from graph.adapters.postgres.conversation.facts import PostgresFacts
from graph.adapters.postgres.database import Database
from graph.ports.storage import Facts
from tests.graph.ports.storage_contract import FactsContract


@pytest.fixture
def facts(database: Database) -> Facts:
    return PostgresFacts(database)


class TestPostgresFacts(FactsContract):
    """The adapter keeps the contract."""
