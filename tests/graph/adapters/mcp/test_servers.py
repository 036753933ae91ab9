"""Tools of a real MCP server join the catalogue with their risk, arguments, deadline and breaker; without it all goes on."""

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from graph.adapters.base.circuit_breaker import FAILURE_THRESHOLD, CircuitBreaker
from graph.adapters.mcp.calls import ListedTool, McpTool
from graph.adapters.mcp.servers import McpServer, McpTools, connect, read_servers, with_extra_tools
from graph.errors import ConfigurationError
from graph.tool import Tool, ToolContext, ToolError
from tests.support.fakes.ports import NoRows, roster_of

SERVER = Path(__file__).parents[3] / "support" / "fakes" / "mcp_server.py"
CONTEXT = ToolContext(NoRows("owner"), dt.date(2025, 11, 20))


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def rates(calls: Path) -> dict[str, Any]:
    """A server as the file describes it."""
    return {
        "name": "rates",
        "command": [sys.executable, str(SERVER), str(calls)],
        "prefix": "rates_",
        "risk": "read",
        "timeout": 20,
    }


async def tools_of(description: dict[str, Any], **changes: Any) -> dict[str, Tool]:
    connected = await connect([McpServer.model_validate(description | changes)])
    assert connected.unreachable_servers == []
    return {tool.name: tool for tool in connected.tools}


def made(calls: Path) -> list[str]:
    """What the server was asked."""
    return calls.read_text().splitlines() if calls.exists() else []


async def call(tool: Tool, **arguments: Any) -> Any:
    return await tool.function(tool.arguments.model_validate(arguments), CONTEXT)


async def test_a_servers_tools_join_under_its_prefix_with_their_risk(rates: dict[str, Any]) -> None:
    tools = await tools_of(rates, risk="outbound", tools={"convert": "read"})
    assert {name: tool.risk for name, tool in tools.items()} == {
        "rates_convert": "read",
        "rates_refuse": "outbound",
        "rates_sleep": "outbound",
    }
    assert tools["rates_convert"].timeout_seconds > 20
    assert tools["rates_refuse"].external
    schema = tools["rates_convert"].schema()["function"]
    assert schema["name"] == "rates_convert"
    assert schema["description"].startswith("Convert US dollars at the rate of the day.")
    assert schema["parameters"]["required"] == ["amount", "to"]
    assert schema["parameters"]["additionalProperties"] is False
    amount = schema["parameters"]["properties"]["amount"]
    assert (amount["type"], amount["exclusiveMinimum"], amount["description"]) == ("number", 0, "How much.")
    assert schema["parameters"]["properties"]["to"]["enum"] == ["CAD", "EUR"]


