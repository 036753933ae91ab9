"""A database that an operator runs is waited for; one that lets nobody in is not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from graph.adapters.postgres.await_database import await_database
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.errors import ConfigurationError

PASSWORD = "S3cret"


def silent(line: str) -> None:
    raise AssertionError(line)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def forwarding(port: int, address: str) -> AsyncIterator[None]:
    """The database of this address, also to be had on another port."""
    target = urlsplit(address)
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while piece := await reader.read(65_536):
            writer.write(piece)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(copy(reader, here), copy(there, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def test_a_database_that_is_there_is_not_waited_for(database_url: str) -> None:
    said: list[str] = []
    await await_database(database_url, "DATABASE_URL", said.append, seconds=0)
    assert said == []


async def test_a_database_that_comes_up_a_moment_later_is_waited_for(database_url: str, free_port: int) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    late = database_url.replace(f":{urlsplit(database_url).port}/", f":{free_port}/")
    waiting = asyncio.create_task(await_database(late, "DATABASE_URL", said.put_nowait, seconds=20))
    assert await said.get() == "waiting for the database of DATABASE_URL, for 20 s at most"
    async with forwarding(free_port, database_url):
        await waiting
    assert said.empty()


async def test_a_database_that_does_not_come_up_is_given_up(free_port: int) -> None:
    address = f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port}/chat"
    with pytest.raises(
        ConfigurationError, match=r"^The database of DATABASE_URL was not there within 0\.2 s"
    ) as refused:
        await await_database(address, "DATABASE_URL", lambda line: None, seconds=0.2)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("user", "database", "options", "message"),
    [
        (f"chat_server:{PASSWORD}", "chat", "", "^The database refuses the user or the password of DATABASE_URL"),
        ("chat_server", "chat", "", "^The database refuses the user or the password of DATABASE_URL"),
        (f"nobody:{PASSWORD}", "chat", "", "^The database refuses the user or the password of DATABASE_URL"),
        ("", "elsewhere", "", "^DATABASE_URL names a database that its server does not have"),
        ("", "chat", "?sslmode=require", "^The database and DATABASE_URL do not agree on encryption"),
        ("", "chat", "?sslmode=always", "^DATABASE_URL has an option that is not valid"),
        ("", "chat", "?options=-c%20nonsense%3D1", "^DATABASE_URL has an option that is not valid"),
    ],
)
async def test_a_database_that_lets_nobody_in_is_not_waited_for(
    database_url: str, user: str, database: str, options: str, message: str
) -> None:
    parts = urlsplit(database_url)
    user = user or f"{parts.username}:{parts.password}"
    address = f"postgresql://{user}@{parts.hostname}:{parts.port}/{database}{options}"
    with pytest.raises(ConfigurationError, match=message) as refused:
        await await_database(address, "DATABASE_URL", silent)
    assert PASSWORD not in str(refused.value)


async def test_a_role_that_may_not_sign_in_is_told_so(cluster: EmbeddedPostgres, admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"create role shut_out nologin password '{PASSWORD}'")
    try:
        with pytest.raises(ConfigurationError, match=r"^The database refuses the user"):
            await await_database(cluster.url("shut_out", PASSWORD), "DATABASE_URL", silent)
    finally:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute("drop role shut_out")
