"""Tools run a round at once; whatever goes wrong is a result that the model reads."""

import asyncio
import datetime as dt
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from structlog.testing import capture_logs

from employees.roster import Roster
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.toolbox import TransactionRows, UserRows
from graph.adapters.postgres.named_queries import read_queries
from graph.ports.approvals import Approvals
from graph.ports.redaction import Redactor
from graph.ports.tools import ToolRuntime
from graph.state import Turn
from graph.testing.auto_approvals import AutoApprovals
from graph.tool import DISPLAY, INVALID_JSON, OUTCOME_UNKNOWN, Tool, ToolContext, ToolError
from graph.turn.approval_gate import ApprovalGate
from graph.turn.delegation import DelegationDisabled
from graph.turn.tool_executor import MAX_MASKED_CHARS, MAX_RESULT_CHARS, ToolExecutor, call_function
from nodes.call_tools import MAX_CALLS, CallTools
from tests.support.fakes.ports import (
    NAME,
    OWNER,
    TOKEN,
    CapturedEvents,
    FakeFiles,
    FakeToolRuntime,
    NoRows,
    OneNameRedactor,
    roster_of,
    runtime_of,
    turn_of,
)
from tools.shared.arguments import ToolArguments

TODAY = dt.date(2026, 11, 23)
STRANGER = "0b4e2f8e-0000-4000-8000-000000000002"


class Words(ToolArguments):
    words: str = ""
    number: int = 0


