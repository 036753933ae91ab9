"""A message to a session that is still answering: refused, answered later, or answered instead."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import pytest

from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server
from tests.support.waiting import wait_until

SLOW = "[[slow 0.05]] [[say one two three four five six seven eight nine ten]]"
WORDS = "one two three four five six seven eight nine ten"
ENDLESS = "[[slow 0.05]] [[say " + "word " * 400 + "]]"


def begin(client: Client, message: str, **fields: Any) -> Answer:
    """The first events of a turn that goes on."""
    with client.stream("POST", "/api/chat", json={"message": message, **fields}) as response:
        assert response.status_code == 200
        frames = events_of(response)
        return Answer([next(frames) for _ in range(2)])


@contextmanager
def asking(client: Client, message: str, **fields: Any) -> Iterator["Future[Answer]"]:
    """Send a message and go on before it is answered."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(client.ask, message, **fields)


def active(client: Client, session: str) -> list[tuple[str, str]]:
    items = client.get(f"/api/sessions/{session}/runs/active").json()["items"]
    return [(item["run_id"], item["status"]) for item in items]


def until_waiting(client: Client, session: str, count: int) -> list[str]:
    """The runs that wait for a session, once they are so many."""

    def waiting() -> list[str]:
        queued = [run for run, status in active(client, session) if status == "queued"]
        return queued if len(queued) == count else []

    return wait_until(waiting)


def history(client: Client, session: str) -> list[str]:
    return [row["content"] for row in client.get(f"/api/sessions/{session}/messages").json()["items"]]


def test_a_refusal_names_the_run_that_is_active(scripted_user: Client) -> None:
    begun = begin(scripted_user, SLOW)
    refused = scripted_user.post("/api/chat", json={"message": "Hello", "session_id": begun.session})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_active")
    assert refused.json()["error"]["run_id"] == begun.run
    assert scripted_user.follow(begun.run).text == WORDS


def test_a_page_that_was_reloaded_finds_the_run_to_follow(scripted_user: Client) -> None:
    begun = begin(scripted_user, SLOW)
    assert active(scripted_user, begun.session) == [(begun.run, "running")]
    assert scripted_user.follow(begun.run).text == WORDS
    assert active(scripted_user, begun.session) == []


def test_messages_that_wait_are_answered_in_order(scripted_user: Client) -> None:
    begun = begin(scripted_user, SLOW)
    with (
        asking(scripted_user, "[[say second]]", session_id=begun.session, on_conflict="enqueue") as second,
    ):
        waiting = until_waiting(scripted_user, begun.session, 1)
        with asking(scripted_user, "[[say third]]", session_id=begun.session, onConflict="enqueue") as third:
            assert until_waiting(scripted_user, begun.session, 2)[0] == waiting[0]
            assert [second.result().text, third.result().text] == ["second", "third"]
    assert history(scripted_user, begun.session) == [
        *(SLOW, WORDS),
        *("[[say second]]", "second"),
        *("[[say third]]", "third"),
    ]


def test_an_answer_that_was_waited_for_reads_what_was_said_meanwhile(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    begun = begin(scripted_user, SLOW)
    scripted_user.ask("[[say overtaken]] by chestnuts", session_id=begun.session, on_conflict="enqueue")
    [request] = scripted_model.asked("by chestnuts")
    assert WORDS in [said["content"] for said in request["messages"]]


def test_who_interrupts_is_answered_next_and_the_partial_answer_is_kept(scripted_user: Client) -> None:
    begun = begin(scripted_user, ENDLESS)
    with asking(scripted_user, "[[say patient]]", session_id=begun.session, on_conflict="enqueue") as patient:
        until_waiting(scripted_user, begun.session, 1)
        urgent = scripted_user.ask("[[say urgent]]", session_id=begun.session, on_conflict="interrupt")
        assert urgent.text == "urgent"
        assert patient.result().text == "patient"
    stopped = scripted_user.follow(begun.run)
    assert stopped.last["status"] == "stopped"
    said = history(scripted_user, begun.session)
    assert said[1] == stopped.text
    assert said[1].startswith("word")
    assert said[2:] == ["[[say urgent]]", "urgent", "[[say patient]]", "patient"]


def test_an_interrupting_message_to_a_free_session_is_just_answered(scripted_user: Client) -> None:
    first = scripted_user.ask("[[say one]]", on_conflict="interrupt")
    assert scripted_user.ask("[[say two]]", session_id=first.session, on_conflict="interrupt").text == "two"


def test_a_message_that_waits_can_be_withdrawn(scripted: Server, scripted_user: Client) -> None:
    begun = begin(scripted_user, SLOW)
    with asking(scripted_user, "[[say never]]", session_id=begun.session, on_conflict="enqueue") as never:
        [waiting] = until_waiting(scripted_user, begun.session, 1)
        assert scripted_user.post(f"/api/runs/{waiting}/stop").status_code == 202
        assert [event["type"] for event in never.result().events] == ["done"]
    assert scripted_user.follow(begun.run).text == WORDS
    assert history(scripted_user, begun.session) == [SLOW, WORDS]
    assert scripted.sql("select encrypted_input from chat_runs where id = %s", waiting) == [{"encrypted_input": None}]


def test_the_same_key_finds_the_run_that_waits(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    begun = begin(scripted_user, SLOW)
    fields = {"session_id": begun.session, "on_conflict": "enqueue", "client_message_id": "waits"}
    with asking(scripted_user, "[[say once]] for walnuts", **fields) as first:
        until_waiting(scripted_user, begun.session, 1)
        second = scripted_user.ask("[[say once]] for walnuts", **fields)
        assert second.frames == first.result().frames
    assert len(scripted_model.asked("for walnuts")) == 1


def test_another_word_for_what_to_do_is_refused(scripted_user: Client) -> None:
    refused = scripted_user.post("/api/chat", json={"message": "Hello", "on_conflict": "rollback"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("on_conflict", ["reject", "enqueue", "interrupt"])
def test_of_many_messages_at_once_none_is_lost(scripted: Server, scripted_user: Client, on_conflict: str) -> None:
    session = scripted_user.ask("[[say hello]]").session
    barrier = threading.Barrier(6)

    def send(number: int) -> int:
        barrier.wait()
        body = {
            "message": f"[[say answer {number}]]",
            "session_id": session,
            "on_conflict": on_conflict,
            "stream": False,
        }
        return scripted_user.post("/api/chat", json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(send, range(6)))
    assert set(codes) <= {200, 409}
    rows = scripted.sql("select role, run_id from chat_messages where session_id = %s order by position", session)
    turns = [(run, [row["role"] for row in turn]) for run, turn in groupby(rows, lambda row: row["run_id"])]
    assert len(turns) == len({run for run, _ in turns}) == 1 + codes.count(200), (
        "each turn is told once, and in one piece"
    )
    assert all(roles in (["user", "assistant"], ["user"]) for _, roles in turns)
