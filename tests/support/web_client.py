"""Requests to the routes over parts in memory, without a server or a database."""

from types import SimpleNamespace
from typing import cast

import httpx

from graph.errors import Unauthenticated
from graph.web.service import Service
from server import create_app


class TokenIsUserId:
    """Accepts every token but an empty one, as the id of its user (port `TokenVerifier`)."""

    problem = ""

    async def is_available(self, wait_seconds: float = 0) -> bool:
        return True

    async def verify(self, token: str) -> str:
        if not token:
            raise Unauthenticated
        return token


def web_client(user_id: str, **parts: object) -> httpx.AsyncClient:
    """A client that is signed in as a user of a service that has only these parts."""
    service = SimpleNamespace(verifier=TokenIsUserId(), **parts)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(cast(Service, service))),
        base_url="http://chat.example",
        headers={"Authorization": f"Bearer {user_id}"},
    )
