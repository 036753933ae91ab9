"""Checkpoints behind a transaction pooler: each transaction may be served by another connection than the one before."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from uuid import uuid4

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from graph.adapters.postgres.database import Connection, Database
from graph.adapters.postgres.runs.buffered_checkpointer import BufferedCheckpointer
from graph.adapters.postgres.runs.checkpointer import UserCheckpointer
from graph.ports.runs import Run
from tests.support.checkpointer_contract import assert_conforms
from tests.support.transaction_pooler import TransactionPooler

SERVERS = 3
WRITERS = 12
ROUNDS = 8


@pytest.fixture
async def pooler(database_url: str, database: Database) -> AsyncIterator[TransactionPooler]:
    async with TransactionPooler.before(database_url, size=SERVERS) as started:
        yield started


@pytest.fixture
async def pooled(pooler: TransactionPooler) -> AsyncIterator[Database]:
    """The database behind the pooler, through a pool that is as `Database.open` makes it for one."""
    options = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": None}
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        pooler.address, connection_class=Connection, min_size=4, max_size=8, kwargs=options, open=False
    )
    async with pool:
        yield Database(pool)


async def test_the_checkpointer_passes_all_parts_of_the_conformance_suite(
    pooler: TransactionPooler, pooled: Database
) -> None:
    await assert_conforms(lambda: UserCheckpointer(pooled, str(uuid4())))
    assert len(pooler.served) > 100
    assert all(number != following for number, following in pairwise(pooler.served)), "each transaction, another server"


async def test_so_does_the_checkpointer_of_a_running_turn(pooled: Database, resumed: Run) -> None:
    await assert_conforms(lambda: BufferedCheckpointer(pooled, resumed))


async def test_writers_at_once_find_their_own_checkpoints_and_no_others(pooled: Database) -> None:
    async def write() -> None:
        checkpointer, thread = UserCheckpointer(pooled, str(uuid4())), str(uuid4())
        config = generate_config(thread)
        for number in range(ROUNDS):
            config = await put(checkpointer, config, number)
            found = await checkpointer.aget_tuple(generate_config(thread))
            assert found
            assert found.checkpoint["channel_values"] == {"plan": [number]}
            assert len([each async for each in checkpointer.alist(None)]) == number + 1

    await asyncio.gather(*(write() for _ in range(WRITERS)))


async def put(checkpointer: UserCheckpointer, config: RunnableConfig, number: int) -> RunnableConfig:
    checkpoint = generate_checkpoint(channel_values={"plan": [number]}, channel_versions={"plan": number})
    return await checkpointer.aput(config, checkpoint, generate_metadata(), {"plan": number})


async def test_the_pooler_forgets_prepared_statements_as_real_ones_do(pooler: TransactionPooler) -> None:
    async with await AsyncConnection.connect(pooler.address, autocommit=True, prepare_threshold=0) as connection:
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            await connection.execute("select 1")


async def test_the_pooler_hands_a_session_with_its_settings_to_the_next_client(pooler: TransactionPooler) -> None:
    async with await AsyncConnection.connect(pooler.address, autocommit=True, prepare_threshold=None) as connection:
        await connection.execute("select set_config('application_name', 'left behind', false)")
        names = [await (await connection.execute("show application_name")).fetchone() for _ in range(SERVERS)]
        assert names.count(("left behind",)) == 1
