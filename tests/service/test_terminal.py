"""The chat in the terminal, as a program of its own in a pseudo-terminal or a pipe, with a running service."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrations.demo.generate import DEMO_USER
from tests.support.prepared_data import copy_into
from tests.support.pseudo_terminal import CTRL_C, CTRL_D, PseudoTerminal, in_terminal
from tests.support.servers import ROOT, Server

PROMPT = r"(?m)^> $"
DIALOG = r"\[e\]dit > $"
GOAL = {"name": "Bicycle", "target_amount": "900", "currency": "USD"}
CREATE_GOAL = f"[[call create_goal {json.dumps(GOAL)}]] [[then say it is done]]"
ENDLESS = "[[slow 0.05]] [[say " + "word " * 400 + "]]"
PNG_START = b"\x89PNG"


def environment(server: Server, user: str, data: Path, **more: str) -> dict[str, str]:
    return {"CHAT_TOKEN": server.token(user), "DATA_DIR": str(data), **more}


@pytest.fixture
def user_id() -> str:
    return str(uuid.uuid4())


@contextmanager
def chatting(server: Server, user: str, data: Path, **more: str) -> Iterator[PseudoTerminal]:
    """A chat that waits for the first message."""
    with in_terminal(
        "-m", "graph", "chat", "--url", server.address, environment=environment(server, user, data, **more)
    ) as terminal:
        terminal.expect(PROMPT)
        yield terminal


def pipe(server: Server, user: str, data: Path, *arguments: str, lines: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "graph", "chat", "--url", server.address, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "FORCE_COLOR": "1", **environment(server, user, data)},
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )


def goals(server: Server, user: str) -> list[str]:
    return [row["name"] for row in server.sql("select name from goals where user_id = %s order by name", user)]


def test_a_conversation_in_a_terminal(scripted: Server, user_id: str, tmp_path: Path) -> None:
    """One program, since each start takes a second."""
    with chatting(scripted, user_id, tmp_path) as terminal:
        assert "42 employees" in terminal.text

        terminal.enter("/as budget-master-ai")
        assert "There is no employee" in terminal.expect(PROMPT)
        terminal.enter("/a\tgoal\t")
        assert "goalie-ai answers now" in terminal.expect(PROMPT)

        terminal.enter(CREATE_GOAL)
        asked = terminal.expect(DIALOG)
        assert "A goal of 900.00 USD is created." in asked
        assert "name: Bicycle" in asked
        terminal.enter("perhaps")
        assert "Type y to do it" in terminal.expect(DIALOG)
        terminal.enter("y")
        assert "it is done" in terminal.expect(PROMPT)
        assert goals(scripted, user_id) == ["Bicycle"]

        terminal.enter(CREATE_GOAL.replace("Bicycle", "Boat"))
        terminal.expect(DIALOG)
        terminal.enter("n not this year")
        terminal.expect(PROMPT)
        assert goals(scripted, user_id) == ["Bicycle"]

        terminal.enter(CREATE_GOAL.replace("Bicycle", "Tent"))
        terminal.expect(DIALOG)
        terminal.enter("e")
        terminal.expect(r"arguments > .*Tent.*\}")
        terminal.type("\x01\x0b")  # to the beginning of the line, and away with it
        terminal.enter(json.dumps({**GOAL, "target_amount": "much"}))
        terminal.expect(DIALOG)
        terminal.enter("y")
        assert "does not take these arguments" in terminal.expect(DIALOG)
        terminal.enter("e")
        terminal.expect(r"arguments > .*Tent.*\}")
        terminal.type("\x01\x0b")
        terminal.enter(json.dumps({**GOAL, "name": "Kayak"}))
        terminal.expect(DIALOG)
        terminal.enter("y")
        terminal.expect(PROMPT)
        assert goals(scripted, user_id) == ["Bicycle", "Kayak"]

        terminal.enter("[[call list_goals {}]] [[then say see below]]")
        seen = terminal.expect(PROMPT)
        assert "· list_goals()" in seen
        assert "see below" in seen
        assert "Kayak" in seen

        terminal.enter("/quit")
        assert terminal.end() == 0
        assert "it is done" in terminal.lines
        assert not any("thinking" in line for line in terminal.lines)


def test_ctrl_c_stops_the_answer_and_twice_leaves(scripted: Server, user_id: str, tmp_path: Path) -> None:
    with chatting(scripted, user_id, tmp_path) as terminal:
        terminal.enter(ENDLESS)
        terminal.expect("thinking[^]]*word word")
        terminal.type(CTRL_C)
        assert "stopped" in terminal.expect(PROMPT)

        terminal.enter("/as goalie-ai")
        terminal.expect(PROMPT)
        terminal.enter(CREATE_GOAL)
        terminal.expect(DIALOG)
        terminal.interrupt("stopped")
        terminal.expect(PROMPT)

        terminal.enter("[[say still here]]")
        terminal.expect("thinking[^]]*still here")
        terminal.expect(PROMPT)
        terminal.interrupt("Ctrl-C again leaves")
        terminal.expect(PROMPT)
        terminal.type(CTRL_C + CTRL_D)
        assert terminal.end() == 0
    statuses = scripted.sql("select status from chat_runs where user_id = %s order by created_at", user_id)
    assert [row["status"] for row in statuses] == ["stopped", "stopped", "complete"]
    assert goals(scripted, user_id) == []


def test_arguments_open_in_the_users_editor(scripted: Server, user_id: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/Bicycle/Sledge/ "$1"\n')
    editor.chmod(0o755)
    with chatting(scripted, user_id, tmp_path, EDITOR=str(editor)) as terminal:
        terminal.enter("/as goalie-ai")
        terminal.expect(PROMPT)
        terminal.enter(CREATE_GOAL)
        terminal.expect(DIALOG)
        terminal.enter("e")
        assert "name: Sledge" in terminal.expect(DIALOG)
        terminal.enter("y")
        terminal.expect(PROMPT)
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    assert goals(scripted, user_id) == ["Sledge"]


def test_a_chart_is_stored_and_drawn_where_the_terminal_draws_pictures(scripted: Server, tmp_path: Path) -> None:
    with chatting(scripted, DEMO_USER, tmp_path, KITTY_WINDOW_ID="1") as terminal:
        terminal.enter("/as dash")
        terminal.expect(PROMPT)
        terminal.enter("[[call chart_by_category {}]] [[then say here it is]]")
        terminal.expect("here it is")
        terminal.expect(PROMPT)
        assert "\x1b_Ga=T,f=100" in terminal.raw
        terminal.enter("/quit")
        assert terminal.end() == 0
    [picture] = (tmp_path / "downloads").iterdir()
    assert picture.read_bytes().startswith(PNG_START)
    assert picture.name in terminal.text


def test_a_pipe_gets_plain_answers_to_its_lines(scripted: Server, user_id: str, tmp_path: Path) -> None:
    lines = f"[[say one]]\n\n/as goalie-ai\n{CREATE_GOAL}\ny\n[[call list_goals {{}}]] [[then say see below]]\n"
    ended = pipe(scripted, user_id, tmp_path, lines=lines)
    assert ended.returncode == 0
    assert ended.stdout.startswith("one\nit is done\nsee below\n")
    assert "Bicycle" in ended.stdout
    assert "A goal of 900.00 USD is created." in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr


def test_one_question_is_asked_of_one_employee(scripted: Server, user_id: str, tmp_path: Path) -> None:
    ended = pipe(scripted, user_id, tmp_path, "--as", "dash", "[[say hello]]")
    assert (ended.returncode, ended.stdout) == (0, "hello\n")
    assert "dash" in ended.stderr


def test_a_call_without_a_decision_is_rejected_and_fails_the_program(
    scripted: Server, user_id: str, tmp_path: Path
) -> None:
    ended = pipe(scripted, user_id, tmp_path, "--as", "goalie-ai", CREATE_GOAL)
    assert ended.returncode == 1
    assert "is rejected" in ended.stderr
    assert goals(scripted, user_id) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("[[status 400]]",), "The language model"),
        (("--as", "stranger", "Hello"), "There is no employee stranger"),
        (("--token", "wrong", "Hello"), "does not accept the token"),
        (("--url", "ftp://x", "Hello"), "--url must be an address"),
        (("--url", "http://127.0.0.1:9", "Hello"), "cannot be reached"),
    ],
)
def test_a_failure_is_reported_on_the_error_output_and_by_the_exit_code(
    scripted: Server, user_id: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = pipe(scripted, user_id, tmp_path, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_no_service_runs_the_chat_starts_one_and_ends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    copy_into(data)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "SUPABASE"))}
    ended = subprocess.run(
        [sys.executable, "-m", "graph", "chat", "How much did I spend on groceries last month?"],
        cwd=ROOT,
        env={**inherited, "DATA_DIR": str(data), "PORT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Groceries" in ended.stdout
    assert "request" in (data / "chat-service.log").read_text()
    assert not (data / "postgres" / "postmaster.pid").exists()
