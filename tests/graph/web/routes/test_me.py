"""A user reads and changes the profile."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from graph.adapters.redaction.workers import InlineRedactor
from graph.testing.in_memory_storage import InMemoryProfiles
from graph.testing.in_memory_vault import InMemoryVault
from tests.support.fakes.ports import OWNER
from tests.support.web_client import web_client

EMPTY = {"name": None, "locale": None, "time_zone": None, "currency": None}


@pytest.fixture
def profiles() -> InMemoryProfiles:
    return InMemoryProfiles(InMemoryVault())


@pytest.fixture
async def client(profiles: InMemoryProfiles) -> AsyncIterator[httpx.AsyncClient]:
    async with web_client(OWNER, profiles=profiles, redactor=InlineRedactor(profiles.vault)) as opened:
        yield opened


async def test_a_new_user_has_said_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/me")
    assert (answer.status_code, answer.json()) == (200, EMPTY)


async def test_what_is_set_is_returned_in_its_usual_form(client: httpx.AsyncClient) -> None:
    body = {"name": " Ana  Díaz\n", "locale": "de-at", "timeZone": "Europe/Vienna", "currency": "eur"}
    expected = {"name": "Ana Díaz", "locale": "de-AT", "time_zone": "Europe/Vienna", "currency": "EUR"}
    assert (await client.patch("/api/me", json=body)).json() == expected
    assert (await client.patch("/api/me", json={})).json() == expected
    assert (await client.get("/api/me")).json() == expected
    assert (await client.patch("/api/me", json={"currency": None})).json() == {**expected, "currency": None}


async def test_the_name_is_stored_as_a_placeholder(client: httpx.AsyncClient, profiles: InMemoryProfiles) -> None:
    await client.patch("/api/me", json={"name": "Quarterdeck"})
    stored = (await profiles.read(OWNER)).name
    assert stored
    assert stored.startswith("[PERSON_")


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "…"},
        {"name": "a" * 81},
        {"locale": "en_GB"},
        {"time_zone": "Mars/Olympus"},
        {"currency": "XYZ"},
        {"currency": "XAU"},
        {"currency": "euro"},
        {"salary": "much"},
    ],
)
async def test_another_value_is_refused_and_changes_nothing(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.patch("/api/me", json={"locale": "de", **body})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert (await client.get("/api/me")).json() == EMPTY
