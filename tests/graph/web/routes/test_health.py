"""Readiness names what does not work; the keys of a local issuer are public."""

from typing import Any

import pytest

from graph.web.routes.health import MAX_LISTED
from graph.web.service import Health
from tests.support.web_client import web_client


def health(*rejected_tools: str, faults: dict[str, str] | None = None, **states: bool) -> Health:
    async def readiness() -> dict[str, bool]:
        return states

    return Health(readiness, lambda: faults or {}, unreachable_servers=(), rejected_tools=rejected_tools)


async def ready(reported: Health) -> tuple[int, dict[str, Any]]:
    async with web_client("", health=reported) as client:
        response = await client.get("/ready")
    return response.status_code, response.json()


async def test_a_service_whose_parts_work_is_ready() -> None:
    assert await ready(health(database=True, models=True)) == (
        200,
        {"status": "ready", "database": True, "models": True},
    )


async def test_one_part_that_fails_makes_the_service_unready() -> None:
    status, body = await ready(health(database=True, models=False))
    assert (status, body["status"], body["models"]) == (503, "not ready", False)


async def test_a_provider_that_rejects_the_service_is_named_and_leaves_it_ready() -> None:
    status, body = await ready(health(faults={"chosen": "the key was rejected"}))
    assert (status, body["providers"]) == (200, "chosen: the key was rejected")


async def test_the_list_of_rejected_tools_is_bounded() -> None:
    _, body = await ready(health(*(f"tool {number}" for number in range(MAX_LISTED + 3))))
    assert body["mcp_left_out"].endswith(f"tool {MAX_LISTED - 1}; and 3 more")


class Issuer:
    """An issuer with one public key (port `PublicKeys`)."""

    async def keys(self) -> list[dict[str, Any]]:
        return [{"kid": "one"}]


@pytest.mark.parametrize(("issuer", "status"), [(Issuer(), 200), (None, 404)])
async def test_the_keys_of_a_local_issuer_are_public(issuer: Issuer | None, status: int) -> None:
    async with web_client("", local_issuer=issuer) as client:
        response = await client.get("/auth/v1/.well-known/jwks.json")
    assert response.status_code == status
    if issuer:
        assert response.json() == {"keys": [{"kid": "one"}]}
