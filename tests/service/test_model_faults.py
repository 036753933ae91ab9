"""When the model fails: a typed error within the deadline, the question kept, the session usable."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.fakes.scripted_model import ScriptedModel
from tests.service.conftest import Client, Server, running

FAULTS = {
    "[[status 500]]": "model_unavailable",
    "[[status 503]]": "model_unavailable",
    "[[status 429]]": "model_unavailable",
    "[[status 400]]": "model_refused",
    "[[status 401]]": "model_refused",
    "[[hang]]": "model_timeout",
    "[[cut]] [[say it began]]": "model_unavailable",
    "[[break]] [[say it began]]": "model_unavailable",
    "[[silent]]": "model_error",
}
DEADLINE = 4.0
"""Seconds: the fixture gives the first token two, and an attempt may be made again."""
each_fault = pytest.mark.parametrize("order", FAULTS)


def stored(server: Server, session: str) -> list[tuple[str, str]]:
    rows = server.sql("select role, content from chat_messages where session_id = %s order by position", session)
    return [(row["role"], row["content"]) for row in rows]


@each_fault
def test_a_fault_of_the_model_ends_the_stream_with_a_typed_error_in_time(order: str, scripted_user: Client) -> None:
    began = time.monotonic()
    last = scripted_user.ask(order).last
    assert time.monotonic() - began < DEADLINE
    assert last.keys() == {"type", "code", "error"}
    assert (last["type"], last["code"]) == ("error", FAULTS[order])
    assert "your message is kept" in last["error"]


@each_fault
def test_after_a_fault_the_question_is_kept_and_the_session_goes_on(
    order: str, scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    failed = scripted_user.ask(f"{order} willow")
    word = f"hazel after {order[2:-2]}"
    answer = scripted_user.ask(word, session_id=failed.session)
    [request] = scripted_model.asked(word)
    partial = [("assistant", "it began")] if "began" in order else []
    assert stored(scripted, failed.session) == [
        ("user", f"{order} willow"),
        *partial,
        ("user", word),
        ("assistant", word),
    ]
    assert request["messages"][1] == {"role": "user", "content": f"{order} willow"}
    assert answer.last["status"] == "complete"


@pytest.mark.parametrize("order", ["[[status 500]]", "[[hang]]", "[[silent]]", "[[status 400]]"])
def test_without_streaming_the_same_fault_is_a_status(order: str, scripted_user: Client) -> None:
    response = scripted_user.post("/api/chat", json={"message": order, "stream": False})
    assert response.status_code == 502
    assert response.json()["error"]["code"] == FAULTS[order]
    assert response.json().keys() == {"error"}


def test_a_failed_run_says_so_in_its_row_its_message_and_the_usage_log(scripted: Server, scripted_user: Client) -> None:
    failed = scripted_user.ask("[[status 500]]")
    [run] = scripted.sql("select status, error_code, sealed_input from chat_runs where id = %s", failed.run)
    [usage] = scripted.sql("select success, error_message from chat_usage_log where run_id = %s", failed.run)
    [message] = scripted.sql("select metadata from chat_messages where run_id = %s", failed.run)
    assert run == {"status": "failed", "error_code": "model_unavailable", "sealed_input": None}
    assert usage == {"success": False, "error_message": "model_unavailable"}
    assert message["metadata"] == {"status": "failed", "error": "model_unavailable"}


def test_a_failed_run_streams_the_same_error_again(scripted_user: Client) -> None:
    failed = scripted_user.ask("[[cut]] [[say it began]]")
    assert scripted_user.follow(failed.run).frames == failed.frames


def test_a_fault_after_a_tools_result_keeps_the_call_and_its_result(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    failed = scripted_user.ask("[[call account_balances_query {}]] [[then cut]] alder one")
    scripted_user.ask("alder two", session_id=failed.session)
    [request] = scripted_model.asked("alder two")
    roles = [said["role"] for said in request["messages"]]
    assert failed.last["code"] == "model_unavailable"
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert request["messages"][3]["tool_call_id"] == request["messages"][2]["tool_calls"][0]["id"]


def test_an_answer_that_is_slow_but_begins_in_time_is_not_cut(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[slow 0.9]] [[say one two three]]")
    assert answer.text == "one two three"
    assert answer.last["status"] == "complete"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model's port is closed."""
    environment = {"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port()}/v1"}
    with running(tmp_path_factory.mktemp("alone") / "data", environment) as started:
        yield started


def test_a_model_that_cannot_be_reached_is_a_typed_error_in_time_and_the_question_is_kept(alone: Server) -> None:
    with alone.client() as client:
        began = time.monotonic()
        failed = client.ask("Is anybody there?")
        again = client.ask("And now?", session_id=failed.session)
        whole = client.post("/api/chat", json={"message": "Hello", "stream": False})
        assert time.monotonic() - began < 3 * DEADLINE
        messages = client.get(f"/api/sessions/{failed.session}/messages").json()["items"]
    assert (failed.last["type"], failed.last["code"]) == ("error", "model_unavailable")
    assert again.last["code"] == "model_unavailable"
    assert (whole.status_code, whole.json()["error"]["code"]) == (502, "model_unavailable")
    assert [message["content"] for message in messages] == ["Is anybody there?", "And now?"]
