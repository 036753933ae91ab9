"""A user with a ledger on a real database."""

import uuid
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from graph.tool import ToolContext
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import TODAY, Ledger, UserRows


@pytest.fixture
def rows_of(database_url: str) -> Callable[[str], UserRows]:
    return lambda user_id: UserRows(database_url, user_id)


@pytest.fixture
def ledger(database_url: str) -> Ledger:
    return Ledger(database_url)


@pytest.fixture
def user() -> str:
    """A user whom no other test knows."""
    return str(uuid.uuid4())


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
def context(rows_of: Callable[[str], UserRows], user: str, files: FakeFiles) -> ToolContext:
    return ToolContext(rows_of(user), TODAY, files)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as opened:
        yield opened
