"""Turns of the running service are recorded with the command, and play as they were."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from graph.replay.check import assert_unchanged
from graph.replay.play import Checkout, current_checkout
from tests.replay.scenarios import ROOT, recorded, stopping_after
from tests.support.clients import Client
from tests.support.forked_process import run_forked
from tests.support.servers import Server

NAME, CARD = "Ingrid Abernathy", "4111 1111 1111 1111"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return current_checkout(tmp_path_factory.mktemp("tokenizer"))


STORED = """
select to_jsonb(row) from chat_sessions row where id::text = %(session)s
union all select to_jsonb(row) from chat_runs row where session_id::text = %(session)s
union all select to_jsonb(row) from chat_messages row where session_id::text = %(session)s
union all select to_jsonb(row) from chat_usage_log row where session_id::text = %(session)s
union all select to_jsonb(row) from checkpoints row where thread_id = %(session)s
union all select to_jsonb(row) from checkpoint_blobs row where thread_id = %(session)s
order by 1
"""


def rows_of(server: Server, session: str) -> list[Any]:
    """Everything that is stored of a session."""
    with psycopg.connect(server.admin_url()) as connection:
        return connection.execute(STORED, {"session": session}).fetchall()


def test_a_session_is_recorded_in_order_without_its_values_or_its_ids_and_stays_as_it_was(
    scripted: Server, scripted_user: Client, tmp_path: Path, checkout: Checkout
) -> None:
    session = scripted_user.ask(f"My name is {NAME} and my card is {CARD}").session
    again = scripted_user.ask(f"Did I tell you that I am {NAME}?", session_id=session)
    before = rows_of(scripted, session)

    lines = [*recorded(scripted, session, tmp_path)]

    files = sorted(tmp_path.glob("*.json"))
    assert [line.partition(":")[0] for line in lines] == [str(file) for file in files]
    assert [json.loads(file.read_text())["question"].split()[0] for file in files] == ["My", "Did"]
    for file in files:
        text = file.read_text()
        assert not [value for value in (NAME, CARD, "4111", "Abernathy") if value in text]
        assert not [name for name in (session, again.run, scripted_user.user) if name in text]
        assert_unchanged(file, checkout)
    assert rows_of(scripted, session) == before


def test_what_the_second_turn_remembered_is_recorded_with_it(
    scripted: Server, scripted_user: Client, tmp_path: Path
) -> None:
    session = scripted_user.ask("the first question").session
    run = scripted_user.ask("the second question", session_id=session).run
    scripted_user.ask("the third question", session_id=session)
    [*recorded(scripted, run, tmp_path)]
    [file] = tmp_path.glob("*.json")
    recording = json.loads(file.read_text())
    assert [said["content"] for said in recording["memory"]["history"]] == ["the first question"] * 2
    assert [step["node"] for step in recording["steps"]] == recording["outcome"]["path"]
    assert all(step["ms"] >= 0 for step in recording["steps"])
    usage = recording["answers"][0]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (10, 5, 15)


@pytest.mark.parametrize(
    "message",
    [
        *("[[status 500]]", "half of it [[cut]]", "[[silent]]"),
        *("[[odd broken_off]]", "[[odd filtered]]", "[[odd thoughts_only]]"),
    ],
)
def test_a_run_that_failed_is_recorded_and_fails_again(
    message: str, scripted: Server, scripted_user: Client, tmp_path: Path, checkout: Checkout
) -> None:
    failed = scripted_user.ask(message)
    assert failed.last["type"] == "error"
    [*recorded(scripted, failed.run, tmp_path)]
    [file] = tmp_path.glob("*.json")
    assert_unchanged(file, checkout)
    assert json.loads(file.read_text())["outcome"]["events"][-1]["code"] == failed.last["code"]


@pytest.mark.parametrize("name", ["cut_at_length", "refusal", "usage_in_every_chunk", "thoughts"])
def test_a_run_of_an_odd_model_is_recorded_and_ends_the_same(
    name: str, scripted: Server, scripted_user: Client, tmp_path: Path, checkout: Checkout
) -> None:
    [*recorded(scripted, scripted_user.ask(f"[[odd {name}]]").run, tmp_path)]
    [file] = tmp_path.glob("*.json")
    assert_unchanged(file, checkout)


@pytest.mark.parametrize("words", [0, 3])
def test_a_run_that_was_stopped_is_recorded_and_stops_at_the_same_word(
    words: int, scripted: Server, scripted_user: Client, tmp_path: Path, checkout: Checkout
) -> None:
    run = stopping_after(words, "[[slow 0.2]] one two three four five six seven eight nine ten")(scripted_user)
    scripted_user.follow(run)
    [*recorded(scripted, run, tmp_path)]
    [file] = tmp_path.glob("*.json")
    assert_unchanged(file, checkout)
    assert json.loads(file.read_text())["outcome"]["status"] == "stopped"


def refused(server: Server, run: str, folder: Path) -> str:
    """What the command says when it cannot record a run."""
    command = ["graph.replay", "record", run, "--to", str(folder)]
    done = run_forked(command, ROOT, {"DATA_DIR": str(server.data), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 1
    assert not [*folder.glob("*.json")]
    return done.stderr.splitlines()[-1]


def test_a_run_that_is_not_there_is_said_to_be_missing(server: Server, tmp_path: Path) -> None:
    run = str(uuid4())
    assert refused(server, run, tmp_path) == f"replay: There is no run or session {run} that has ended."


def test_a_run_that_still_answers_has_nothing_to_record(
    scripted: Server, scripted_user: Client, tmp_path: Path
) -> None:
    message = "[[slow 0.5]] one two three four five six seven eight nine ten eleven twelve"
    with scripted_user.stream("POST", "/api/chat", json={"message": message}) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: "))
        run = json.loads(next(lines).removeprefix("data: "))["run_id"]
        assert "that has ended" in refused(scripted, run, tmp_path)
    scripted_user.post(f"/api/runs/{run}/stop")


def test_a_run_whose_process_died_cannot_be_recorded(server: Server, user: Client, tmp_path: Path) -> None:
    run = user.ask("hello").run
    server.sql("update chat_runs set trace = null, error_code = 'run_lost' where id = %s", run)
    assert refused(server, run, tmp_path).startswith("replay: The process that worked on this run died")
