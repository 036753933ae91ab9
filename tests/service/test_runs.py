"""Accepted runs: followed again, left alone, stopped, repeated, and survived."""

import fcntl
import json
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import httpx
import psycopg
import pytest

from graph.events import Event, answer_text
from graph.turn.message_repair import UNANSWERED
from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running
from tests.support.waiting import wait_until

CALL = "[[call account_balances_query {}]]"
SLOW = "[[slow 0.05]] [[say one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen]]"
WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
ENDLESS = "[[slow 0.05]] [[say " + "word " * 400 + "]]"


def status_of(server: Server, run: str) -> str:
    [row] = server.sql("select status from chat_runs where id = %s", run)
    return str(row["status"])


def messages_of(server: Server, session: str) -> list[dict[str, Any]]:
    return server.sql("select * from chat_messages where session_id = %s order by position", session)


def first_events(client: Client, count: int, message: str, **fields: Any) -> Answer:
    """Begin a turn and drop the connection after some events."""
    with client.stream("POST", "/api/chat", json={"message": message, **fields}) as response:
        assert response.status_code == 200
        frames = events_of(response)
        return Answer([next(frames) for _ in range(count)])


def words_so_far(client: Client, run: str, count: int) -> list[dict[str, Any]]:
    """The events of a running turn until it has said so many words."""
    seen: list[dict[str, Any]] = []
    with client.stream("GET", f"/api/runs/{run}/events") as response:
        for _, event in events_of(response):
            seen.append(event)
            if sum(1 for each in seen if each["type"] == "text") == count:
                break
    return seen


