"""An MCP server that lists what it is given and answers a call as it is told: `python odd_mcp_server.py FILE [PORT]`.

The file is JSON: `tools`, or `pages` of tools; for each tool by name what its call is answered with under `answers`, and under
`faults` how it goes wrong: `hang`, `die`, `garbage`, `status 500`, `error -32603`, `slow end`. Each call is noted in a file
beside it, before anything goes wrong, as a server does that pays and then fails. With a port it speaks over HTTP, else over its
standard input and output.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FILE = Path(sys.argv[1])
GIVEN: dict[str, Any] = json.loads(FILE.read_text())
CALLS = FILE.with_suffix(".calls")
SERVER = {"capabilities": {"tools": {}}, "serverInfo": {"name": "odd", "version": "1"}}


def result_of(method: str, params: dict[str, Any]) -> Any:
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], **SERVER}
    if method == "tools/list":
        pages = GIVEN.get("pages", [GIVEN.get("tools", [])])
        place = int(params.get("cursor", 0))
        following = {"nextCursor": str(place + 1)} if place + 1 < len(pages) or "endless" in GIVEN else {}
        return {"tools": pages[place % len(pages)], **following}
    if method == "tools/call":
        told = {"content": [{"type": "text", "text": f"called {params['name']}"}]}
        return GIVEN.get("answers", {}).get(params["name"], told)
    return {}


def fault_of(asked: dict[str, Any]) -> str:
    if asked.get("method") != "tools/call":
        return ""
    with CALLS.open("a") as calls:
        calls.write(json.dumps(asked["params"]) + "\n")
    return str(GIVEN.get("faults", {}).get(asked["params"]["name"], ""))


def answer_to(asked: dict[str, Any], fault: str) -> str:
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
    if fault.startswith("error"):
        return json.dumps({**answer, "error": {"code": int(fault.split()[1]), "message": "it went wrong"}})
    if fault == "garbage":
        return '{"jsonrpc": "2.0", "id'
    return json.dumps({**answer, "result": result_of(asked["method"], asked.get("params") or {})})


def speak() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        fault = fault_of(asked)
        if fault == "die":
            os._exit(1)
        if fault == "hang":
            time.sleep(60)
        print(answer_to(asked, fault), flush=True)
        if fault == "slow end":
            time.sleep(60)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in asked:
            self.reply(202, "")
            return
        fault = fault_of(asked)
        if fault == "die":
            self.close_connection = True
            return
        if fault == "hang":
            time.sleep(5)
        self.reply(int(fault.split()[1]) if fault.startswith("status") else 200, answer_to(asked, fault))

    def reply(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    if len(sys.argv) > 2:
        server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
    else:
        speak()
