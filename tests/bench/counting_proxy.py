"""Counts the round trips between a service and its database."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

PIECE = 65_536


class Exchange:
    """One connection: who spoke last."""

    def __init__(self) -> None:
        self.round_trips = 0
        self._asked = False

    def client_spoke(self) -> None:
        """What a client sends before it hears an answer belongs to one trip, however many statements it holds."""
        if not self._asked:
            self.round_trips += 1
        self._asked = True

    def server_spoke(self) -> None:
        self._asked = False


class CountingProxy:
    """Listens on a free port of loopback and passes all bytes on to another port of it."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._exchanges: list[Exchange] = []
        self._links: set[asyncio.Task[None]] = set()

    @property
    def round_trips(self) -> int:
        """How often the direction turned from client to server, in all connections so far."""
        return sum(exchange.round_trips for exchange in self._exchanges)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _connect(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(from_client, to_client))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        exchange = Exchange()
        self._exchanges.append(exchange)
        await asyncio.gather(
            forward(from_client, to_server, exchange.client_spoke),
            forward(from_server, to_client, exchange.server_spoke),
        )


async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter, note: Callable[[], None]) -> None:
    """Pass bytes on until one side closes."""
    try:
        while piece := await source.read(PIECE):
            note()
            target.write(piece)
            await target.drain()
    except ConnectionError:
        return
    finally:
        target.close()
        with suppress(ConnectionError):
            await target.wait_closed()