def raw_events(client: Client, run: str, last_event_id: str = "") -> list[bytes]:
    """The frames of a run as they are on the wire."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    response = client.get(f"/api/runs/{run}/events", headers=headers)
    assert response.status_code == 200
    return frames_in(response.content)


def frames_in(stream: bytes) -> list[bytes]:
    return [frame for frame in stream.split(b"\n\n") if frame and not frame.startswith(b":")]


# Following again


def test_a_run_that_ended_streams_again_with_the_same_bytes(server: Server, user: Client) -> None:
    first = frames_in(user.post("/api/chat", json={"message": "How much did I spend on groceries last month?"}).content)
    run = json.loads(first[0].split(b"data: ")[1])["run_id"]
    assert len(first) > 5
    assert raw_events(user, run) == first


def test_after_each_event_id_a_stream_goes_on_with_exactly_the_rest(user: Client) -> None:
    first = frames_in(user.post("/api/chat", json={"message": "What are my account balances?"}).content)
    run = json.loads(first[0].split(b"data: ")[1])["run_id"]
    for number in range(1, len(first) + 1):
        assert raw_events(user, run, f"{run}:{number}") == first[number:]


def test_a_run_that_is_under_way_is_followed_from_any_event_to_its_end(scripted: Server, scripted_user: Client) -> None:
    begun = first_events(scripted_user, 3, SLOW)
    rest = scripted_user.follow(begun.run, begun.frames[-1][0])
    assert [event_id for event_id, _ in [*begun.frames, *rest.frames]] == [
        f"{begun.run}:{number}" for number in range(1, len(begun.frames) + len(rest.frames) + 1)
    ]
    assert begun.text + rest.text == WORDS
    assert rest.last["type"] == "done"


@pytest.mark.parametrize(
    "last_event_id", ["nonsense", "5", "{run}", "{run}:", "{run}:x", "{run}:-1", "{other}:1", "{run}:1:2"]
)
def test_a_last_event_id_that_is_none_of_the_run_is_a_bad_request(last_event_id: str, user: Client) -> None:
    run = user.ask("Hello").run
    header = last_event_id.format(run=run, other=uuid.uuid4())
    response = user.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": header})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_request")


def test_a_run_that_does_not_exist_is_not_found(user: Client) -> None:
    for response in (user.get(f"/api/runs/{uuid.uuid4()}/events"), user.post(f"/api/runs/{uuid.uuid4()}/stop")):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


# Going away


def test_a_client_that_goes_away_loses_nothing(scripted: Server, scripted_user: Client) -> None:
    begun = first_events(scripted_user, 2, SLOW)
    wait_until(lambda: status_of(scripted, begun.run) == "complete")
    assert [message["role"] for message in messages_of(scripted, begun.session)] == ["user", "assistant"]
    assert messages_of(scripted, begun.session)[-1]["content"] == WORDS
    rest = scripted_user.follow(begun.run, begun.frames[-1][0])
    assert begun.text + rest.text == WORDS
    assert rest.last["status"] == "complete"


# One at a time


def test_a_second_message_while_a_run_is_active_is_a_conflict_and_stores_nothing(
    scripted: Server, scripted_user: Client
) -> None:
    begun = first_events(scripted_user, 1, SLOW)
    response = scripted_user.post(
        "/api/chat", json={"message": "Me too", "session_id": begun.session, "employee_slug": "tag-ai"}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (409, "run_active")
    scripted_user.follow(begun.run)
    assert len(scripted.sql("select id from chat_runs where session_id = %s", begun.session)) == 1
    assert [message["role"] for message in messages_of(scripted, begun.session)] == ["user", "assistant"]
    [session] = scripted.sql("select employee_slug from chat_sessions where id = %s", begun.session)
    assert session["employee_slug"] == "prime-boss"


def test_when_done_is_read_the_session_is_free(scripted_user: Client) -> None:
    session = scripted_user.ask("Hello").session
    for _ in range(5):
        assert scripted_user.ask("Again", session_id=session).last["type"] == "done"


# Stopping


def test_a_stopped_run_keeps_its_partial_text_and_says_so(scripted: Server, scripted_user: Client) -> None:
    begun = first_events(scripted_user, 4, ENDLESS)
    stopped = scripted_user.post(f"/api/runs/{begun.run}/stop")
    rest = scripted_user.follow(begun.run, begun.frames[-1][0])
    text = begun.text + rest.text
    answer = messages_of(scripted, begun.session)[-1]
    assert (stopped.status_code, stopped.json()) == (202, {"run_id": begun.run})
    assert rest.last["status"] == "stopped"
    assert rest.last["message_id"] == str(answer["id"])
    assert answer["role"] == "assistant"
    assert answer["content"] == text
    assert text.startswith("word word")
    assert answer["metadata"]["status"] == "stopped"
    assert status_of(scripted, begun.run) == "stopped"


def test_a_session_goes_on_after_a_stop_with_what_was_said(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    begun = first_events(scripted_user, 4, f"{ENDLESS} sandstone")
    scripted_user.post(f"/api/runs/{begun.run}/stop")
    scripted_user.follow(begun.run)
    answer = scripted_user.ask("basalt cliffs", session_id=begun.session)
    [request] = scripted_model.asked("basalt cliffs")
    assert answer.last["status"] == "complete"
    assert [said["role"] for said in request["messages"]] == ["system", "user", "assistant", "user"]
    assert request["messages"][2]["content"].startswith("word")


def test_a_stop_before_the_first_word_keeps_the_question(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    begun = first_events(scripted_user, 1, "[[hang]] obsidian one")
    wait_until(lambda: bool(scripted_model.asked("obsidian one")))
    scripted_user.post(f"/api/runs/{begun.run}/stop")
    assert scripted_user.follow(begun.run).last["status"] == "stopped"
    scripted_user.ask("obsidian two", session_id=begun.session)
    [request] = scripted_model.asked("obsidian two")
    assert [said["content"] for said in request["messages"][1:]] == [
        "[[hang]] obsidian one",
        UNANSWERED,
        "obsidian two",
    ]


def test_a_stop_between_a_tool_and_the_answer_leaves_no_call_without_a_result(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    begun = first_events(scripted_user, 2, f"{CALL} [[rounds 5 account_balances_query {{}}]] granite one")
    scripted_user.post(f"/api/runs/{begun.run}/stop")
    scripted_user.follow(begun.run)
    scripted_user.ask("granite two", session_id=begun.session)
    [request] = scripted_model.asked("granite two")
    assert calls_without_results(request) == []


def calls_without_results(request: dict[str, Any]) -> list[str]:
    answered = {said["tool_call_id"] for said in request["messages"] if said["role"] == "tool"}
    calls = [call["id"] for said in request["messages"] for call in said.get("tool_calls", [])]
    assert len(answered) <= len(calls)
    return [call for call in calls if call not in answered]


def test_a_stop_while_a_tool_runs_leaves_no_call_without_a_result(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    """The tool waits for a lock on its table, which an administrator holds."""
    with psycopg.connect(scripted.admin_url()) as connection:
        connection.execute("lock table accounts in access exclusive mode")
        begun = first_events(scripted_user, 2, f"{CALL} feldspar one")
        assert begun.last["type"] == "tool_call"
        scripted_user.post(f"/api/runs/{begun.run}/stop")
        assert scripted_user.follow(begun.run).last["status"] == "stopped"
    scripted_user.ask("feldspar two", session_id=begun.session)
    [request] = scripted_model.asked("feldspar two")
    assert [said["role"] for said in request["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert calls_without_results(request) == []


def test_the_tokens_of_a_stopped_answer_are_counted(scripted: Server, scripted_user: Client) -> None:
    begun = first_events(scripted_user, 4, ENDLESS)
    scripted_user.post(f"/api/runs/{begun.run}/stop")
    usage = scripted_user.follow(begun.run).last["usage"]
    [row] = scripted.sql("select * from chat_usage_log where run_id = %s", begun.run)
    assert usage["source"] == row["source"] == "counted"
    assert usage["completion"] == row["completion_tokens"] > 0
    assert not row["success"]


# The same request again


def test_the_same_key_and_message_is_the_same_run(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    headers = {"Idempotency-Key": "a-key"}
    first = scripted_user.ask("limestone cave", headers=headers)
    again = scripted_user.ask("limestone cave", headers=headers)
    assert again.frames == first.frames
    assert len(scripted_model.asked("limestone cave")) == 1


def test_the_same_key_with_another_message_is_refused(scripted: Server, scripted_user: Client) -> None:
    scripted_user.ask("Hello", client_message_id="once")
    for other in ({"message": "Goodbye"}, {"message": "Hello", "employee_slug": "tag-ai"}):
        response = scripted_user.post("/api/chat", json={**other, "client_message_id": "once"})
        assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert len(scripted.sql("select id from chat_runs where user_id = %s", scripted_user.user)) == 1


def test_the_header_wins_over_the_field(scripted_user: Client) -> None:
    headers = {"Idempotency-Key": "header"}
    first = scripted_user.ask("Hello", headers=headers, client_message_id="field")
    same = scripted_user.ask("Hello", headers=headers, client_message_id="another field")
    other = scripted_user.ask("Hello", client_message_id="field")
    assert same.run == first.run
    assert other.run != first.run


def test_a_key_is_one_users_own(scripted: Server, scripted_user: Client) -> None:
    with scripted.client() as somebody_else:
        first = scripted_user.ask("Hello", client_message_id="shared")
        second = somebody_else.ask("Hello", client_message_id="shared")
    assert first.run != second.run


@pytest.mark.parametrize("in_a_session", [False, True])
def test_twenty_requests_with_one_key_at_once_are_one_run(
    in_a_session: bool, scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    fields = {"session_id": scripted_user.ask("Hello").session} if in_a_session else {}
    message = f"chalk hills {in_a_session}"

    def send(_: int) -> httpx.Response:
        body = {"message": message, "stream": False, "client_message_id": "twenty", **fields}
        return scripted_user.post("/api/chat", json=body)

    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(send, range(20)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.text for response in responses}) == 1
    assert len(scripted_model.asked(message)) == 1
    keyed = "select client_key from chat_runs where client_key is not null and user_id = %s"
    [row] = scripted.sql(keyed, scripted_user.user)
    assert "twenty" not in row["client_key"], "a client may take an address for its key"


# The process goes away


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def environment(scripted_model: ScriptedModel) -> dict[str, str]:
    return {"OPENAI_BASE_URL": scripted_model.address, "LEASE_SECONDS": "1"}


def heard(*answers: Answer) -> str:
    """The text of a run that was followed in several streams."""
    return answer_text(cast("list[Event]", [event for answer in answers for event in answer.events]))


def test_after_a_crash_the_run_goes_on_where_it_was(home: Path, environment: dict[str, str]) -> None:
    with running(home, environment) as crashing, crashing.client() as client:
        begun = first_events(client, 4, SLOW)
        crashing.stop(signal.SIGKILL)
    with running(home, environment) as restarted, restarted.client(client.user) as client:
        rest = client.follow(begun.run, begun.frames[-1][0])
        whole = client.follow(begun.run)
        assert heard(begun, rest) == heard(whole) == WORDS
        assert (rest.last["status"], whole.last) == ("complete", rest.last)
        assert [row["content"] for row in messages_of(restarted, begun.session)][1:] == [WORDS]
        assert client.ask("Are you there?", session_id=begun.session).last["status"] == "complete"


def server_is_up(home: Path) -> bool:
    """Whether the database's server lives: it holds this lock as long as it does, whatever its process id shows."""
    with (home / "postgres" / "server.lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_signal_lets_the_running_turn_finish_then_ends_the_process_and_its_postgres(
    home: Path, environment: dict[str, str]
) -> None:
    with running(home, environment) as ending, ending.client() as client:
        with client.stream("POST", "/api/chat", json={"message": SLOW}) as response:
            frames = events_of(response)
            seen = [next(frames) for _ in range(2)]
            assert server_is_up(home)
            ending.process.send_signal(signal.SIGTERM)
            answer = Answer([*seen, *frames])
        assert answer.text == WORDS
        assert answer.last["status"] == "complete"
        assert ending.process.wait(15) == 0
        assert not server_is_up(home)
        assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_a_stop_before_the_question_is_masked_keeps_it_masked(scripted: Server, scripted_user: Client) -> None:
    """Looking through a long text takes a while, and the stop comes first."""
    message = "My name is Philippa Quartermaine. " + "What about the rent, the power and the phone? " * 150
    begun = first_events(scripted_user, 1, message)
    scripted_user.post(f"/api/runs/{begun.run}/stop")
    assert scripted_user.follow(begun.run).last["status"] == "stopped"
    stored = messages_of(scripted, begun.session)
    assert [row["role"] for row in stored][:1] == ["user"]
    assert "Quartermaine" not in stored[0]["content"]
    [shown, *_] = scripted_user.get(f"/api/sessions/{begun.session}/messages").json()["items"]
    assert shown["content"] == message
