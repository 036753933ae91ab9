"""When the model fails: a typed error within the deadline, the question kept, the session usable."""

import re
import socket
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from graph.adapters.base.circuit_breaker import FAILURE_THRESHOLD
from graph.adapters.models.pricing import read_prices
from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

FAULTS = {
    "[[status 500]]": ("model_unavailable", 2),
    "[[status 503]]": ("model_unavailable", 2),
    "[[status 429]]": ("model_unavailable", 2),
    "[[status 429]] [[retry_after 60]]": ("model_unavailable", 1),
    "[[status 400]]": ("model_refused", 1),
    "[[status 401]]": ("model_refused", 1),
    "[[hang]]": ("model_timeout", 1),
    "[[cut]] [[silent]]": ("model_unavailable", 2),
    "[[cut]] [[say it began]]": ("model_unavailable", 1),
    "[[break]] [[say it began]]": ("model_unavailable", 1),
    "[[garbage]] [[say it began]]": ("model_unavailable", 1),
    "[[cut]] [[halves]] [[call account_balances_query {}]]": ("model_unavailable", 1),
    "[[end length]] [[call account_balances_query {}]]": ("model_error", 1),
    "[[end content_filter]] [[say it began]]": ("model_refused", 1),
    "[[silent]]": ("model_error", 1),
}
"""What goes wrong, the code of the error, and how often the provider is asked."""
DEADLINE = 4.0
"""Seconds: the fixture gives the first token two, a second attempt included."""
each_fault = pytest.mark.parametrize("order", FAULTS)


@pytest.fixture(autouse=True)
def well_again(scripted: Server) -> Iterator[None]:
    """Each test leaves a model behind that has answered: else its faults would open the breaker for the next."""
    yield
    with scripted.client() as client:
        assert client.ask("well again").text == "well again"


def stored(server: Server, session: str) -> list[tuple[str, str]]:
    rows = server.sql("select role, content from chat_messages where session_id = %s order by position", session)
    return [(row["role"], row["content"]) for row in rows]


@each_fault
def test_a_fault_of_the_model_ends_the_stream_with_a_typed_error_in_time(
    order: str, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    code, calls = FAULTS[order]
    began = time.monotonic()
    message = f"juniper {order} berries"
    answer = scripted_user.ask(message)
    last = answer.last
    assert time.monotonic() - began < DEADLINE
    assert last.keys() == {"type", "code", "error"}
    assert (last["type"], last["code"]) == ("error", code)
    assert "your message is kept" in last["error"]
    assert answer.of("tool_call") == []
    assert len(scripted_model.asked(message)) == calls


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
    assert response.json()["error"]["code"] == FAULTS[order][0]
    assert response.json().keys() == {"error"}


def test_a_failed_run_says_so_in_its_row_its_message_and_the_usage_log(scripted: Server, scripted_user: Client) -> None:
    failed = scripted_user.ask("[[status 500]]")
    [run] = scripted.sql("select status, error_code, encrypted_input from chat_runs where id = %s", failed.run)
    [usage] = scripted.sql("select success, error_message from chat_usage_log where run_id = %s", failed.run)
    [message] = scripted.sql("select metadata from chat_messages where run_id = %s", failed.run)
    assert run == {"status": "failed", "error_code": "model_unavailable", "encrypted_input": None}
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


def test_a_wait_that_the_provider_asks_for_is_told_to_the_user(scripted_user: Client) -> None:
    last = scripted_user.ask("[[status 429]] [[retry_after 60]]").last
    assert last["error"] == "The language model is not available; your message is kept, send it again in 60 s."


@pytest.mark.parametrize("fault", ["status 500", "status 502", "status 429", "cut", "break", "garbage"])
def test_a_fault_that_passes_costs_a_second_call_and_leaves_one_answer(
    fault: str, scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    silent = "" if "status" in fault else " [[once silent]]"
    message = f"[[once {fault}]]{silent} [[say rowan berries]]"
    answer = scripted_user.ask(message)
    assert (answer.text, answer.last["status"]) == ("rowan berries", "complete")
    assert stored(scripted, answer.session) == [("user", message), ("assistant", "rowan berries")]
    assert len(scripted_model.asked(message)) == 2


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


def test_a_provider_that_stays_away_is_not_waited_for_again_and_again(alone: Server) -> None:
    with alone.client() as client:
        for _ in range(FAILURE_THRESHOLD):
            client.ask("Still nobody?")
        refused = client.ask("And now?").last
    assert refused["code"] == "model_unavailable"
    assert re.search(r"your message is kept, send it again in \d+ s\.$", refused["error"])


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server with a fallback at the same address, and little patience between two words."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "OPENAI_MODEL": "favourite",
        "OPENAI_MODEL_FALLBACK": "gpt-4o",
        "MODEL_FIRST_TOKEN_SECONDS": "2",
        "MODEL_STALL_SECONDS": "0.5",
        "RATE_LIMIT_PER_MINUTE": "1000",
    }
    with running(tmp_path_factory.mktemp("backed") / "data", environment) as started:
        yield started


@pytest.mark.parametrize(
    ("fault", "calls"),
    [("status 500", ["favourite", "favourite", "gpt-4o"]), ("status 404", ["favourite", "gpt-4o"])],
)
def test_a_fallback_answers_where_the_chosen_model_fails(
    fault: str, calls: list[str], backed: Server, scripted_model: ScriptedModel
) -> None:
    message = f"[[only favourite {fault}]] [[say hawthorn]]"
    with backed.client() as client:
        answer = client.ask(message)
    assert (answer.text, answer.last["status"]) == ("hawthorn", "complete")
    assert [request["model"] for request in scripted_model.asked(message)] == calls


def test_what_a_turn_cost_is_counted_by_the_model_that_answered(backed: Server) -> None:
    with backed.client() as client:
        usage = client.ask("[[only favourite status 404]] [[say quickthorn]]").last["usage"]
        free = client.ask("[[say quickthorn]]").last["usage"]
    price = read_prices()["gpt-4o"]
    dollars = (price.prompt * usage["prompt"] + price.completion * usage["completion"]) / 1_000_000
    assert Decimal(usage["cost"]) == dollars > 0
    assert Decimal(free["cost"]) == 0


def test_a_fallback_does_not_go_on_with_an_answer_that_broke_off(backed: Server, scripted_model: ScriptedModel) -> None:
    message = "[[only favourite cut]] [[say hawthorn hedge]]"
    with backed.client() as client:
        answer = client.ask(message)
    assert (answer.text, answer.last["code"]) == ("hawthorn hedge", "model_unavailable")
    assert [request["model"] for request in scripted_model.asked(message)] == ["favourite"]


def test_a_fallback_that_fails_too_is_asked_once(backed: Server, scripted_model: ScriptedModel) -> None:
    message = "[[status 429]] blackthorn"
    with backed.client() as client:
        answer = client.ask(message)
    assert answer.last["code"] == "model_unavailable"
    assert [request["model"] for request in scripted_model.asked(message)] == ["favourite", "favourite", "gpt-4o"]


def test_an_answer_that_falls_silent_is_an_error_and_no_answer(backed: Server, scripted_model: ScriptedModel) -> None:
    message = "[[stall]] [[say whitethorn]]"
    began = time.monotonic()
    with backed.client() as client:
        answer = client.ask(message)
    assert (answer.text, answer.last["code"]) == ("whitethorn", "model_timeout")
    assert time.monotonic() - began < DEADLINE
    assert [request["model"] for request in scripted_model.asked(message)] == ["favourite"]
