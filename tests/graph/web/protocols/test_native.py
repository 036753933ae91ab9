"""The native protocol writes one SSE frame an event, and reads the id with which a client resumes."""

import ast
import json
from pathlib import Path

import pytest

from graph.errors import InvalidRequest
from graph.events import Text
from graph.web import protocols
from graph.web.protocols.native import encode_frame, parse_last_event_id

RUN = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"
FRAMEWORKS = {"fastapi", "starlette", "uvicorn"}


def test_a_frame_has_an_id_and_one_line_of_json() -> None:
    assert encode_frame(RUN, 7, Text(type="text", content="€ 5")) == (
        f'id: {RUN}:7\ndata: {{"type":"text","content":"€ 5"}}\n\n'.encode()
    )


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_line_end_in_a_text_does_not_end_the_line_of_the_frame(end: str) -> None:
    frame = encode_frame(RUN, 1, Text(type="text", content=f"one{end}two")).decode()
    _, data, *rest = frame.splitlines()
    assert rest == [""]
    assert json.loads(data.removeprefix("data: "))["content"] == f"one{end}two"


@pytest.mark.parametrize(("header", "seq"), [(None, 0), ("", 0), (f"{RUN}:7", 7), (f"{RUN.upper()}:1000001", 1000001)])
def test_a_client_resumes_after_the_event_whose_id_it_sends(header: str | None, seq: int) -> None:
    assert parse_last_event_id(header, RUN) == seq


def test_the_id_of_a_frame_is_read_back() -> None:
    [line, *_] = encode_frame(RUN, 12, Text(type="text", content="")).decode().splitlines()
    assert parse_last_event_id(line.removeprefix("id: "), RUN) == 12


@pytest.mark.parametrize(
    "header",
    ["9b2c1f6e-0d1c-4f7a-8a53-5b8a1c2d3e4f:1", RUN, f"{RUN}:", f"{RUN}:x", f"{RUN}:-1", f"{RUN}:1 ", f"{RUN}:{10**9}"],
)
def test_an_id_that_is_not_of_this_run_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_last_event_id(header, RUN)


def test_protocols_import_no_web_framework() -> None:
    imported = set()
    for folder in protocols.__path__:
        for file in Path(folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    imported.add(node.module.partition(".")[0])
    assert imported & FRAMEWORKS == set()
