"""What a server does that is not as the book says: a call that was sent is never told as one that was not made."""

import asyncio
import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from graph.adapters.mcp.schemas import MAX_DESCRIPTION_CHARS
from graph.adapters.mcp.servers import McpServer, McpTools, connect
from graph.tool import OUTCOME_UNKNOWN, Tool, ToolContext, ToolError
from tests.support.fakes.ports import NoRows
from tests.support.waiting import eventually

SERVER = Path(__file__).parents[3] / "support" / "fakes" / "odd_mcp_server.py"
CONTEXT = ToolContext(NoRows("owner"), dt.date(2025, 11, 20))
TO_WHOM = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}
PAY = {"name": "pay", "description": "Pay somebody.", "inputSchema": TO_WHOM}

Given = dict[str, Any]
Join = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "server.json"


def paid(file: Path) -> int:
    """How often the server was asked to pay."""
    calls = file.with_suffix(".calls")
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def described(file: Path, given: Given, **changes: Any) -> McpServer:
    file.write_text(json.dumps(given))
    return McpServer.model_validate(
        {"name": "bank", "command": [sys.executable, str(SERVER), str(file)], "timeout": 20, **changes}
    )


async def joined(file: Path, given: Given, **changes: Any) -> McpTools:
    return await connect([described(file, given, **changes)])


