"""Every request has an id, a bounded body, and a readable response, over a service whose parts fail or are not reached."""

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from opentelemetry.trace import get_current_span
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from graph.web.service import Health, Service
from graph.web.tracing import ContinueTrace
from server import MAX_BODY_BYTES, create_app

ORIGIN = "https://app.example"
CARD = "4111111111111111"
IDS = ["f81d4fae-7dec-41d0-a765-00a0c91e6bf6", "4bf92f3577b34da6a3ce929d0e0e4736"]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class BrokenVerifier:
    """A verifier with a fault in its code."""

    problem = ""

    async def verify(self, token: str) -> str:
        raise KeyError(token)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A page in a browser that calls a service whose sign-in fails."""

    async def ready() -> dict[str, bool]:
        return {"database": False}

    health = Health(readiness=ready, provider_faults=dict, unreachable_servers=(), rejected_tools=())
    service = SimpleNamespace(verifier=BrokenVerifier(), local_issuer=None, health=health)
    transport = httpx.ASGITransport(create_app(cast(Service, service), (ORIGIN,)), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://chat.example", headers={"Origin": ORIGIN}
    ) as opened:
        yield opened


async def test_the_response_to_an_unhandled_error_can_be_read_by_the_page(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answer = await client.get("/api/sessions", headers={"Authorization": f"Bearer {CARD}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert [line["event"] for line in lines] == ["unhandled_error", "request"]
    assert lines[0]["reason"].startswith("KeyError at test_middleware.py:")
    assert CARD not in json.dumps(lines)


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/api/chat", MAX_BODY_BYTES + 1, 413),
        ("GET", "/nowhere", 0, 404),
        ("PUT", "/health", 0, 405),
        ("GET", "/api/sessions", 0, 401),
        ("GET", "/ready", 0, 503),
    ],
)
async def test_the_response_to_a_refused_request_can_be_read_by_the_page(
    client: httpx.AsyncClient, method: str, path: str, size: int, status: int
) -> None:
    answer = await client.request(method, path, content=b"x" * size)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["X-Request-Id"]


async def test_a_body_with_two_declarations_of_its_length_is_refused_readably(client: httpx.AsyncClient) -> None:
    headers = {"Content-Length": "2", "Transfer-Encoding": "chunked"}
    answer = await client.post("/api/chat", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/ready", 503)])
async def test_health_and_readiness_answer_head_requests(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.head(path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"


async def test_readiness_says_why_users_cannot_sign_in(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "sign_in_problem" not in (await client.get("/ready")).json()
    monkeypatch.setattr(BrokenVerifier, "problem", "set SUPABASE_ISSUER")
    assert (await client.get("/ready")).json()["sign_in_problem"] == "set SUPABASE_ISSUER"


@pytest.mark.parametrize("sent", IDS)
async def test_a_random_id_of_a_client_becomes_the_request_id(client: httpx.AsyncClient, sent: str) -> None:
    answer = await client.get("/health", headers={"X-Request-Id": sent})
    assert answer.headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", [CARD, f"card-{CARD}", "123-45-6789", f"0000000000000000{CARD}"])
async def test_an_id_that_could_hold_a_value_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    answer = await client.get("/health", headers={"X-Request-Id": sent})
    assert len(answer.headers["X-Request-Id"]) == 32
    assert sent not in answer.headers["X-Request-Id"]


async def test_the_log_line_of_a_request_holds_nothing_that_the_client_sent(client: httpx.AsyncClient) -> None:
    names = ("X-Request-Id", "User-Agent", "Referer", "Idempotency-Key", "Last-Event-ID", "Authorization", "Cookie")
    headers = {name: f"{name}-{CARD}" for name in (*names, "traceparent", "tracestate", "X-Forwarded-For", "Accept")}
    with capture_logs() as lines:
        for method, path in (("GET", f"/health?card={CARD}"), ("GET", f"/{CARD}"), (CARD, "/health")):
            await client.request(method, path, headers=headers)
    assert [line["event"] for line in lines] == ["request"] * 3
    assert CARD not in json.dumps(lines)


@pytest.mark.parametrize(
    ("headers", "continued"),
    [
        ({"traceparent": f"00-{TRACE}-{PARENT}-01"}, True),
        ({"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": f"card={CARD}"}, True),
        ({"traceparent": f"00-{CARD}{CARD}-{PARENT}-01"}, False),
        ({"traceparent": f"00-{TRACE}-{CARD}-01"}, False),
        ({"traceparent": f"00-{b'4111111111111111'.hex()}-{PARENT}-01"}, False),
        ({"traceparent": CARD}, False),
        ({"tracestate": f"card={CARD}"}, False),
        ({}, False),
    ],
)
async def test_only_random_ids_continue_a_trace(headers: dict[str, str], continued: bool) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(get_current_span().get_span_context())

    sent = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def unused(*_: object) -> None:
        raise AssertionError

    await ContinueTrace(app)({"type": "http", "headers": sent}, cast(Receive, unused), cast(Send, unused))
    [context] = seen
    assert context.is_valid is continued
    assert CARD not in f"{context.trace_id:032x}{context.span_id:016x}{context.trace_state}"
