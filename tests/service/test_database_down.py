"""The database goes away and comes back; the server stays."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from graph.adapters.postgres.embedded import EmbeddedPostgres
from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server whose database is taken away."""
    environment = {"OPENAI_BASE_URL": scripted_model.address, "RATE_LIMIT_PER_MINUTE": "1000"}
    with running(tmp_path_factory.mktemp("frail") / "data", environment) as started:
        yield started


@pytest.fixture
def client(frail: Server) -> Iterator[Client]:
    with frail.client() as user:
        yield user


class Outage:
    """An end of the database, as sudden as a crash of it, and its return."""

    def __init__(self, server: Server) -> None:
        self.home: Path = server.data / "postgres"
        self.cluster = EmbeddedPostgres(self.home, lambda line: None)

    def __enter__(self) -> "Outage":
        pid = int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not (self.home / "data" / "postmaster.pid").exists())
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.start()
        self.cluster.stop()


@contextmanager
def full_disk(server: Server, table: str) -> Iterator[None]:
    """Postgres refuses new rows of a table, as it does when its disk is full."""
    server.sql(
        "create function no_space() returns trigger language plpgsql as "
        "$$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    )
    server.sql(f"create trigger no_space before insert on {table} execute function no_space()")
    try:
        yield
    finally:
        server.sql("drop function no_space cascade")


@pytest.mark.parametrize("stream", [True, False])
def test_without_a_database_a_message_is_refused_in_about_a_second(stream: bool, frail: Server, client: Client) -> None:
    with Outage(frail):
        began = time.monotonic()
        refused = client.post("/api/chat", json={"message": "Hello", "stream": stream})
        took = time.monotonic() - began
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert took < 1.8


def test_without_a_database_the_process_is_healthy_and_not_ready(frail: Server) -> None:
    with Outage(frail):
        health = httpx.get(f"{frail.address}/health")
        began = time.monotonic()
        ready = httpx.get(f"{frail.address}/ready")
        assert time.monotonic() - began < 2.5
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert ready.json()["database"] is False


@pytest.mark.parametrize("path", ["/api/sessions", "/api/usage", "/api/memory"])
def test_without_a_database_lists_are_refused_in_about_a_second(path: str, frail: Server, client: Client) -> None:
    with Outage(frail):
        began = time.monotonic()
        refused = client.get(path)
        assert time.monotonic() - began < 2.5
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")


def test_many_messages_without_a_database_are_all_refused_in_time(frail: Server, client: Client) -> None:
    with Outage(frail):
        began = time.monotonic()
        with ThreadPoolExecutor(30) as pool:
            refused = list(pool.map(lambda _: client.post("/api/chat", json={"message": "Hello"}), range(30)))
        assert time.monotonic() - began < 3.5
    assert {response.status_code for response in refused} == {503}


def test_when_the_database_is_back_the_next_message_is_answered(frail: Server, client: Client) -> None:
    session = client.ask("Hello").session
    with Outage(frail):
        client.post("/api/chat", json={"message": "Hello", "session_id": session})
    assert client.ask("Are you back?", session_id=session).last["status"] == "complete"
    assert httpx.get(f"{frail.address}/ready").status_code == 200


def test_after_a_longer_outage_the_next_message_is_answered(frail: Server, client: Client) -> None:
    """As long as it takes a pool to make longer pauses between its attempts than a message would wait."""
    session = client.ask("Hello").session
    with Outage(frail):
        for _ in range(3):
            assert client.post("/api/chat", json={"message": "Hello", "session_id": session}).status_code == 503
    assert client.ask("Are you back?", session_id=session).last["status"] == "complete"


def test_a_restart_of_the_database_between_two_messages_goes_unnoticed(frail: Server, client: Client) -> None:
    """However many connections were open before."""
    session = client.ask("Hello").session
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.get("/api/sessions"), range(40)))
    with Outage(frail):
        pass
    assert client.ask("Did you notice?", session_id=session).last["status"] == "complete"


def test_after_an_outage_jobs_are_worked_off_again(frail: Server, client: Client) -> None:
    with Outage(frail):
        pass
    session = client.ask("Hello").session
    for number in range(13):
        client.ask(f"Number {number}", session_id=session)
    query = "select session_id from chat_session_summaries where session_id = %s"
    wait_until(lambda: frail.sql(query, session), failure="the conversation has no summary")


def test_a_turn_during_which_the_database_restarts_is_answered_and_stored(frail: Server, client: Client) -> None:
    message = "[[slow 0.1]] [[say one two three four five six seven eight]]"
    with client.stream("POST", "/api/chat", json={"message": message}) as response:
        frames = events_of(response)
        seen = [next(frames) for _ in range(3)]
        with Outage(frail):
            pass
        answer = Answer([*seen, *frames])
    assert answer.text == "one two three four five six seven eight"
    assert answer.last["type"] == "done"
    assert client.follow(answer.run).frames == answer.frames


def test_after_a_failover_to_a_server_that_takes_no_writes_messages_are_refused_until_it_does(
    frail: Server, client: Client
) -> None:
    frail.sql("alter system set default_transaction_read_only = on")
    try:
        frail.sql("select pg_reload_conf()")
        time.sleep(0.2)
        refused = client.post("/api/chat", json={"message": "Hello"})
    finally:
        with psycopg.connect(frail.admin_url(), autocommit=True) as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute("alter system reset default_transaction_read_only")
            connection.execute("select pg_reload_conf()")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")
    time.sleep(0.2)
    assert client.ask("Are you back?").last["status"] == "complete"


def test_a_full_disk_refuses_messages_and_stores_nothing(frail: Server, client: Client) -> None:
    with full_disk(frail, "chat_runs"):
        refused = client.post("/api/chat", json={"message": "Hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")
    assert "extend file" not in refused.text
    assert frail.sql("select 1 from chat_sessions where user_id = %s", client.user) == []
    assert client.ask("Is there room?").last["status"] == "complete"


def test_a_turn_that_a_full_disk_keeps_from_being_stored_is_stored_whole_when_there_is_room(
    frail: Server, client: Client
) -> None:
    session = client.ask("Hello").session
    with (
        full_disk(frail, "chat_messages"),
        client.stream("POST", "/api/chat", json={"message": "[[say kept]]", "session_id": session}) as response,
    ):
        frames = events_of(response)
        seen = [next(frames) for _ in range(2)]
        time.sleep(1)
        stored = frail.sql("select role from chat_messages where session_id = %s", session)
        frail.sql("alter table chat_messages disable trigger no_space")
        answer = Answer([*seen, *frames])
    assert len(stored) == 2
    assert (answer.text, answer.last["status"]) == ("kept", "complete")
    messages = client.get(f"/api/sessions/{session}/messages").json()["items"]
    assert sorted(message["role"] for message in messages) == ["assistant", "assistant", "user", "user"]
