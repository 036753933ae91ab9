"""Tools run a round at once; whatever goes wrong is a result that the model reads."""

import asyncio
import datetime as dt
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from structlog.testing import capture_logs

from graph.state import Turn
from graph.tool import INVALID_JSON, Tool, ToolContext, ToolFault
from nodes.call_tools import MAX_CALLS, MAX_RESULT_CHARS, CallTools
from tests.fakes.ports import (
    NAME,
    OWNER,
    TOKEN,
    GivenTools,
    Heard,
    NoRows,
    OneNameRedactor,
    roster_of,
    runtime_of,
    turn_of,
)
from tools.arguments import ToolArguments

pytestmark = pytest.mark.anyio

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
    raise ToolFault(f"nobody is called {arguments.words}")


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


async def describe(arguments: Words, context: ToolContext) -> dict[str, Any]:
    """Say in whose name it runs."""
    assert isinstance(context.rows, NoRows)
    return {"owner": context.rows.owner, "today": context.today}


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(repeat, free_text=("note",)),
        Tool(wait),
        Tool(never, deadline=0.05),
        Tool(refuse),
        Tool(crash),
        Tool(flood),
        Tool(nest, free_text=("note",)),
        Tool(describe),
    )
}


def call(name: str, place: int = 0, /, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "args": arguments, "id": f"call_{place}", "type": "tool_call"}


async def run(*calls: dict[str, Any], heard: Heard | None = None, user: str = OWNER, **changes: Any) -> Turn:
    node = CallTools(GivenTools(TOOLS), changes.get("redactor") or OneNameRedactor(), roster_of(*TOOLS))
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
    heard = Heard()
    await run(call("repeat", 0, words="a"), call("refuse", 1), heard=heard)
    assert [event["type"] for event in heard] == ["tool_call", "tool_call", "tool_result", "tool_result"]
    assert heard.of("tool_call")[0]["tool"] == {"id": "call_0", "name": "repeat", "args": {"words": "a"}}
    assert {event["tool_call_id"] for event in heard.of("tool_result")} == {"call_0", "call_1"}


async def test_what_is_told_of_a_result_is_what_the_model_reads() -> None:
    heard = Heard()
    turn = await run(call("nest"), heard=heard)
    assert heard.of("tool_result")[0]["result"] == read(turn)


# Privacy --------------------------------------------------------------------------------------------------------------


async def test_tokens_in_arguments_are_restored_for_the_tool_only() -> None:
    heard = Heard()
    turn = await run(call("repeat", words=f"to {TOKEN}"), heard=heard)
    assert read(turn)["words"] == f"to {NAME}"  # the tool had the value; this field is not declared as free text
    assert heard.of("tool_call")[0]["tool"]["args"] == {"words": f"to {TOKEN}"}
    assert read(turn)["note"] == f"to {TOKEN}"


async def test_a_token_of_somebody_else_stays_a_token() -> None:
    assert read(await run(call("repeat", words=TOKEN), user=STRANGER))["words"] == TOKEN


async def test_free_text_is_masked_at_any_depth_and_nothing_else_is_touched() -> None:
    assert read(await run(call("nest"))) == {
        "rows": [{"note": f"for {TOKEN}", "amount": "-12.30", "day": "2026-11-23"}],
        "note": {"inner": [f"{TOKEN} again", {"deeper": TOKEN}], "number": 7, "nothing": None},
        "label": NAME,
    }


async def test_a_tool_without_free_text_causes_no_masking() -> None:
    redactor = OneNameRedactor()
    await run(call("describe"), redactor=redactor)
    assert redactor.seen == []


async def test_a_fault_that_repeats_a_value_is_masked() -> None:
    turn = await run(call("refuse", words=TOKEN))
    assert read(turn) == {"error": f"nobody is called {TOKEN}"}


async def test_a_crash_tells_the_model_and_the_log_nothing_of_its_message() -> None:
    heard = Heard()
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
    node = CallTools(GivenTools(TOOLS), OneNameRedactor(), roster_of("repeat"))
    state = turn_of(HumanMessage("do it"), AIMessage("", tool_calls=[call("describe")]))
    turn = await node(state, runtime_of())
    assert "there is no tool 'describe'; yours are: repeat" in read(turn)["error"]


async def test_calls_beyond_the_most_are_answered_but_not_made() -> None:
    turn = await run(*(call("repeat", number) for number in range(MAX_CALLS + 2)))
    statuses = [each.status for each in results(turn)]
    assert statuses == [*["success"] * MAX_CALLS, "error", "error"]
    assert f"only {MAX_CALLS} calls" in str(results(turn)[-1].content)


async def test_a_result_that_is_too_long_is_not_passed_on() -> None:
    turn = await run(call("flood"))
    assert "Ask for less" in read(turn)["error"]
    assert len(str(results(turn)[0].content)) < MAX_RESULT_CHARS


async def test_a_result_that_just_fits_is_passed_on() -> None:
    assert "rows" in read(await run(call("flood", number=(MAX_RESULT_CHARS - 20) // 104)))


async def test_a_stop_ends_the_tools_that_run() -> None:
    work = asyncio.create_task(run(call("wait"), call("never")))
    await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
