"""The events of a run arrive once each, whatever happens to the connection."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from graph.errors import ServiceUnavailable, TooManyTurns, Unauthenticated, UnknownEmployee
from graph.terminal.api import ChatApi, NewMessage
from graph.terminal.event_stream import EventStream

RUN = "cdf84789-3588-41fc-84ed-c9079eb8253c"
MESSAGE = NewMessage("Hello", "key-1", None, "dash")
START = {"type": "start", "session_id": "s", "run_id": RUN, "employee": {"slug": "dash", "title": "", "emoji": ""}}
DONE = {"type": "done", "status": "complete"}

Reply = Callable[[BaseHTTPRequestHandler], None]


class ScriptedService(ThreadingHTTPServer):
    """Answers each request with the next reply, and remembers the requests."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = list(replies)
        self.requests: list[tuple[str, str, Any]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: ScriptedService

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(self.headers.get("Idempotency-Key", ""), body)

    def do_GET(self) -> None:
        self._answer(self.headers.get("Last-Event-ID", ""), None)

    def _answer(self, header: str, body: Any) -> None:
        self.server.requests.append((self.path, header, body))
        self.server.replies.pop(0)(self)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def events(first: int, *frames: object, comment: str = "") -> Reply:
    """A stream of events numbered from `first` that then ends; a text is sent as it is."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for number, frame in enumerate(frames, first):
            text = frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False)
            handler.wfile.write(f"{comment}id: {RUN}:{number}\ndata: {text}\n\n".encode())

    return reply


def refusal(status: int, body: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return reply


def error_body(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": f"this is {code}"}})


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


@contextmanager
def serving(*replies: Reply) -> Iterator[ScriptedService]:
    with ScriptedService(*replies) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def read(*replies: Reply) -> tuple[list[str], ScriptedService, int]:
    """The contents and types of a message's events, the service, and how often the connection was lost."""
    drops: list[None] = []
    with serving(*replies) as service, ChatApi(service.address, "token") as api:
        stream = EventStream(api, lambda: drops.append(None), pauses=(0.0, 0.0))
        read = [str(event.get("content", event["type"])) for event in stream.send(MESSAGE)]
    return read, service, len(drops)


def text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}


def test_a_stream_is_read_to_its_final_event() -> None:
    seen, service, drops = read(events(1, START, text("one "), text("two"), DONE))
    assert (seen, drops) == (["start", "one ", "two", "done"], 0)
    assert service.requests == [("/api/chat", "key-1", {"message": "Hello", "employee_slug": "dash"})]


def test_a_dropped_stream_continues_behind_the_last_event() -> None:
    seen, service, drops = read(events(1, START, text("one ")), drop, events(3, text("two"), DONE))
    assert (seen, drops) == (["start", "one ", "two", "done"], 2)
    assert [request[:2] for request in service.requests[1:]] == [(f"/api/runs/{RUN}/events", f"{RUN}:2")] * 2


def test_a_message_whose_connection_drops_before_the_first_event_is_sent_again_with_the_same_key() -> None:
    seen, service, _ = read(drop, events(1, START, DONE))
    assert seen == ["start", "done"]
    assert [request[1] for request in service.requests] == ["key-1", "key-1"]


def test_a_service_that_restarts_is_waited_for() -> None:
    seen, _, _ = read(events(1, START), refusal(503, error_body("unavailable")), events(2, DONE))
    assert seen == ["start", "done"]


def test_a_half_sent_event_is_read_again() -> None:
    seen, service, _ = read(events(1, START, '{"type": "te'), events(2, text("whole"), DONE))
    assert seen == ["start", "whole", "done"]
    assert service.requests[1][1] == f"{RUN}:1"


def test_comments_and_unusual_line_ends_are_no_events() -> None:
    seen, _, _ = read(events(1, START, text("a\u2028b"), DONE, comment=": still here\n\n"))
    assert seen == ["start", "a\u2028b", "done"]


def test_a_service_that_stays_away_is_reported_with_its_address() -> None:
    with pytest.raises(ServiceUnavailable, match=r"http://127\.0\.0\.1:\d+ cannot be reached"):
        read(events(1, START), drop, drop, drop)


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (429, error_body("too_many_turns"), TooManyTurns, "this is too_many_turns"),
        (404, error_body("unknown_employee"), UnknownEmployee, "this is unknown_employee"),
        (503, error_body("overloaded"), ServiceUnavailable, "this is overloaded"),
        (401, "<html>", Unauthenticated, "sign in"),
        (502, "<html>Bad Gateway</html>", ServiceUnavailable, "HTTP 502"),
        (405, "[]", Exception, "not the chat service"),
    ],
)
def test_a_refusal_is_raised_as_its_error(status: int, body: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read(refusal(status, body))
