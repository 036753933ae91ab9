"""A tool of an MCP server answers in a turn; a server that is not there, or an odd tool, keeps nothing from starting, and is
named.
"""

import json
import re
import sys
from pathlib import Path

from tests.support.servers import ROOT, running


def test_a_servers_tool_answers_in_a_turn_and_a_missing_server_is_said(tmp_path: Path) -> None:
    server = [sys.executable, str(ROOT / "tests" / "support" / "fakes" / "mcp_server.py"), str(tmp_path / "calls")]
    (tmp_path / "odd.json").write_text(json.dumps({"tools": [{"name": "store", "inputSchema": True}]}))
    odd = [sys.executable, str(ROOT / "tests" / "support" / "fakes" / "odd_mcp_server.py"), str(tmp_path / "odd.json")]
    servers = [
        {
            "name": "rates",
            "command": server,
            "prefix": "rates_",
            "risk": "read",
            "employees": ["prime-boss"],
            "timeout": 30,
        },
        {"name": "gone", "command": ["no-such-program-anywhere"], "employees": ["prime-boss"]},
        {"name": "odd", "command": odd, "employees": ["prime-boss"], "timeout": 30},
    ]
    (tmp_path / "mcp.yaml").write_text(json.dumps({"servers": servers}))
    environment = {"MCP_SERVERS": str(tmp_path / "mcp.yaml")}
    with running(tmp_path / "data", environment) as started, started.client() as user:
        ready = user.get("/ready")
        assert (ready.status_code, ready.json()["mcp_unreachable"]) == (200, "gone")
        assert ready.json()["mcp_left_out"] == "odd: store (its schema is no object)"
        assert {"mcp_unreachable", "mcp_tool_rejected"} <= set(re.findall(r'"event": "(\w+)"', started.log.read_text()))
        answer = user.ask('CALL:rates_convert:{"amount": 2.5, "to": "CAD", "note": "for Anna Whitfield"}')
        [result] = answer.of("tool_result")
        assert result["result"]["result"] == {"amount": "5.00", "currency": "CAD", "note": "for Anna Whitfield"}
        assert (tmp_path / "calls").read_text() == "2.5 CAD for Anna Whitfield\n"
        assert "Whitfield" not in started.log.read_text()
        [row] = started.sql("select content from chat_messages where role = 'tool' and user_id = %s", user.user)
        assert "Whitfield" not in row["content"]
