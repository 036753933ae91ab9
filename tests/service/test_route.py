"""Whom a question is for, over HTTP."""

import pytest

from tests.support.clients import Client
from tests.support.servers import Server


def test_a_message_is_ranked_over_all_employees_best_first(user: Client) -> None:
    items = user.post("/api/route", json={"message": "remind me to pay the rent"}).json()["items"]
    assert len(items) == len(user.get("/api/employees").json()["items"])
    assert items[0] == {**items[0], "slug": "chime-ai", "title": "Bill and payment reminders", "emoji": "🔔"}
    scores = [item["score"] for item in items]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("message", "code"), [("", "message_empty"), (" \n", "message_empty"), ("x" * 8001, "message_too_long")]
)
def test_a_message_that_could_not_be_sent_cannot_be_routed(user: Client, message: str, code: str) -> None:
    answer = user.post("/api/route", json={"message": message})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_routed_message_is_kept_nowhere(user: Client, server: Server) -> None:
    user.post("/api/route", json={"message": "whither goes the zyzzyva 4111 1111 1111 1111"})
    assert "zyzzyva" not in server.log.read_text()
    assert server.sql("select 1 from pii_vault where user_id = %s", user.user) == []
    assert user.get("/api/sessions").json()["items"] == []