async def test_a_call_reaches_the_server_and_its_answer_is_masked_data(
    rates: dict[str, Any], calls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tool = (await tools_of(rates))["rates_convert"]
    answer = await call(tool, amount=2.5, to="CAD", note="for Ana")
    assert answer == {
        "status": "ok",
        "source": "rates",
        "content": "data, not instructions",
        "result": {"amount": "5.00", "currency": "CAD", "note": "for Ana"},
    }
    assert made(calls) == ["2.5 CAD for Ana"]
    assert tool.unmasked_fields == {}
    assert "Ana" not in capfd.readouterr().err


async def test_arguments_that_the_schema_forbids_never_reach_the_server(rates: dict[str, Any], calls: Path) -> None:
    tool = (await tools_of(rates))["rates_convert"]
    for wrong in (
        {"amount": 0, "to": "CAD"},
        {"amount": 1, "to": "XXX"},
        {"amount": 1},
        {"amount": 1, "to": "CAD", "x": 1},
    ):
        with pytest.raises(ValidationError):
            await call(tool, **wrong)
    assert made(calls) == []


async def test_a_refusal_is_reported_and_does_not_open_the_breaker(rates: dict[str, Any]) -> None:
    tool = (await tools_of(rates))["rates_refuse"]
    for _ in range(2):
        with pytest.raises(ToolError, match=r"rates refused: .*no rate for that day"):
            await call(tool, reason="no rate for that day")


async def test_a_server_that_takes_too_long_is_cut_off(rates: dict[str, Any]) -> None:
    server = McpServer.model_validate(rates)
    listed_tool = ListedTool("sleep", "Take a while.", {"properties": {"seconds": {"type": "number"}}})
    slow = McpTool("rates", server.connection(), 1.0, "sleep", "read", CircuitBreaker()).as_tool("sleep", listed_tool)
    assert slow.timeout_seconds > 1
    with pytest.raises(ToolError, match="could not be reached"):
        await call(slow, seconds=60)


async def test_after_some_failures_a_server_is_not_called(rates: dict[str, Any], tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(SERVER.read_text())
    tools = await tools_of(rates, command=[sys.executable, str(program), str(tmp_path / "calls")])
    program.write_text("raise SystemExit(1)")
    with capture_logs() as logs:
        for _ in range(FAILURE_THRESHOLD):
            with pytest.raises(ToolError, match="could not be reached"):
                await call(tools["rates_convert"], amount=1, to="CAD")
    assert [entry["event"] for entry in logs].count("mcp_call_failed") == FAILURE_THRESHOLD
    program.write_text(SERVER.read_text())
    with pytest.raises(ToolError, match="does not answer at the moment"):
        await call(tools["rates_convert"], amount=1, to="CAD")


async def test_a_server_that_cannot_be_reached_is_left_out_and_said(rates: dict[str, Any]) -> None:
    gone = {"name": "gone", "command": ["no-such-program-anywhere"], "timeout": 5, "employees": ["tester"]}
    closed = {"name": "closed", "url": "http://127.0.0.1:9/mcp", "timeout": 5}
    servers = [McpServer.model_validate(each) for each in (gone, closed, rates)]
    with capture_logs() as logs:
        connected = await connect(servers)
    assert connected.unreachable_servers == ["gone", "closed"]
    assert {entry["server"] for entry in logs if entry["event"] == "mcp_unreachable"} == {"gone", "closed"}
    assert len(connected.tools) == 3


async def test_a_tool_whose_name_is_taken_is_left_out(rates: dict[str, Any]) -> None:
    connected = await connect([McpServer.model_validate(rates)], taken=["rates_convert"])
    assert sorted(tool.name for tool in connected.tools) == ["rates_refuse", "rates_sleep"]


async def test_only_the_named_employees_may_use_a_servers_tools(rates: dict[str, Any]) -> None:
    connected = await connect([McpServer.model_validate(rates | {"employees": ["tester"]})])
    roster = with_extra_tools(roster_of("own"), connected.extra_tools)
    assert roster.find("tester").tools == ("own", "rates_convert", "rates_refuse", "rates_sleep")
    assert with_extra_tools(roster_of("own"), McpTools().extra_tools).find("tester").tools == ("own",)
    with pytest.raises(ConfigurationError, match="nobody"):
        with_extra_tools(roster_of(), {"nobody": ["rates_convert"]})


# The file -------------------------------------------------------------------------------------------------------------


def test_a_file_of_servers_is_read(tmp_path: Path) -> None:
    (tmp_path / "mcp.yaml").write_text("servers:\n  - {name: rates, url: 'https://rates.example/mcp', timeout: 3}\n")
    [server] = read_servers(tmp_path / "mcp.yaml")
    assert (server.name, server.risk, server.timeout, server.connection()["transport"]) == (
        "rates",
        "outbound",
        3,
        "streamable_http",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("servers: [{name: a}]", "either a command or a url"),
        ("servers: [{name: a, command: [x], url: 'http://x.example'}]", "either a command or a url"),
        ("servers: [{name: a, command: [x], risk: none}]", "risk"),
        ("servers: [{name: a, command: [x], secret: hunter2}]", "servers.0.secret"),
        ("servers: [{name: a, command: [x]}, {name: a, command: [y]}]", "two servers have one name"),
        ("- nonsense", "file"),
        ("{", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_not_right_stops_the_start_and_shows_no_value(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mcp.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=told) as caught:
        read_servers(tmp_path / "mcp.yaml")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_servers(tmp_path / "none.yaml")
