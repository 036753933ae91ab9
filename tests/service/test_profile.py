"""What a user has said is used where a question does not say it, and asked for once where it is missing."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server

QUESTION = "Which currency is it in, for example USD or EUR?"


def goal(name: str) -> str:
    return f"CALL:create_goal:{json.dumps({'name': name, 'target_amount': '3000'})}"


def test_a_new_users_goal_asks_for_the_currency_and_the_answer_completes_it(user: Client) -> None:
    asked = user.ask(goal("Trip"), employee_slug="goalie-ai")
    assert (asked.text, asked.of("approval_required")) == (QUESTION, [])
    answered = user.ask("In euros, please", session_id=asked.session)
    [proposed] = answered.of("approval_required")
    assert proposed["args"] == {"name": "Trip", "target_amount": "3000", "currency": "EUR"}
    place = f"/api/runs/{answered.run}/approvals/{proposed['approval_id']}"
    assert user.post(place, json={"decision": "approve"}).status_code == 200
    assert user.follow(answered.run).last["status"] == "complete"
    [second] = user.ask(goal("Boat"), session_id=asked.session).of("approval_required")
    assert second["preview"]["changes"][0]["after"]["currency"] == "EUR"


def test_a_goal_is_proposed_in_the_currency_of_the_profile(user: Client) -> None:
    assert user.patch("/api/me", json={"currency": "chf"}).json()["currency"] == "CHF"
    [proposed] = user.ask(goal("Trip"), employee_slug="goalie-ai").of("approval_required")
    assert proposed["preview"]["changes"][0]["after"]["currency"] == "CHF"


def test_what_is_approved_is_done_in_the_currency_that_was_shown(user: Client, server: Server) -> None:
    user.patch("/api/me", json={"currency": "CHF"})
    answer = user.ask(goal("Trip"), employee_slug="goalie-ai")
    user.patch("/api/me", json={"currency": "EUR"})
    [proposed] = answer.of("approval_required")
    user.post(f"/api/runs/{answer.run}/approvals/{proposed['approval_id']}", json={"decision": "approve"})
    assert user.follow(answer.run).last["status"] == "complete"
    assert server.sql("select currency from goals where user_id = %s", user.user) == [{"currency": "CHF"}]


@pytest.mark.parametrize("field", ["time_zone", "timeZone"])
def test_the_time_zone_of_a_client_is_stored_once(user: Client, field: str) -> None:
    user.ask("hello", **{field: "Pacific/Auckland"})
    user.ask("hello", **{field: "Europe/Oslo"})
    assert user.get("/api/me").json()["time_zone"] == "Pacific/Auckland"


def test_a_time_zone_that_does_not_exist_is_refused(user: Client) -> None:
    answer = user.post("/api/chat", json={"message": "hello", "time_zone": "Mars/Olympus"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_the_model_reads_the_day_of_the_users_zone_and_a_placeholder_for_the_name(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    scripted_user.patch("/api/me", json={"name": "Quarterdeck", "time_zone": "Pacific/Kiritimati"})
    before = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    scripted_user.ask("hello")
    system = scripted_model.requests[-1]["messages"][0]["content"]
    assert f"Today is {before}" in system
    assert "- Wants to be called [PERSON_" in system
    assert "Quarterdeck" not in json.dumps(scripted_model.requests)
    assert scripted_user.get("/api/me").json()["name"] == "Quarterdeck"
