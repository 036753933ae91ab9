"""Makes `tests/recordings` anew from turns of a running service: `python -m tests.replay.scenarios [NAME …]`."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from employees.roster import Employee, read_roster
from migrations.demo.generate import DEMO_USER
from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.forked_process import run_forked
from tests.support.servers import Server, running
from tools.catalog import by_name

ROOT = Path(__file__).parent.parent.parent
RECORDINGS = ROOT / "tests" / "recordings"

Scenario = Callable[[Client], str]
"""Has a conversation and returns the id of the run to record."""


def saying(message: str, *before: str, employee: str | None = None) -> Scenario:
    """A question, after others in the same session."""

    def scene(user: Client) -> str:
        session = None
        for earlier in before:
            session = user.ask(earlier, session_id=session, employee_slug=employee).session
        return user.ask(message, session_id=session, employee_slug=employee).run

    return scene


def stopping_after(words: int, message: str) -> Scenario:
    """A question whose answer is stopped once so many pieces of it came."""

    def scene(user: Client) -> str:
        with user.stream("POST", "/api/chat", json={"message": message}) as response:
            run, heard = "", 0
            for line in response.iter_lines():
                if '"type":"start"' in line:
                    run = json.loads(line.removeprefix("data: "))["run_id"]
                heard += '"type":"text"' in line
                if run and heard == words:
                    time.sleep(0.3)
                    user.post(f"/api/runs/{run}/stop")
                    heard += 1
        return run

    return scene


def summarised(user: Client) -> str:
    """The first turn after the summary was made."""
    session = user.ask("number 1").session
    for number in range(2, 14):
        user.ask(f"number {number} of a long talk about the holiday budget", session_id=session)
    time.sleep(3)
    return user.ask("What did we say?", session_id=session).run


OFFLINE: dict[str, Scenario] = {
    "plain_answer": saying("hello"),
    "one_tool": saying("How much did I spend on groceries last month?"),
    "retrieval_used": saying("What was my plan for groceries?"),
    "redaction_heavy": saying(
        "I am Ana Gonzales, ana.gonzales@kestrelmail.com, card 4111 1111 1111 1111, and I paid Peter Lindqvist. "
        'CALL:transactions_query:{"merchant": "Peter Lindqvist", "limit": 2}'
    ),
    "parallel_tools": saying(
        'CALL:transactions_query:{"limit": 2} and CALL:account_balances_query:{}', employee="crystal-ai"
    ),
    "bad_arguments": saying('CALL:transactions_query:{"limit": "many", "start_date": "soon"}'),
    "arguments_that_are_no_json": saying('CALL:transactions_query:{"limit": 2'),
    "a_second_question": saying("and on dining?", "How much did I spend on groceries last month?"),
}
"""Asked of the offline model by the demo user."""

SCRIPTED: dict[str, Scenario] = {
    "two_rounds": saying('[[rounds 2 transactions_query {"limit": 1}]] [[then say It is done.]]'),
    "unknown_tool": saying("[[call transfer_money {}]] [[then say I cannot do that.]]"),
    "tool_error": saying(
        '[[call transactions_query {"start_date": "2026-03-31", "end_date": "2026-03-01"}]] [[then say That failed.]]'
    ),
    "stopped": stopping_after(4, "[[slow 0.05]] one two three four five six seven eight nine ten"),
    "stopped_before_the_first_word": stopping_after(0, "[[hang]]"),
    "model_failure": saying("[[status 500]]"),
    "model_broke_off": saying("half of an answer [[cut]]"),
    "empty_answer": saying("[[silent]]"),
    "a_summary_is_due": saying("number 12", *(f"number {number}" for number in range(1, 12))),
    "long_thread_that_was_summarised": summarised,
}
"""Asked of the scripted model."""

NOBODY: dict[str, Scenario] = {"retrieval_empty": saying("What was my plan for groceries?")}
"""Asked of the offline model by a user of whom nothing is stored."""


MOST_TOOLS = 3


def on_duty() -> dict[str, Scenario]:
    """Each employee is asked the first of its own questions, and calls the first of its own tools for it."""
    duties: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "duties.yaml").read_text("utf-8"))
    return {employee.slug: duty_of(employee, duties) for employee in read_roster(ROOT / "employees", by_name()).all()}


def duty_of(employee: Employee, duties: Mapping[str, Any]) -> Scenario:
    own = [tool for tool in employee.tools if duties.get(tool) is not None][:MOST_TOOLS]
    calls = " ".join(f"[[call {tool} {json.dumps(duties[tool])}]]" for tool in own)
    said = f"{employee.examples[0]} {calls} [[then say {employee.name} has looked at it.]]"
    return saying(said, employee=employee.slug)


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, ScriptedModel().serving() as model:
        limits = {"RATE_LIMIT_PER_MINUTE": "1000"}
        with running(Path(folder) / "offline", limits) as server:
            write_all(server, server.client(DEMO_USER), OFFLINE, names)
            write_all(server, server.client(), NOBODY, names)
        provider = {"OPENAI_BASE_URL": model.address, "MODEL_FIRST_TOKEN_SECONDS": "2"}
        with running(Path(folder) / "scripted", {**limits, **provider}) as server:
            write_all(server, server.client(DEMO_USER), SCRIPTED, names)
            write_all(server, server.client(DEMO_USER), on_duty(), names, RECORDINGS / "employees")


def write_all(
    server: Server, user: Client, scenes: dict[str, Scenario], names: list[str], folder: Path = RECORDINGS
) -> None:
    for name, scene in scenes.items():
        if not names or name in names:
            write(server, scene(user), folder / f"{name}.json")


def write(server: Server, run: str, file: Path) -> None:
    """Record a run under this name."""
    with tempfile.TemporaryDirectory() as folder:
        print(file.stem, *recorded(server, run, Path(folder)), sep="\n", flush=True)
        [made] = Path(folder).glob("*.json")
        file.parent.mkdir(exist_ok=True)
        file.write_text(made.read_text("utf-8"), "utf-8")


def recorded(server: Server, run_or_session: str, folder: Path) -> Iterator[str]:
    """Record with the command; the lines that it printed."""
    command = ["graph.replay", "record", run_or_session, "--to", str(folder)]
    done = run_forked(command, ROOT, {"DATA_DIR": str(server.data), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    yield from done.stdout.splitlines()


if __name__ == "__main__":
    main(sys.argv[1:])
