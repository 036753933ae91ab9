"""What changes something waits for its user's word on the exact arguments, and is done once, or not at all."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.clients import Answer, Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

COMMAND = ("tests.chaos.server",)


def environment(model: ScriptedModel) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": model.address,
        "RATE_LIMIT_PER_MINUTE": "1000",
        "LEASE_SECONDS": "2",
        "DEFAULT_EMPLOYEE_SLUG": "tester",
    }


@pytest.fixture(scope="module")
def tester_server(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server whose one employee notes what it is told."""
    data = tmp_path_factory.mktemp("tester_server") / "data"
    with running(data, environment(scripted_model), COMMAND) as server:
        yield server


@pytest.fixture
def tester(tester_server: Server) -> Iterator[Client]:
    with tester_server.client() as client:
        yield client


def order(*keys: str, then: str = "it is done") -> str:
    calls = " ".join(f"[[call note_effect {json.dumps({'key': key})}]]" for key in keys)
    return f"{calls} [[then say {then}]]"


def decide(user: Client, answer: Answer, number: int = 0, **body: Any) -> Any:
    asked = answer.of("approval_required")[number]
    return user.post(f"/api/runs/{answer.run}/approvals/{asked['approval_id']}", json={"decision": "approve", **body})


def noted(server: Server, user: Client) -> list[str]:
    return [row["name"] for row in server.sql("select name from goals where user_id = %s order by name", user.user)]


def key() -> str:
    return f"n{uuid4().int % 10**8}"


def test_a_call_that_changes_something_is_shown_and_waits(tester_server: Server, tester: Client) -> None:
    name = key()
    answer = tester.ask(order(name))
    [asked] = answer.of("approval_required")
    assert (asked["tool"], asked["args"]) == ("note_effect", {"key": name})
    assert answer.last["status"] == "waiting"
    assert answer.of("tool_result") == []
    assert noted(tester_server, tester) == []


def test_what_is_approved_is_done_once_and_the_stream_goes_on(tester_server: Server, tester: Client) -> None:
    name = key()
    answer = tester.ask(order(name))
    decided = decide(tester, answer)
    assert (decided.status_code, decided.json()["undecided"]) == (200, 0)
    rest = tester.follow(answer.run, answer.frames[-1][0])
    assert rest.events[0]["type"] == "tool_result"
    assert rest.text == "it is done"
    assert rest.last["status"] == "complete"
    assert noted(tester_server, tester) == [name]


def test_whoever_reads_the_stream_again_sees_one_answer_without_the_wait(tester: Client) -> None:
    answer = tester.ask(order(key()))
    decide(tester, answer)
    again = tester.follow(answer.run)
    assert [event["type"] for event in again.events if event["type"] != "text"] == [
        *("start", "tool_call", "approval_required", "tool_result", "done")
    ]
    assert again.last["status"] == "complete"


def test_what_is_rejected_is_not_done_and_the_employee_hears_why(
    tester_server: Server, tester: Client, scripted_model: ScriptedModel
) -> None:
    name = key()
    answer = tester.ask(order(name))
    decide(tester, answer, decision="reject", comment="not this month")
    rest = tester.follow(answer.run, answer.frames[-1][0])
    assert rest.of("tool_result")[0]["result"] == {
        "error": "the user rejected this call and said: not this month; nothing was changed"
    }
    assert rest.last["status"] == "complete"
    assert noted(tester_server, tester) == []


def test_an_edited_call_is_made_as_it_was_edited(tester_server: Server, tester: Client) -> None:
    first, second = key(), key()
    answer = tester.ask(order(first))
    assert decide(tester, answer, arguments={"key": second}).status_code == 200
    tester.follow(answer.run, answer.frames[-1][0])
    assert noted(tester_server, tester) == [second]


def test_arguments_that_the_tool_does_not_take_are_refused(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    assert decide(tester, answer, arguments={"amount": 3}).status_code == 422
    assert noted(tester_server, tester) == []


def test_several_calls_are_decided_one_by_one_and_none_is_made_before_all_are(
    tester_server: Server, tester: Client
) -> None:
    first, second = key(), key()
    answer = tester.ask(order(first, second))
    assert decide(tester, answer, 0).json()["undecided"] == 1
    time.sleep(0.3)
    assert noted(tester_server, tester) == []
    assert decide(tester, answer, 1, decision="reject").json()["undecided"] == 0
    rest = tester.follow(answer.run, answer.frames[-1][0])
    assert len(rest.of("tool_result")) == 2
    assert noted(tester_server, tester) == [first]


def test_a_decision_counts_once(tester: Client) -> None:
    answer = tester.ask(order(key()))
    assert decide(tester, answer, decision="reject").status_code == 200
    again = decide(tester, answer)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "approval_decided")


