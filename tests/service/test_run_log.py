"""The log of a run is kept for a time; after that its messages are what is left of it."""

from typing import Any

import psycopg
import pytest

from tests.support.clients import Answer, Client
from tests.support.servers import Server
from tests.support.waiting import wait_until


@pytest.fixture
def old(server: Server, user: Client) -> Answer:
    """A run of the user that ended so long ago that its log is forgotten."""
    answer = user.ask("What are my account balances?", client_message_id="long ago")
    server.sql("update chat_runs set finished_at = now() - interval '8 days' where id = %s", answer.run)
    with psycopg.connect(server.admin_url(), autocommit=True, options="-c search_path=jobs") as connection:
        connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name, priority, args) "
            "values ('default', 'drop_logs', 0, '{\"timestamp\": 0}')"
        )
    query = "select seq from chat_run_events where run_id = %s"
    wait_until(lambda: not server.sql(query, answer.run), failure="the log is still there")
    return answer


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_forgotten_log_is_gone_and_its_messages_are_still_in_the_history(old: Answer, user: Client) -> None:
    gone = user.get(f"/api/runs/{old.run}/events")
    resumed = user.get(f"/api/runs/{old.run}/events", headers={"Last-Event-ID": old.frames[2][0]})
    assert error_of(gone) == error_of(resumed) == (410, "log_dropped")
    items = user.get(f"/api/sessions/{old.session}/messages").json()["items"]
    assert (items[0]["role"], items[0]["content"]) == ("user", "What are my account balances?")
    assert (items[-1]["role"], items[-1]["content"]) == ("assistant", old.text)


def test_a_forgotten_log_of_somebody_else_does_not_exist(old: Answer, server: Server) -> None:
    with server.client() as stranger:
        assert error_of(stranger.get(f"/api/runs/{old.run}/events")) == (404, "not_found")


@pytest.mark.parametrize("stream", [True, False])
def test_the_same_key_after_the_log_was_forgotten_is_no_new_turn(stream: bool, old: Answer, user: Client) -> None:
    body = {"message": "What are my account balances?", "client_message_id": "long ago", "stream": stream}
    assert error_of(user.post("/api/chat", json=body)) == (410, "log_dropped")


def test_a_session_goes_on_after_its_logs_were_forgotten(old: Answer, user: Client) -> None:
    assert user.ask("And last month?", session_id=old.session).last["status"] == "complete"


def test_the_log_of_a_young_run_is_not_forgotten_with_the_old_ones(user: Client, old: Answer) -> None:
    young = user.ask("Hello")
    assert user.follow(young.run).frames == young.frames
