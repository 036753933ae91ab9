"""Whatever a model calls and wherever a run breaks off, the turn ends and the next request is one that a provider accepts."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from nodes.call_tools import MAX_CALLS
from nodes.reason import MAX_ROUNDS
from tests.support.clients import Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel, stream
from tests.support.servers import Server, running
from tests.support.waiting import wait_until
from tools.catalog import by_name

CALL = "[[call account_balances_query {}]]"


def check_that_a_provider_accepts(request: dict[str, Any]) -> None:
    """Directly behind each call comes its one result, and there is no other."""
    due: Counter[str] = Counter()
    for said in [*request["messages"], {"role": "end"}]:
        if said["role"] == "tool":
            assert due[said["tool_call_id"]] > 0, "a result without a call"
            due[said["tool_call_id"]] -= 1
        else:
            assert not +due, "a call without a result"
            due = Counter(call["id"] for call in said.get("tool_calls") or [])


def roles(request: dict[str, Any]) -> list[str]:
    return [said["role"] for said in request["messages"]]


# What a model calls


class CallingModel(ScriptedModel):
    """Makes the calls that it is given, a round after the other, as long as it is offered tools; then it says "done"."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds: list[list[tuple[str, str]]] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> Response:
            body = await request.json()
            self.requests.append(body)
            calls = self.rounds.pop(0) if self.rounds and body.get("tools") else []
            return StreamingResponse(stream("done", {}, calls), media_type="text/event-stream")

        return app


@pytest.fixture(scope="module")
def calling_model() -> Iterator[CallingModel]:
    with CallingModel().serving() as model:
        assert isinstance(model, CallingModel)
        yield model


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory, calling_model: CallingModel) -> Iterator[Server]:
    environment = {"OPENAI_BASE_URL": calling_model.address, "RATE_LIMIT_PER_MINUTE": "1000"}
    with running(tmp_path_factory.mktemp("calling") / "data", environment) as started:
        yield started


@pytest.fixture
def caller(calling: Server, calling_model: CallingModel) -> Iterator[Client]:
    calling_model.rounds.clear()
    calling_model.requests.clear()
    with calling.client() as client:
        yield client


BALANCES = ("account_balances_query", "{}")


def test_of_fifty_calls_at_once_some_are_made_and_all_are_answered(caller: Client, calling_model: CallingModel) -> None:
    calling_model.rounds = [[BALANCES] * 50]
    answer = caller.ask("fifty")
    results = [event["result"] for event in answer.of("tool_result")]
    assert len(answer.of("tool_call")) == len(results) == 50
    assert sum("error" not in result for result in results) == MAX_CALLS
    assert (answer.text, answer.last["status"]) == ("done", "complete")
    _, second = calling_model.requests
    assert roles(second).count("tool") == 50
    check_that_a_provider_accepts(second)


def test_a_model_that_calls_without_end_has_to_answer_at_last(caller: Client, calling_model: CallingModel) -> None:
    calling_model.rounds = [[BALANCES] * 20] * 99
    answer = caller.ask("without end")
    made = sum("error" not in event["result"] for event in answer.of("tool_result"))
    assert made == min(MAX_CALLS * MAX_ROUNDS, by_name()["account_balances_query"].max_calls_per_minute)
    assert len(calling_model.requests) == MAX_ROUNDS + 1
    assert "tools" not in calling_model.requests[-1]
    assert (answer.text, answer.last["status"]) == ("done", "complete")
    for request in calling_model.requests:
        check_that_a_provider_accepts(request)


@pytest.mark.parametrize(
    "arguments",
    [
        json.dumps({"merchant": "x" * 1_000_000}),
        json.dumps({f"unknown_{number}": number for number in range(50_000)}),
        '{"merchant": "' + "x" * 1_000_000,
        "[" * 1_000_000,
    ],
    ids=["one long text", "very many fields", "cut off", "very deep"],
)
def test_a_megabyte_of_arguments_is_an_error_for_the_model_and_costs_it_little(
    arguments: str, caller: Client, calling_model: CallingModel
) -> None:
    calling_model.rounds = [[("transactions_query", arguments)]]
    answer = caller.ask("a megabyte")
    again = caller.ask("and again", session_id=answer.session)
    [result] = answer.of("tool_result")
    assert "the arguments of transactions_query" in result["result"]["error"]
    assert "not valid" in result["result"]["error"]
    assert answer.last["status"] == again.last["status"] == "complete"
    for request in calling_model.requests:
        assert len(json.dumps(request)) < 60_000
        check_that_a_provider_accepts(request)


# A history that is not whole


def delete_messages(server: Server, session: str, role: str, number: int = 0) -> None:
    """Make a history such as no run should leave behind."""
    rows = server.sql(
        "select id from chat_messages where session_id = %s and role = %s order by position", session, role
    )
    server.sql("delete from chat_messages where id = %s", rows[number]["id"])


def test_a_stored_call_without_a_result_is_sent_with_one(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask(f"{CALL} {CALL} gneiss one").session
    delete_messages(scripted, session, "tool")
    answer = scripted_user.ask("gneiss two", session_id=session)
    [request] = scripted_model.asked("gneiss two")
    assert roles(request) == ["system", "user", "assistant", "tool", "tool", "assistant", "user"]
    assert "not finished" in request["messages"][4]["content"]
    check_that_a_provider_accepts(request)
    assert answer.last["status"] == "complete"


def test_a_stored_result_without_a_call_is_not_sent(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask(f"{CALL} schist one").session
    delete_messages(scripted, session, "assistant")
    answer = scripted_user.ask("schist two", session_id=session)
    [request] = scripted_model.asked("schist two")
    assert roles(request) == ["system", "user", "assistant", "user"]
    check_that_a_provider_accepts(request)
    assert answer.last["status"] == "complete"


def test_what_is_repaired_for_the_model_stays_as_it_is_in_the_history(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask(f"{CALL} marble one").session
    delete_messages(scripted, session, "tool")
    scripted_user.ask("marble two", session_id=session)
    stored = scripted.sql("select role from chat_messages where session_id = %s order by position", session)
    assert [row["role"] for row in stored] == ["user", "assistant", "assistant", "user", "assistant"]


# A process that is killed


def is_active(server: Server, session: str) -> bool:
    rows = server.sql("select status from chat_runs where session_id = %s", session)
    return any(row["status"] not in ("complete", "failed", "stopped") for row in rows)


def test_after_a_kill_in_the_middle_of_a_tool_the_next_request_has_no_call_without_a_result(
    tmp_path: Path, scripted_model: ScriptedModel
) -> None:
    """The tool waits for a lock on its table, which an administrator holds."""
    environment = {"OPENAI_BASE_URL": scripted_model.address, "LEASE_SECONDS": "1"}
    home = tmp_path / "data"
    with running(home, environment) as killed, killed.client() as client, psycopg.connect(killed.admin_url()) as admin:
        admin.execute("lock table accounts in access exclusive mode")
        with client.stream("POST", "/api/chat", json={"message": f"{CALL} dolomite one"}) as response:
            frames = events_of(response)
            session = str(next(frames)[1]["session_id"])
            assert next(frames)[1]["type"] == "tool_call"
            killed.stop(signal.SIGKILL)
    with running(home, environment) as restarted, restarted.client(client.user) as client:
        wait_until(lambda: not is_active(restarted, session))
        answer = client.ask("dolomite two", session_id=session)
    [request] = scripted_model.asked("dolomite two")
    assert answer.last["status"] == "complete"
    check_that_a_provider_accepts(request)