def test_nobody_else_can_decide_or_look(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    with tester_server.client() as stranger:
        foreign = decide(stranger, answer)
        unknown = stranger.post(f"/api/runs/{uuid4()}/approvals/{uuid4()}", json={"decision": "approve"})
        assert (foreign.status_code, foreign.json()) == (unknown.status_code, unknown.json())
        assert foreign.status_code == 404
        assert stranger.get(f"/api/runs/{answer.run}/approvals").status_code == 404
    assert noted(tester_server, tester) == []


def test_a_reloaded_page_finds_what_it_has_to_decide(tester: Client) -> None:
    name = key()
    answer = tester.ask(order(name))
    [active] = tester.get(f"/api/sessions/{answer.session}/runs/active").json()["items"]
    assert (active["run_id"], active["status"]) == (answer.run, "waiting")
    [asked] = tester.get(f"/api/runs/{answer.run}/approvals").json()["items"]
    assert (asked["args"], asked["status"]) == ({"key": name}, "pending")


def test_a_new_message_rejects_what_is_pending_and_is_answered(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    second = tester.ask("[[say something else]]", session_id=answer.session)
    assert (second.text, second.last["status"]) == ("something else", "complete")
    assert decide(tester, answer).status_code == 410
    first = tester.follow(answer.run)
    assert first.last["status"] == "stopped"
    said = tester.get(f"/api/sessions/{answer.session}/messages").json()["items"]
    assert [message["role"] for message in said] == ["user", "assistant", "tool", "user", "assistant"]
    assert noted(tester_server, tester) == []


def test_a_waiting_run_can_be_stopped(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    assert tester.post(f"/api/runs/{answer.run}/stop").status_code == 202
    rest = tester.follow(answer.run, answer.frames[-1][0])
    assert rest.last["status"] == "stopped"
    assert decide(tester, answer).status_code == 410
    assert noted(tester_server, tester) == []


def test_a_trusted_tool_does_not_ask_again_in_its_conversation(tester_server: Server, tester: Client) -> None:
    first, second, third = key(), key(), key()
    answer = tester.ask(order(first))
    assert decide(tester, answer, trust=True).status_code == 200
    tester.follow(answer.run, answer.frames[-1][0])
    again = tester.ask(order(second), session_id=answer.session)
    assert again.of("approval_required") == []
    assert again.last["status"] == "complete"
    elsewhere = tester.ask(order(third))
    assert elsewhere.last["status"] == "waiting"
    assert noted(tester_server, tester) == sorted([first, second])


def test_after_what_others_wrote_a_trusted_tool_asks_and_says_why(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    decide(tester, answer, trust=True)
    tester.follow(answer.run, answer.frames[-1][0])
    look = "[[call transactions_query {}]]"
    again = tester.ask(f"{look} [[then call note_effect {json.dumps({'key': key()})}]]", session_id=answer.session)
    [asked] = again.of("approval_required")
    assert "transactions_query" in asked["reason"]
    assert again.last["status"] == "waiting"


def test_what_others_wrote_is_not_forgotten_in_the_next_turn(tester_server: Server, tester: Client) -> None:
    answer = tester.ask(order(key()))
    decide(tester, answer, trust=True)
    tester.follow(answer.run, answer.frames[-1][0])
    tester.ask("[[call transactions_query {}]] [[then say seen]]", session_id=answer.session)
    again = tester.ask(order(key()), session_id=answer.session)
    [asked] = again.of("approval_required")
    assert "transactions_query" in asked["reason"]
    assert len(noted(tester_server, tester)) == 1


def approve_all(user: Client, answer: Answer) -> Answer:
    """What a run streams after all that it asks for was approved."""
    for number in range(len(answer.of("approval_required"))):
        decide(user, answer, number)
    return user.follow(answer.run, answer.frames[-1][0])


def test_an_approved_call_counts_once_against_its_limit(tester_server: Server, tester: Client) -> None:
    """Sixteen calls of a tool that may be called thirty times a minute."""
    names = [key() for _ in range(16)]
    for some in (names[:8], names[8:]):
        rest = approve_all(tester, tester.ask(order(*some)))
        assert [list(event["result"]) for event in rest.of("tool_result")] == [["noted"]] * len(some)
    assert noted(tester_server, tester) == sorted(names)


def test_a_run_that_waits_twice_streams_nothing_twice(tester_server: Server, tester: Client) -> None:
    first, second = key(), key()
    calls = [f"call note_effect {json.dumps({'key': name})}" for name in (first, second)]
    is_waiting = tester.ask(f"[[{calls[0]}]] [[rounds 2 {calls[1].removeprefix('call ')}]]")
    assert len(is_waiting.of("approval_required")) == 2
    waits_again = approve_all(tester, is_waiting)
    assert waits_again.last["status"] == "waiting"
    rest = approve_all(tester, waits_again)
    told = [*is_waiting.events, *waits_again.events, *rest.events]
    kinds = [event["type"] for event in told if event["type"] not in ("start", "text", "done")]
    assert "restart" not in kinds
    assert kinds == [
        *["tool_call"] * 2,
        *["approval_required"] * 2,
        *["tool_result"] * 2,
        *("tool_call", "approval_required", "tool_result"),
    ]


def test_json_answers_say_that_they_wait(tester: Client) -> None:
    body = {"message": order(key()), "stream": False}
    answer = tester.post("/api/chat", json=body).json()
    assert answer["status"] == "waiting"
    assert [asked["tool"] for asked in answer["approvals"]] == ["note_effect"]


def test_a_wait_survives_the_death_of_the_server(tmp_path: Path, scripted_model: ScriptedModel) -> None:
    data, user, name = tmp_path / "data", str(uuid4()), key()
    with running(data, environment(scripted_model), COMMAND) as server, server.client(user) as client:
        answer = client.ask(order(name))
        server.stop(signal.SIGKILL)
    with running(data, environment(scripted_model), COMMAND) as server, server.client(user) as client:
        assert decide(client, answer).status_code == 200
        rest = client.follow(answer.run, answer.frames[-1][0])
        assert (rest.text, rest.last["status"]) == ("it is done", "complete")
        assert noted(server, client) == [name]
