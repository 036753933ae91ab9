"""A transaction pooler in front of Postgres: each transaction of a client gets the server connection that has rested longest.

It speaks as much of the protocol as a client needs that comes with any password and without TLS. Like PgBouncer and Supabase's
pooler in transaction mode it cleans nothing up between transactions: what a client leaves in a session is met by others.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import psycopg
from psycopg import AsyncConnection

ENCRYPTION_REQUESTS = (80877103, 80877104)
AUTHENTICATED = b"R\x00\x00\x00\x08\x00\x00\x00\x00"
READY = b"Z\x00\x00\x00\x05I"
TOLD = (
    "server_version",
    "server_encoding",
    "client_encoding",
    "standard_conforming_strings",
    "integer_datetimes",
    "TimeZone",
)
"""The parameters of a session of which a client is told."""


@dataclass(frozen=True)
class Stream:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def message(self) -> bytes:
        """The next message: a letter, its length, its body."""
        head = await self.reader.readexactly(5)
        return head + await self.reader.readexactly(int.from_bytes(head[1:]) - 4)

    async def request(self) -> int:
        """What a client opens with; such a message has no letter."""
        length = int.from_bytes(await self.reader.readexactly(4))
        return int.from_bytes((await self.reader.readexactly(length - 4))[:4])


@dataclass(frozen=True)
class Server:
    """A connection to Postgres. psycopg opened it; its bytes are ours."""

    number: int
    stream: Stream
    greeting: bytes

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, number: int) -> AsyncIterator[Self]:
        async with await AsyncConnection.connect(address, autocommit=True) as connection:
            raw = socket.socket(fileno=os.dup(connection.pgconn.socket))
            stream = Stream(*await asyncio.open_connection(sock=raw))
            try:
                yield cls(number, stream, greeting(connection))
            finally:
                stream.writer.close()


def greeting(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> bytes:
    """What a client hears before its first question."""
    told = b""
    for name in TOLD:
        body = name.encode() + b"\0" + (connection.pgconn.parameter_status(name.encode()) or b"") + b"\0"
        told += b"S" + (len(body) + 4).to_bytes(4) + body
    return AUTHENTICATED + told + READY


@dataclass
class TransactionPooler:
    """Listens on a free port of loopback."""

    rested: "asyncio.Queue[Server]" = field(default_factory=asyncio.Queue)
    address: str = ""
    """Where its clients connect to."""
    greeting: bytes = b""
    served: list[int] = field(default_factory=list)
    """By which server connection each transaction was served."""

    @classmethod
    @asynccontextmanager
    async def before(cls, address: str, *, size: int) -> AsyncIterator[Self]:
        """A pooler of `size` connections to the database at an address."""
        pooler = cls()
        async with AsyncExitStack() as stack:
            for number in range(size):
                server = await stack.enter_async_context(Server.open(address, number))
                pooler.greeting = server.greeting
                pooler.rested.put_nowait(server)
            listener = await stack.enter_async_context(await asyncio.start_server(pooler._serve, "127.0.0.1", 0))
            parts = urlsplit(address)
            place = f"{parts.netloc.rpartition(':')[0]}:{listener.sockets[0].getsockname()[1]}"
            pooler.address = parts._replace(netloc=place).geturl()
            yield pooler

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Stream(reader, writer)
        while await client.request() in ENCRYPTION_REQUESTS:
            writer.write(b"N")
        writer.write(self.greeting)
        while (first := await client.message())[:1] != b"X":
            server = await self.rested.get()
            self.served.append(server.number)
            await exchange(first, client, server.stream)
            self.rested.put_nowait(server)
        writer.close()


async def exchange(first: bytes, client: Stream, server: Stream) -> None:
    """Pass messages on, in both directions, from a client's first one until all is answered and no transaction is open."""
    unanswered = 0

    async def ask() -> None:
        nonlocal unanswered
        message = first
        while True:
            unanswered += message[:1] in (b"S", b"Q")
            server.writer.write(message)
            message = await client.message()

    asking = asyncio.create_task(ask())
    try:
        while True:
            message = await server.message()
            client.writer.write(message)
            unanswered -= message[:1] == b"Z"
            if message == READY and not unanswered:
                return
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