async def repeat(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Repeat the words."""
    return {"words": arguments.words, "note": arguments.words}


async def wait(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Take a while."""
    await asyncio.sleep(0.1)
    return {"waited": arguments.number}


async def never(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Take too long."""
    await asyncio.sleep(60)
    return {}


async def refuse(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Cannot do it."""
    raise ToolError(f"nobody is called {arguments.words}")


async def crash(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Break."""
    raise LookupError(f"secret detail about {NAME}")


async def flood(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Say too much."""
    return {"rows": ["x" * 100] * (arguments.number or 1000)}


async def nest(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Hide names at depth."""
    return {
        "rows": [{"note": f"for {NAME}", "amount": Decimal("-12.30"), "day": dt.date(2026, 11, 23)}],
        "note": {"inner": [f"{NAME} again", {"deeper": NAME}], "number": 7, "nothing": None},
        "label": NAME,
    }


async def draw(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Answer, and show a table of it."""
    row = {"note": f"for {NAME}", "amount": Decimal("-12.30")}
    return {"rows": [row], DISPLAY: {"type": "table", "title": "Rows", "columns": ["note", "amount"], "rows": [row]}}


async def describe(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Say in whose name it runs."""
    assert isinstance(context.rows, NoRows)
    return {"owner": context.rows.user_id, "today": context.today}


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(repeat),
        Tool(wait),
        Tool(never, timeout_seconds=0.05),
        Tool(refuse),
        Tool(crash),
        Tool(flood),
        Tool(nest, unmasked_fields={"label": "it is a word of the test's own"}),
        Tool(describe),
        Tool(draw),
    )
}


def call(name: str, place: int = 0, /, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "args": arguments, "id": f"call_{place}", "type": "tool_call"}


def node_with(
    toolbox: ToolRuntime,
    redactor: Redactor | None = None,
    approvals: Approvals | None = None,
    roster: Roster | None = None,
) -> CallTools:
    calls = ToolExecutor(toolbox, redactor or OneNameRedactor(), roster or roster_of(*TOOLS), DelegationDisabled())
    return CallTools(calls, ApprovalGate(approvals or AutoApprovals("approved"), calls))


async def run(*calls: dict[str, Any], heard: CapturedEvents | None = None, user: str = OWNER, **changes: Any) -> Turn:
    node = node_with(FakeToolRuntime(TOOLS), changes.get("redactor") or OneNameRedactor())
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=list(calls)))
    return await node(state, runtime_of(heard, user_id=user))


def results(turn: Turn) -> list[ToolMessage]:
    return [message for message in turn["messages"] if isinstance(message, ToolMessage)]


def read(turn: Turn) -> Any:
    [result] = results(turn)
    return json.loads(str(result.content))


# Running --------------------------------------------------------------------------------------------------------------


async def test_each_call_gets_its_result_in_order() -> None:
    turn = await run(call("repeat", 0, words="a"), call("repeat", 1, words="b"))
    assert [(each.tool_call_id, each.name, each.status) for each in results(turn)] == [
        ("call_0", "repeat", "success"),
        ("call_1", "repeat", "success"),
    ]
    assert [message.type for message in turn["messages"]] == ["human", "ai", "tool", "tool"]


async def test_calls_of_one_round_run_at_once() -> None:
    started = time.monotonic()
    turn = await run(*(call("wait", number, number=number) for number in range(6)))
    assert time.monotonic() - started < 0.4
    assert [json.loads(str(each.content)) for each in results(turn)] == [{"waited": number} for number in range(6)]


async def test_a_tool_gets_the_callers_rows_and_the_date_of_the_turn() -> None:
    assert read(await run(call("describe"))) == {"owner": OWNER, "today": "2026-11-23"}


async def test_calls_are_told_before_their_results() -> None:
    heard = CapturedEvents()
    await run(call("repeat", 0, words="a"), call("refuse", 1), heard=heard)
    assert [event["type"] for event in heard] == ["tool_call", "tool_call", "tool_result", "tool_result"]
    assert heard.of("tool_call")[0]["tool"] == {"id": "call_0", "name": "repeat", "args": {"words": "a"}}
    assert {event["tool_call_id"] for event in heard.of("tool_result")} == {"call_0", "call_1"}


async def test_what_is_told_of_a_result_is_what_the_model_reads() -> None:
    heard = CapturedEvents()
    turn = await run(call("nest"), heard=heard)
    assert heard.of("tool_result")[0]["result"] == read(turn)


async def test_what_a_tool_shows_is_masked_like_its_result_and_not_read_by_the_model() -> None:
    heard = CapturedEvents()
    turn = await run(call("draw"), heard=heard)
    row = {"note": f"for {TOKEN}", "amount": "-12.30"}
    assert read(turn) == {"rows": [row]}
    assert heard.of("tool_result")[0]["display"] == {
        "type": "table",
        "title": "Rows",
        "columns": ["note", "amount"],
        "rows": [row],
    }


async def test_a_result_without_a_display_is_told_without_one() -> None:
    heard = CapturedEvents()
    await run(call("nest"), heard=heard)
    assert "display" not in heard.of("tool_result")[0]


# Privacy --------------------------------------------------------------------------------------------------------------


async def test_tokens_in_arguments_are_restored_for_the_tool_only() -> None:
    heard = CapturedEvents()
    turn = await run(call("repeat", words=f"to {TOKEN}"), heard=heard)
    assert heard.of("tool_call")[0]["tool"]["args"] == {"words": f"to {TOKEN}"}
    assert read(turn) == {"words": f"to {TOKEN}", "note": f"to {TOKEN}"}


async def test_a_token_of_somebody_else_stays_a_token() -> None:
    assert read(await run(call("repeat", words=TOKEN), user=STRANGER))["words"] == TOKEN


async def test_all_text_of_a_result_is_masked_but_what_the_tool_exempts() -> None:
    assert read(await run(call("nest"))) == {
        "rows": [{"note": f"for {TOKEN}", "amount": "-12.30", "day": "2026-11-23"}],
        "note": {"inner": [f"{TOKEN} again", {"deeper": TOKEN}], "number": 7, "nothing": None},
        "label": NAME,
    }


async def test_names_of_fields_that_people_wrote_are_masked() -> None:
    turn = await made(returning({"totals": {NAME: "12.00", "USD": "12.00", "last_month": "1.00"}}))
    assert read(turn) == {"totals": {TOKEN: "12.00", "USD": "12.00", "last_month": "1.00"}}


async def test_a_fault_that_repeats_a_value_is_masked() -> None:
    turn = await run(call("refuse", words=TOKEN))
    assert read(turn) == {"error": f"nobody is called {TOKEN}"}


async def test_a_crash_tells_the_model_and_the_log_nothing_of_its_message() -> None:
    heard = CapturedEvents()
    with capture_logs() as logs:
        turn = await run(call("crash"), heard=heard)
    assert results(turn)[0].status == "error"
    assert "crash failed" in read(turn)["error"]
    assert NAME not in str(turn) + str(heard) + str(logs)
    assert logs[0]["reason"].startswith("LookupError at test_call_tools.py")


async def test_invalid_arguments_are_explained_without_repeating_them() -> None:
    turn = await run(call("repeat", number=TOKEN, words=["x"]))
    error = read(turn)["error"]
    assert "number" in error
    assert "words" in error
    assert NAME not in error


# What goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (call("no_such_tool"), "there is no tool 'no_such_tool'; yours are: repeat, wait"),
        (call("repeat", **{INVALID_JSON: '{"words": '}), "not valid JSON"),
        (call("repeat", unknown="x"), "unknown"),
        (call("repeat", number="seven"), "number"),
        (call("never"), "longer than 0.05 seconds"),
        (call("crash"), "failed"),
        (call("refuse", words="Bob"), "nobody is called Bob"),
    ],
    ids=["unknown tool", "no JSON", "unknown argument", "wrong type", "too slow", "crash", "fault"],
)
async def test_what_goes_wrong_is_a_result(wrong: dict[str, Any], told: str) -> None:
    turn = await run(wrong)
    assert told in read(turn)["error"]
    assert results(turn)[0].status == "error"


async def test_one_calls_fault_does_not_touch_the_others() -> None:
    turn = await run(call("crash", 0), call("repeat", 1, words="fine"), call("never", 2))
    assert [each.status for each in results(turn)] == ["error", "success", "error"]


async def test_a_tool_of_another_employee_is_unknown() -> None:
    node = node_with(FakeToolRuntime(TOOLS), roster=roster_of("repeat"))
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call("describe")]))
    turn = await node(state, runtime_of())
    assert "there is no tool 'describe'; yours are: repeat" in read(turn)["error"]


async def test_a_tool_that_was_called_too_often_says_so() -> None:
    node = node_with(FakeToolRuntime(TOOLS, exhausted=("repeat",)))
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call("repeat", 0), call("wait", 1)]))
    first, second = results(await node(state, runtime_of()))
    assert "within a minute" in str(first.content)
    assert second.status == "success"


async def test_calls_beyond_the_most_are_answered_but_not_made() -> None:
    turn = await run(*(call("repeat", number) for number in range(MAX_CALLS + 2)))
    statuses = [each.status for each in results(turn)]
    assert statuses == [*["success"] * MAX_CALLS, "error", "error"]
    assert f"only {MAX_CALLS} calls" in str(results(turn)[-1].content)


async def test_a_tool_that_gives_up_of_its_own_accord_is_not_told_to_be_slow() -> None:
    async def give_up(arguments: Words, context: ToolContext) -> dict[str, Any]:
        """Wait for something in vain."""
        raise TimeoutError

    assert "give_up failed" in read(await made(Tool(give_up)))["error"]


async def test_a_tool_that_turns_the_end_of_its_time_into_an_error_of_its_own_was_too_slow() -> None:
    async def translate(arguments: Words, context: ToolContext) -> dict[str, Any]:
        """Break when it is stopped."""
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise LookupError from None
        return {}

    assert "longer than 0.05 seconds" in read(await made(Tool(translate, timeout_seconds=0.05)))["error"]


async def test_a_fault_as_long_as_a_book_is_none_that_a_model_is_told() -> None:
    turn = await run(call("refuse", words="x" * 50_000))
    assert read(turn) == {"error": "refuse failed; say so to the user instead of guessing its result"}


async def test_a_fault_that_the_database_could_not_hold_is_cleaned() -> None:
    assert read(await run(call("refuse", words="a\x00b\ud800c"))) == {"error": "nobody is called abc"}


async def test_a_stop_ends_the_tools_that_run() -> None:
    work = asyncio.create_task(run(call("wait"), call("never")))
    await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


# Results that are too long, or no JSON --------------------------------------------------------------------------------


async def made(tool: Tool, redactor: OneNameRedactor | None = None) -> Turn:
    """A turn that calls this one tool."""
    node = node_with(FakeToolRuntime({tool.name: tool}), redactor, roster=roster_of(tool.name))
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call(tool.name)]))
    return await node(state, runtime_of())


def returning(result: Any) -> Tool:
    async def give(arguments: Words, context: ToolContext) -> Any:
        """Give what it was given."""
        return result

    return Tool(give)


async def test_a_result_that_is_too_long_is_cut_and_says_so() -> None:
    heard = CapturedEvents()
    turn = await run(call("flood"), heard=heard)
    [message], shown = results(turn), read(turn)
    assert message.status == "success"
    assert MAX_RESULT_CHARS * 0.9 < len(str(message.content)) <= MAX_RESULT_CHARS
    assert shown["shortened"]["kept"] == {"rows": f"{len(shown['rows'])} of 1000 items"}
    assert "ask for less" in shown["shortened"]["advice"]
    assert heard.of("tool_result")[0]["result"] == shown


async def test_a_result_that_just_fits_is_passed_on_as_it_is() -> None:
    rows = (MAX_RESULT_CHARS - 20) // 104
    assert read(await run(call("flood", number=rows))) == {"rows": ["x" * 100] * rows}


async def test_a_result_that_masking_makes_too_long_is_cut_again_and_says_how_much_there_was() -> None:
    turn = await made(returning({"rows": [{"note": NAME}] * 5000}))
    shown = read(turn)
    assert len(str(results(turn)[0].content)) <= MAX_RESULT_CHARS
    assert shown["rows"] == [{"note": TOKEN}] * len(shown["rows"])
    assert shown["shortened"]["kept"] == {"rows": f"{len(shown['rows'])} of 5000 items"}


@pytest.mark.parametrize("padding", range(0, 30_000, 997))
async def test_no_value_is_cut_before_it_is_masked(padding: int) -> None:
    text = "." * padding + NAME * 300
    turn = await made(returning({"note": text, "rows": [{"note": text}]}))
    assert NAME[:3] not in str(results(turn)[0].content)


async def test_of_a_result_that_is_too_long_no_more_is_masked_than_can_be_shown() -> None:
    redactor = OneNameRedactor()
    await made(returning({"rows": [{"note": f"{NAME} {number}"} for number in range(100_000)]}), redactor)
    assert sum(map(len, redactor.seen)) <= MAX_MASKED_CHARS


async def test_fifty_megabytes_are_cut_without_holding_up_others() -> None:
    tool = returning({"rows": [{"note": "x" * 40, "amount": Decimal("-1.50")}] * 700_000, "total": "1"})
    began = time.process_time()
    turn = await made(tool)
    assert time.process_time() - began < 0.5
    assert read(turn)["total"] == "1"
    assert read(turn)["shortened"]["kept"]["rows"].endswith(" of 700000 items")


NO_JSON = {
    "nothing": None,
    "text": "text",
    "bytes": b"bytes",
    "a list": ["list"],
    "a number": 7,
    "bytes inside": {"it": b"bytes"},
    "a set inside": {"it": {1, 2}},
    "an object inside": {"it": object()},
    "a pair as a name": {("a", "b"): 1},
    "a number of 5000 digits": {"it": 10**5000},
}


@pytest.mark.parametrize("kind", NO_JSON)
async def test_a_result_that_is_no_json_object_is_a_failure_of_the_tool(kind: str) -> None:
    with capture_logs() as logs:
        turn = await made(returning(NO_JSON[kind]))
    assert read(turn) == {"error": "give failed; say so to the user instead of guessing its result"}
    assert results(turn)[0].status == "error"
    assert logs[0]["event"] == "tool_failed"


async def test_a_result_that_holds_itself_is_a_failure_of_the_tool() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = [circle]
    assert "give failed" in read(await made(returning(circle)))["error"]


async def test_what_json_or_the_database_cannot_hold_is_cleaned_from_a_result() -> None:
    turn = await made(returning({"rate": float("nan"), "most": float("inf"), "text": "a\x00b\ud800c", "pair": (1, 2)}))
    assert read(turn) == {"rate": None, "most": None, "text": "abc", "pair": [1, 2]}


# Work that is stopped -------------------------------------------------------------------------------------------------


class Sleepers:
    """A pool of one connection, and how many queries of it the server is working on."""

    def __init__(self, database: Database, address: str, name: str, queries: Mapping[str, bytes]) -> None:
        self.database, self.queries = database, queries
        self._address, self._name = address, name

    async def count(self) -> int:
        async with await psycopg.AsyncConnection.connect(self._address) as connection:
            cursor = await connection.execute(
                "select count(*) from pg_stat_activity where application_name = %s and state <> 'idle'", (self._name,)
            )
            [row] = await cursor.fetchall()
            return int(row[0])

    async def become(self, count: int) -> None:
        """Wait a second at most until so many queries run."""
        async with asyncio.timeout(1):
            while await self.count() != count:
                pass

    async def rows_are_read(self) -> bool:
        """Whether the one connection is back, and works."""
        async with self.database.transaction(OWNER) as connection:
            return bool(await (await connection.execute("select 1")).fetchall())


@pytest.fixture
async def sleepers(database_url: str, admin_url: str, tmp_path: Path) -> AsyncIterator[Sleepers]:
    file = tmp_path / "queries.sql"
    file.write_text("-- name: doze\n-- Sleeps for half a minute.\nselect pg_sleep(30)::text as slept")
    name = f"sleepers {uuid.uuid4()}"
    async with Database.open(f"{database_url}?application_name={name.replace(' ', '%20')}", size=1) as database:
        yield Sleepers(database, admin_url, name, read_queries(file))


async def doze(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Ask the database for something that takes half a minute."""
    return {"rows": await context.rows.fetch("doze")}


async def asleep(sleepers: Sleepers, timeout_seconds: float) -> None:
    rows = UserRows(sleepers.database, sleepers.queries, OWNER)
    await call_function(Tool(doze, timeout_seconds=timeout_seconds), Words(), ToolContext(rows, TODAY))


async def asleep_in_a_transaction(sleepers: Sleepers, timeout_seconds: float) -> None:
    """As tools that change something are called."""
    async with sleepers.database.transaction(OWNER) as connection:
        rows = TransactionRows(connection, sleepers.queries)
        await call_function(Tool(doze, timeout_seconds=timeout_seconds), Words(), ToolContext(rows, TODAY))


Sleep = Callable[[Sleepers, float], Coroutine[Any, Any, None]]

each_way = pytest.mark.parametrize("sleep", [asleep, asleep_in_a_transaction])


@each_way
async def test_a_query_that_outlasts_the_deadline_of_its_tool_is_ended_and_its_connection_is_free(
    sleepers: Sleepers, sleep: Sleep
) -> None:
    work = asyncio.create_task(sleep(sleepers, 1))
    await sleepers.become(1)
    with pytest.raises(ToolError, match="doze took longer than 1 seconds"):
        await work
    await sleepers.become(0)
    assert await sleepers.rows_are_read()


@each_way
async def test_a_query_of_a_tool_that_is_stopped_is_ended_and_its_connection_is_free(
    sleepers: Sleepers, sleep: Sleep
) -> None:
    work = asyncio.create_task(sleep(sleepers, 60))
    await sleepers.become(1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await sleepers.become(0)
    assert await sleepers.rows_are_read()


async def leave(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Leave a file."""
    return {"file_id": await context.files.store("note.txt", "text/plain", b"content")}


async def test_a_tool_leaves_its_files_with_its_caller_and_nobody_else() -> None:
    files = {OWNER: FakeFiles(), "other": FakeFiles()}
    toolbox = FakeToolRuntime({"leave": Tool(leave)}, kept=files.__getitem__)
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call("leave")]))
    turn = await node_with(toolbox, roster=roster_of("leave"))(state, runtime_of(CapturedEvents()))
    assert json.loads(str(turn["messages"][-1].content)) == {"file_id": "file-1"}
    assert files[OWNER].kept == [("note.txt", "text/plain", b"content")]
    assert files["other"].kept == []


@pytest.mark.parametrize("function", [never, crash])
async def test_a_call_elsewhere_that_breaks_off_is_told_as_unknown_and_one_that_only_reads_is_not(
    function: Any,
) -> None:
    for risk in ("write", "outbound", "read"):
        told = read(await made(Tool(function, risk=risk, external=True, timeout_seconds=0.05)))["error"]
        assert (OUTCOME_UNKNOWN in told) == (risk != "read")
    assert OUTCOME_UNKNOWN not in read(await made(Tool(function, risk="write", timeout_seconds=0.05)))["error"]


async def test_a_preview_that_breaks_off_has_done_nothing() -> None:
    told = read(await made(Tool(repeat, risk="write", preview=crash, external=True)))["error"]
    assert OUTCOME_UNKNOWN not in told


async def test_a_call_of_a_run_that_is_made_again_is_known_where_it_leaves_its_files() -> None:
    class Naming(FakeToolRuntime):
        named: ClassVar[list[str]] = []

        def files(self, user_id: str, call: str = "") -> FakeFiles:
            self.named.append(call)
            return FakeFiles()

    toolbox = Naming({"leave": Tool(leave)})
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call("leave", 0), call("leave", 1)]))
    for epoch in (1, 2, 0):
        runtime = runtime_of(CapturedEvents())
        runtime = replace(runtime, context=replace(runtime.context, epoch=epoch))
        await node_with(toolbox, roster=roster_of("leave"))(state, runtime)
    first, second = toolbox.named[:2], toolbox.named[2:4]
    assert first == second
    assert len(set(first)) == 2
    assert toolbox.named[4:] == ["", ""]
