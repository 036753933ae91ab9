"""An issuer's list of keys on loopback: it is there, late, broken or gone as it is told, and counts who asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass
class JwksServer:
    """Answers with its keys, unless it was told what else to do."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    """What it sends in place of its keys."""
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0
    """Seconds until it answers."""
    drip: float = 0
    """Seconds after each byte."""
    asked: int = 0
    address: str = ""

    @classmethod
    @asynccontextmanager
    async def serving(cls, *keys: dict[str, Any]) -> AsyncIterator[Self]:
        server = cls(list(keys))
        app = web.Application()
        app.router.add_get("/jwks.json", server.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.address = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
        try:
            yield server
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        await asyncio.sleep(self.wait)
        whole = web.json_response({"keys": self.keys}).body if self.body is None else self.body
        assert isinstance(whole, bytes)
        response = web.StreamResponse(status=self.status, headers=self.headers)
        await response.prepare(request)
        pieces = [whole[place : place + 1] for place in range(len(whole))] if self.drip else [whole]
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(self.drip)
        return response