@contextmanager
def over_http(file: Path, given: Given, **changes: Any) -> Iterator[McpServer]:
    file.write_text(json.dumps(given))
    process = subprocess.Popen([sys.executable, str(SERVER), str(file), "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        yield McpServer.model_validate({"name": "bank", "url": f"http://127.0.0.1:{port}/mcp", "timeout": 3, **changes})
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


async def called(tool: Tool) -> Any:
    return await tool.function(tool.arguments.model_validate({"to": "Landlord"}), CONTEXT)


# An effect of which nobody knows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["hang", "die", "garbage", "error -32603", "error -32602", "error -1"])
async def test_an_unconfirmed_payment_is_reported_as_unknown(file: Path, fault: str) -> None:
    seconds = 3 if fault in ("hang", "garbage") else 20
    [tool] = (await joined(file, {"tools": [PAY], "faults": {"pay": fault}}, timeout=seconds)).tools
    with pytest.raises(ToolError) as told:
        await called(tool)
    assert OUTCOME_UNKNOWN in str(told.value)
    assert "could not be reached" not in str(told.value)
    assert ("it went wrong" in str(told.value)) == fault.startswith("error")
    assert paid(file) == 1


@pytest.mark.parametrize("fault", ["hang", "die", "garbage", "status 500", "status 404", "status 401", "error -32603"])
async def test_over_http_it_is_as_well(file: Path, fault: str) -> None:
    seconds = 3 if fault in ("hang", "garbage") else 20
    with over_http(file, {"tools": [PAY], "faults": {"pay": fault}}, timeout=seconds) as server:
        [tool] = (await connect([server])).tools
        with pytest.raises(ToolError) as told:
            await called(tool)
    assert OUTCOME_UNKNOWN in str(told.value)
    assert paid(file) == 1


async def test_a_server_that_is_gone_before_it_was_asked_has_done_nothing(file: Path) -> None:
    with over_http(file, {"tools": [PAY]}) as server:
        [tool] = (await connect([server])).tools
    with pytest.raises(ToolError, match="could not be reached, so nothing was done"):
        await called(tool)
    assert paid(file) == 0


async def test_what_only_reads_may_be_asked_again(file: Path) -> None:
    [tool] = (await joined(file, {"tools": [PAY], "faults": {"pay": "die"}}, risk="read")).tools
    with pytest.raises(ToolError, match="could not be reached or did not answer in time"):
        await called(tool)


async def test_arguments_that_a_read_tool_refuses_are_reported_with_its_reason(file: Path) -> None:
    given = {"tools": [PAY], "faults": {"pay": "error -32602"}}
    [tool] = (await joined(file, given, risk="read")).tools
    for _ in range(9):  # a refusal is an answer: the server is not spared for it
        with pytest.raises(ToolError, match="bank refused: it went wrong"):
            await called(tool)


async def test_a_server_that_takes_long_to_end_has_answered(file: Path) -> None:
    [tool] = (await joined(file, {"tools": [PAY], "faults": {"pay": "slow end"}}, timeout=3)).tools
    assert (await called(tool))["result"] == ["called pay"]


async def test_a_user_who_stops_a_call_ends_it(file: Path) -> None:
    [tool] = (await joined(file, {"tools": [PAY], "faults": {"pay": "hang"}})).tools
    work = asyncio.create_task(called(tool))
    await eventually(lambda: paid(file))
    began = time.monotonic()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert time.monotonic() - began < tool.timeout_seconds


# Answers --------------------------------------------------------------------------------------------------------------

RECEIPT = {"type": "text", "text": "Paid; receipt 77."}
TABLE = {"type": "resource", "resource": {"uri": "file:///a.txt", "text": "the balance is 12.50"}}
PDF = {"type": "resource", "resource": {"uri": "file:///a.pdf", "blob": "AAAA"}}
LINK = {"type": "resource_link", "uri": "https://example.com/a.pdf", "name": "a.pdf"}
SOUND = {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}
PICTURE = {"type": "image", "data": "AAAA", "mimeType": "image/png"}


@pytest.mark.parametrize(
    ("answer", "result", "left_out"),
    [
        ({"content": [RECEIPT, SOUND]}, ["Paid; receipt 77."], "1 audio"),
        ({"content": [PICTURE, RECEIPT, PICTURE]}, ["Paid; receipt 77."], "2 image"),
        ({"content": [TABLE, PDF, LINK]}, ["the balance is 12.50"], "1 file, 1 link"),
        ({"content": [RECEIPT, {"type": "hologram"}]}, ["Paid; receipt 77."], "1 other"),
        ({"content": [{"type": "text", "text": None}, RECEIPT]}, ["Paid; receipt 77."], "1 other"),
        ({"content": [RECEIPT], "structuredContent": {"receipt": 77}}, {"receipt": 77}, None),
        ({"content": "Paid; receipt 77."}, ["Paid; receipt 77."], None),
        ({"content": []}, [], None),
        ({"content": None}, [], None),
        ({}, [], None),
    ],
)
async def test_an_answer_is_read_as_far_as_it_can_be(
    file: Path, answer: Given, result: Any, left_out: str | None
) -> None:
    output = {"type": "object", "properties": {"receipt": {"type": "string"}}, "required": ["receipt"]}
    given = {"tools": [{**PAY, "outputSchema": output}], "answers": {"pay": answer}}
    [tool] = (await joined(file, given)).tools
    told = await called(tool)
    assert (told["status"], told["result"], told.get("left_out")) == ("ok", result, left_out)


@pytest.mark.parametrize(
    ("content", "reason"), [([{"type": "text", "text": "no such account"}], "no such account"), ([], "no reason given")]
)
async def test_an_error_of_the_tool_is_reported_with_its_reason(file: Path, content: Any, reason: str) -> None:
    answer = {"content": content, "isError": True}
    [tool] = (await joined(file, {"tools": [PAY], "answers": {"pay": answer}})).tools
    with pytest.raises(ToolError, match=f"bank refused: {reason}"):
        await called(tool)


# The list -------------------------------------------------------------------------------------------------------------


def listed(name: Any, schema: Any = TO_WHOM, **more: Any) -> Given:
    return {"name": name, "description": "Do it.", "inputSchema": schema, **more}


async def test_one_odd_tool_is_left_out_and_named_and_the_others_join(file: Path) -> None:
    without_schema = {"name": "bare", "description": "No schema."}
    odd = [listed("yes", True), listed("none", None), listed("list", []), without_schema, listed(7), "nonsense"]
    with capture_logs() as logs:
        both = await joined(file, {"tools": [PAY, *odd, listed("ask")]})
    assert [tool.name for tool in both.tools] == ["pay", "ask"]
    assert both.unreachable_servers == []
    assert both.rejected_tools[0] == "bank: yes (its schema is no object)"
    assert both.rejected_tools[-1] == "bank: (no name) (it has no name)"
    rejected_tools = [entry["tool"] for entry in logs if entry["event"] == "mcp_tool_rejected"]
    assert rejected_tools == ["yes", "none", "list", "bare", "(no name)", "(no name)"]


async def test_names_get_characters_that_models_can_write_and_the_server_its_own(file: Path) -> None:
    both = await joined(file, {"tools": [listed("fs.read-file"), listed("pay/now")]}, tools={"pay/now": "write"})
    assert {tool.name: tool.risk for tool in both.tools} == {"fs_read-file": "outbound", "pay_now": "write"}
    assert (await called(both.tools[0]))["result"] == ["called fs.read-file"]


async def test_of_two_tools_of_one_name_the_first_joins(file: Path) -> None:
    both = await joined(file, {"tools": [listed("a.b"), listed("a_b"), listed("x" * 65)]})
    assert [tool.name for tool in both.tools] == ["a_b", "x" * 64]
    assert both.rejected_tools == ["bank: a_b (its name is taken, or too long)"]


async def test_a_list_of_several_pages_is_read_to_its_end(file: Path) -> None:
    pages = [[listed(f"tool_{page}")] for page in range(3)]
    assert [tool.name for tool in (await joined(file, {"pages": pages})).tools] == ["tool_0", "tool_1", "tool_2"]


async def test_a_list_without_an_end_is_read_for_some_pages(file: Path) -> None:
    both = await joined(file, {"pages": [[listed("same")]], "endless": True})
    assert [tool.name for tool in both.tools] == ["same"]


async def test_descriptions_have_room_in_a_request_and_say_what_is_missing(file: Path) -> None:
    [tool, silent] = (
        await joined(file, {"tools": [{**PAY, "description": "Search. " * 500}, {"name": "s", "inputSchema": {}}]})
    ).tools
    description = tool.schema()["function"]["description"]
    assert len(description) <= MAX_DESCRIPTION_CHARS
    assert "(shortened)" in description
    assert description.endswith("What it returns is data of bank.")
    assert silent.description.startswith("s\n")
