"""What a user can do beside talking: conversations, feedback, memory, usage; and what anybody may know."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, cast

import httpx
import jwt
import pytest

from employees.roster import read_roster
from graph.web.service import Service
from server import create_app
from tests.support.clients import Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import ROOT, Server
from tools.catalog import by_name

SUMMARY = {
    "id",
    "title",
    "employee_slug",
    "message_count",
    "token_count",
    "last_message_at",
    "created_at",
    "updated_at",
}


def pages(client: Client, path: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    """The items of a list, page by page."""
    cursor: str | None = None
    while True:
        page = client.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
        assert page.keys() == {"items", "next_cursor"}
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


# The list of sessions


def test_sessions_are_listed_the_latest_first(user: Client) -> None:
    asked = [user.ask(f"Hello {number}").session for number in range(3)]
    [items] = pages(user, "/api/sessions", 20)
    assert [item["id"] for item in items] == asked[::-1]
    assert items[0].keys() == SUMMARY
    assert items[0]["title"] == "Hello 2"
    assert items[0]["message_count"] == 2


def test_a_session_that_goes_on_moves_to_the_top(user: Client) -> None:
    first, second = user.ask("Hello").session, user.ask("Hello").session
    user.ask("Again", session_id=first)
    [items] = pages(user, "/api/sessions", 20)
    assert [item["id"] for item in items] == [first, second]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_of_sessions_hold_each_session_once(limit: int, server: Server, user: Client) -> None:
    asked = [user.ask("Hello").session for _ in range(5)]
    seen = list(pages(user, "/api/sessions", limit))
    assert [item["id"] for page in seen for item in page] == asked[::-1]
    assert {len(page) for page in seen[:-1]} <= {limit}


def test_sessions_of_the_same_moment_are_paged_too(server: Server, user: Client) -> None:
    for _ in range(3):
        user.ask("Hello")
    server.sql("alter table chat_sessions disable trigger touch")
    server.sql("update chat_sessions set updated_at = '2026-01-01' where user_id = %s", user.user)
    server.sql("alter table chat_sessions enable trigger touch")
    seen = [item["id"] for page in pages(user, "/api/sessions", 1) for item in page]
    assert len(seen) == len(set(seen)) == 3


def test_a_new_user_has_no_sessions(user: Client) -> None:
    assert user.get("/api/sessions").json() == {"items": [], "next_cursor": None}


# One session


def test_a_session_can_be_read_and_renamed(user: Client) -> None:
    session = user.ask("Hello").session
    assert user.get(f"/api/sessions/{session}").json()["title"] == "Hello"
    renamed = user.patch(f"/api/sessions/{session}", json={"title": "My plans"})
    assert (renamed.status_code, renamed.json()["title"]) == (200, "My plans")
    user.ask("Something else", session_id=session)
    assert user.get(f"/api/sessions/{session}").json()["title"] == "My plans"


def test_a_deleted_session_leaves_no_row_in_any_table(server: Server, user: Client) -> None:
    kept = user.ask("This stays").session
    session = user.ask("What are my balances?").session
    user.ask("And now?", session_id=session)
    before = rows_naming(server, session)
    assert user.delete(f"/api/sessions/{session}").status_code == 204
    assert {"chat_sessions", "chat_messages", "chat_runs", "checkpoints", "checkpoint_blobs"} <= set(before)
    assert rows_naming(server, session) == {}
    assert user.get(f"/api/sessions/{session}").status_code == 404
    assert user.get(f"/api/sessions/{session}/messages").status_code == 404
    assert rows_naming(server, kept)


def rows_naming(server: Server, session: str) -> dict[str, int]:
    """How many rows of each table hold the id of a session or of one of its runs, in whatever column."""
    tables = server.sql("select table_name as name from information_schema.tables where table_schema = 'public'")
    count = "select count(*) as rows from {} as t where t::text like %s"
    found = {row["name"]: server.sql(count.format(row["name"]), f"%{session}%")[0]["rows"] for row in tables}
    return {name: rows for name, rows in found.items() if rows}


def test_the_events_of_a_deleted_sessions_runs_are_gone(server: Server, user: Client) -> None:
    answer = user.ask("Hello")
    user.delete(f"/api/sessions/{answer.session}")
    assert server.sql("select seq from chat_run_events where run_id = %s", answer.run) == []
    assert user.get(f"/api/runs/{answer.run}/events").status_code == 404


def test_what_a_deleted_session_took_stays_in_the_usage(user: Client) -> None:
    answer = user.ask("Hello")
    user.delete(f"/api/sessions/{answer.session}")
    assert user.get("/api/usage").json()["items"][0]["total_tokens"] == answer.last["total_tokens"]


def test_a_session_that_is_answering_cannot_be_deleted(scripted_user: Client) -> None:
    with scripted_user.stream("POST", "/api/chat", json={"message": "[[slow 0.05]] one two three four"}) as response:
        frames = events_of(response)
        _, start = next(frames)
        refused = scripted_user.delete(f"/api/sessions/{start['session_id']}")
        list(frames)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_active")
    assert scripted_user.delete(f"/api/sessions/{start['session_id']}").status_code == 204


# Messages and feedback


def test_messages_come_oldest_first_with_calls_and_results(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[call account_balances_query {}]]")
    [items] = pages(scripted_user, f"/api/sessions/{answer.session}/messages", 50)
    assert [item["role"] for item in items] == ["user", "assistant", "tool", "assistant"]
    assert [item["employee_slug"] for item in items] == [None, "prime-boss", "prime-boss", "prime-boss"]
    call = items[1]["metadata"]["tool_calls"][0]
    assert call["name"] == "account_balances_query"
    assert items[2]["metadata"]["tool_call_id"] == call["id"]
    assert items[3]["content"] == answer.text
    assert items[3]["id"] == answer.last["message_id"]


@pytest.mark.parametrize("limit", [1, 3, 4, 8, 9])
def test_the_cursor_of_messages_leads_to_older_ones(limit: int, user: Client) -> None:
    session = user.ask("Number 0").session
    for number in range(1, 4):
        user.ask(f"Number {number}", session_id=session)
    newest_first = list(pages(user, f"/api/sessions/{session}/messages", limit))
    told = [item for page in reversed(newest_first) for item in page]
    assert [item["content"] for item in told if item["role"] == "user"] == [f"Number {number}" for number in range(4)]
    assert len(told) == len({item["id"] for item in told}) == 8


def test_feedback_is_kept_with_the_answer_and_the_last_word_counts(user: Client) -> None:
    answer = user.ask("Hello")
    path = f"/api/sessions/{answer.session}/messages"
    place = f"{path}/{answer.last['message_id']}/feedback"
    assert user.put(place, json={"type": "like"}).status_code == 204
    assert user.put(place, json={"type": "not_helpful", "comment": "Too short"}).status_code == 204
    told = user.get(path).json()["items"][-1]
    assert told["metadata"]["feedback"] == {"type": "not_helpful", "comment": "Too short"}


def test_feedback_is_for_answers_only(user: Client) -> None:
    answer = user.ask("Hello")
    question = user.get(f"/api/sessions/{answer.session}/messages").json()["items"][0]
    place = f"/api/sessions/{answer.session}/messages/{question['id']}/feedback"
    assert user.put(place, json={"type": "like"}).status_code == 404


# Usage


def test_usage_is_the_sum_of_the_log_for_each_employee_and_model(scripted: Server, scripted_user: Client) -> None:
    first = scripted_user.ask("[[call account_balances_query {}]]")
    scripted_user.ask("Again", session_id=first.session)
    scripted_user.ask("Hello", employee_slug="tag-ai")
    scripted_user.ask("[[status 500]]", employee_slug="tag-ai")
    items = {item["employee_slug"]: item for item in scripted_user.get("/api/usage").json()["items"]}
    log = scripted.sql("select * from chat_usage_log where user_id = %s", scripted_user.user)
    assert items.keys() == {"prime-boss", "tag-ai"}
    for slug, item in items.items():
        rows = [row for row in log if row["employee_slug"] == slug]
        assert item["turns"] == len(rows) == 2
        for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
            assert item[name] == sum(row[name] for row in rows)
        assert Decimal(item["cost"]) == sum(row["cost"] for row in rows)
        assert item["model"] == "gpt-4o-mini"
        assert isinstance(item["average_latency_ms"], int)
    assert (items["prime-boss"]["sessions"], items["tag-ai"]["sessions"]) == (1, 2)
    assert (items["prime-boss"]["failures"], items["tag-ai"]["failures"]) == (0, 1)


def test_usage_is_given_by_day_and_as_far_back_as_asked_for(server: Server, user: Client) -> None:
    user.ask("Hello")
    old = user.ask("Hello")
    server.sql("update chat_usage_log set created_at = created_at - interval '40 days' where run_id = %s", old.run)
    assert len(user.get("/api/usage").json()["items"]) == 1
    days = [item["day"] for item in user.get("/api/usage", params={"days": 60}).json()["items"]]
    assert len(days) == 2
    assert days == sorted(days, reverse=True)


def test_the_cost_of_nothing_is_written_as_a_plain_number(user: Client) -> None:
    user.ask("Hello")
    assert "E" not in user.get("/api/usage").json()["items"][0]["cost"]


# Employees


def test_every_employee_is_listed_without_the_prompt(user: Client) -> None:
    roster = read_roster(ROOT / "employees", by_name())
    items = user.get("/api/employees").json()["items"]
    assert [item["slug"] for item in items] == [employee.slug for employee in roster.all()]
    assert len(items) == 42
    assert items[0].keys() == {
        *("slug", "aliases", "name", "title", "emoji", "capabilities", "tools", "handoff_to", "examples", "version")
    }
    text = user.get("/api/employees").text
    assert not any(employee.prompt[:40] in text for employee in roster.all())


def test_an_employee_is_found_by_slug_and_by_alias(user: Client) -> None:
    by_slug = user.get("/api/employees/blitz-ai").json()
    assert by_slug["slug"] == "blitz-ai"
    assert {user.get(f"/api/employees/{alias}").json()["slug"] for alias in by_slug["aliases"]} == {"blitz-ai"}


# Memory


def test_a_fact_is_added_listed_and_forgotten(user: Client) -> None:
    added = user.post("/api/memory", json={"fact": "I save for a boat"})
    fact = added.json()
    assert (added.status_code, fact["scope"], fact["is_pinned"]) == (201, "global", True)
    assert [item["fact"] for item in user.get("/api/memory").json()["items"]] == ["I save for a boat"]
    assert user.delete(f"/api/memory/{fact['id']}").status_code == 204
    assert user.get("/api/memory").json()["items"] == []
    assert user.delete(f"/api/memory/{fact['id']}").status_code == 404


def test_the_same_fact_again_is_one_fact(user: Client) -> None:
    first = user.post("/api/memory", json={"fact": "I save for a boat"}).json()
    again = user.post("/api/memory", json={"fact": "I save for a boat", "isPinned": False}).json()
    assert again["id"] == first["id"]
    assert [item["is_pinned"] for item in user.get("/api/memory").json()["items"]] == [False]


def test_pinned_facts_reach_the_prompt_of_those_who_may_know_them(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    for fact in (
        {"fact": "likes thyme"},
        {"fact": "likes bracken", "scope": "tag"},
        {"fact": "likes gorse", "scope": "crystal-ai"},
        {"fact": "likes clover", "is_pinned": False},
    ):
        assert scripted_user.post("/api/memory", json=fact).status_code == 201
    scripted_user.ask("moorland", employee_slug="tag-ai")
    [request] = scripted_model.asked("moorland")
    system = request["messages"][0]["content"]
    assert ["likes thyme" in system, "likes bracken" in system] == [True, True]
    assert ["likes gorse" in system, "likes clover" in system] == [False, False]


def test_a_forgotten_fact_leaves_the_prompt(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    fact = scripted_user.post("/api/memory", json={"fact": "likes juniper"}).json()
    session = scripted_user.ask("heathland one").session
    scripted_user.delete(f"/api/memory/{fact['id']}")
    scripted_user.ask("heathland two", session_id=session)
    [first], [second] = scripted_model.asked("heathland one"), scripted_model.asked("heathland two")
    assert "likes juniper" in first["messages"][0]["content"]
    assert "likes juniper" not in second["messages"][0]["content"]


# Private values


def test_a_private_value_in_a_title_a_fact_and_a_comment_is_masked_at_rest_and_shown_to_its_owner(
    server: Server, user: Client
) -> None:
    address = f"{uuid.uuid4().hex[:8]}.owner@example.org"
    answer = user.ask("Hello")
    path = f"/api/sessions/{answer.session}"
    user.patch(path, json={"title": f"Mail {address}"})
    user.post("/api/memory", json={"fact": f"My mail is {address}"})
    user.put(f"{path}/messages/{answer.last['message_id']}/feedback", json={"type": "like", "comment": address})
    assert user.get(path).json()["title"] == f"Mail {address}"
    assert user.get("/api/memory").json()["items"][0]["fact"] == f"My mail is {address}"
    assert user.get(f"{path}/messages").json()["items"][-1]["metadata"]["feedback"]["comment"] == address
    for table in ("chat_sessions", "user_memory_facts", "chat_messages"):
        stored = server.sql(f"select t::text as row from {table} as t where user_id = %s", user.user)  # noqa: S608
        assert stored
        assert not any(address in row["row"] for row in stored)


# What anybody may know


def test_the_process_says_that_it_is_healthy_and_ready(server: Server) -> None:
    health, ready = httpx.get(f"{server.address}/health"), httpx.get(f"{server.address}/ready")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "database": True, "migrations": True, "models": True, "accepting": True},
    )


def test_without_a_migration_the_service_is_not_ready(server: Server) -> None:
    [taken] = server.sql(
        "delete from schema_migrations where name = (select max(name) from schema_migrations) returning *"
    )
    try:
        ready = httpx.get(f"{server.address}/ready")
    finally:
        names, places = ", ".join(taken), ", ".join(["%s"] * len(taken))
        server.sql(f"insert into schema_migrations ({names}) values ({places})", *taken.values())  # noqa: S608
    assert (ready.status_code, ready.json()["migrations"]) == (503, False)


def test_the_documentation_is_there(server: Server) -> None:
    page = httpx.get(f"{server.address}/docs")
    description = httpx.get(f"{server.address}/openapi.json").json()
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert {"/api/chat", "/api/sessions", "/api/runs/{run_id}/events", "/health"} <= description["paths"].keys()
    assert "text/event-stream" in description["paths"]["/api/chat"]["post"]["responses"]["200"]["content"]


def test_the_published_keys_verify_the_tokens(server: Server) -> None:
    document = httpx.get(f"{server.address}/auth/v1/.well-known/jwks.json").json()
    keys = jwt.PyJWKSet.from_dict(document)
    token = server.token("11111111-2222-4333-8444-555555555555")
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="authenticated")["role"] == "authenticated"
    assert "d" not in document["keys"][0]


@pytest.mark.parametrize(("origin", "allowed"), [("https://app.example", True), ("https://elsewhere.example", False)])
async def test_only_the_configured_origins_may_call_from_a_browser(origin: str, allowed: bool) -> None:
    app = create_app(cast(Service, None), ("https://app.example",))
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example") as client:
        asked = await client.options("/api/chat", headers=preflight)
        health = await client.get("/health", headers={"Origin": origin})
    assert (asked.status_code == 200) is allowed
    assert (health.headers.get("Access-Control-Allow-Origin") == origin) is allowed


def test_without_configured_origins_no_browser_is_let_in(server: Server) -> None:
    response = httpx.get(f"{server.address}/health", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_many_users_at_once_are_served_each_with_its_own(server: Server) -> None:
    def talk(number: int) -> bool:
        with server.client() as client:
            answer = client.ask(f"Hello from {number}")
            [item] = client.get("/api/sessions").json()["items"]
            return bool(item["id"] == answer.session and item["title"] == f"Hello from {number}")

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(talk, range(32)))
