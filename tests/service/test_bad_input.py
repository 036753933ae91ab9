"""What a caller can get wrong: each a clear JSON error, nothing stored, nothing hung."""

import base64
import gzip
import http.client
import json
import re
import socket
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.clients import Client
from tests.support.servers import Server

JSON = {"Content-Type": "application/json"}
STORED = ("chat_sessions", "chat_runs", "chat_messages", "chat_run_events", "chat_usage_log", "chat_rate_limits")
SOMEBODY = "11111111-2222-4333-8444-555555555555"


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, which has the one shape that all have."""
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["message"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"]
    return response.status_code, body["error"]["code"]


def stored_by(server: Server, user: str) -> int:
    """How many rows there are of a user."""
    count = "select count(*) as rows from {} where user_id = %s"
    return sum(server.sql(count.format(table), user)[0]["rows"] for table in STORED)


@pytest.fixture
def nothing_stored(server: Server, user: Client) -> Iterator[None]:
    """The test leaves no row of its user."""
    yield
    assert stored_by(server, user.user) == 0


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "Hello", "employee_slug": "nobody"}])
def test_who_calls_is_checked_before_what_is_said(body: object, server: Server) -> None:
    response = httpx.post(f"{server.address}/api/chat", json=body)
    assert error_of(response) == (401, "unauthenticated")


# The message


@pytest.mark.parametrize("message", ["", " ", "\n\t \u2003", "\x00", "\ud800"])
@pytest.mark.usefixtures("nothing_stored")
def test_an_empty_message_is_refused(message: str, user: Client) -> None:
    response = user.post("/api/chat", content=json.dumps({"message": message}), headers=JSON)
    assert error_of(response) == (422, "message_empty")


@pytest.mark.parametrize("message", ["a" * 8001, "é" * 8001, "🙂" * 8001, "a" * 900_000])
@pytest.mark.usefixtures("nothing_stored")
def test_a_message_over_the_limit_is_refused(message: str, user: Client) -> None:
    response = user.post("/api/chat", content=json.dumps({"message": message}, ensure_ascii=False), headers=JSON)
    assert error_of(response) == (422, "message_too_long")


@pytest.mark.parametrize("message", ["word " * 1599 + "words", "é" * 8000])
def test_a_message_at_the_limit_is_answered(message: str, user: Client) -> None:
    assert len(message) == 8000
    assert user.ask(message).last["type"] == "done"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "Hello",
        1,
        None,
        {"message": None},
        {"message": 1},
        {"message": ["Hello"]},
        {"message": {"text": "Hello"}},
        {"text": "Hello"},
        {"message": "Hello", "unknown": 1},
        {"message": "Hello", "user_id": SOMEBODY},
        {"message": "Hello", "session_id": "1"},
        {"message": "Hello", "session_id": 1},
        {"message": "Hello", "session_id": "\x00"},
        {"message": "Hello", "session_id": "\ud800"},
        {"message": "Hello", "edit_message_id": "1"},
        {"message": "Hello", "editMessageId": 1},
        {"message": "Hello", "edit_message_id": "\x00"},
        {"message": "Hello", "employee_slug": 1},
        {"message": "Hello", "employee_slug": ""},
        {"message": "Hello", "employee_slug": "x" * 65},
        {"message": "Hello", "stream": "no"},
        {"message": "Hello", "stream": 0},
        {"message": "Hello", "stream": None},
        {"message": "Hello", "client_message_id": ""},
        {"message": "Hello", "client_message_id": "x" * 201},
        {"message": "Hello", "client_message_id": 7},
        {"message": "Hello", "\ud800": 1},
        {"message": "Hello", "\x00": 1},
    ],
    ids=repr,
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_of_another_form_is_refused(body: object, user: Client) -> None:
    assert error_of(user.post("/api/chat", content=json.dumps(body), headers=JSON)) == (422, "invalid_request")


@pytest.mark.usefixtures("nothing_stored")
def test_a_refusal_names_the_field_and_does_not_repeat_what_was_sent(user: Client) -> None:
    body = {"message": "Hello", "session_id": "4111 1111 1111 1111"}
    response = user.post("/api/chat", json=body)
    assert "session_id" in response.json()["error"]["message"]
    assert "4111" not in response.text


@pytest.mark.parametrize(
    "body",
    [
        [],
        "Hello",
        1,
        None,
        {"message": "Hello"},
        {"session_id": SOMEBODY},
        {"employee_slug": ""},
        {"stream": "no"},
        {"on_conflict": "rollback"},
        {"client_message_id": ""},
    ],
    ids=repr,
)
def test_a_body_of_another_form_is_refused_where_none_is_needed(body: object, server: Server, user: Client) -> None:
    session = user.ask("Hello").session
    stored = stored_by(server, user.user)
    response = user.post(f"/api/sessions/{session}/regenerate", content=json.dumps(body), headers=JSON)
    assert error_of(response) == (422, "invalid_request")
    assert stored_by(server, user.user) == stored


@pytest.mark.parametrize("key", ["", "x" * 201])
@pytest.mark.usefixtures("nothing_stored")
def test_an_idempotency_key_of_the_wrong_length_is_refused(key: str, user: Client) -> None:
    response = user.post("/api/chat", json={"message": "Hello"}, headers={"Idempotency-Key": key})
    assert error_of(response) == (422, "invalid_request")


# What is no JSON


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"Hello",
        b'{"message": "Hello"',
        b"{'message': 'Hello'}",
        b'{"message": "Hello"} trailing',
        b'{"message": "\xff\xfe"}',
        '{"message": "Hällo"}'.encode("latin-1"),
        b"\x00",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"message": "Hello", "n": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda content: repr(content[:24]),
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_that_cannot_be_read_is_a_bad_request(content: bytes, user: Client) -> None:
    status, code = error_of(user.post("/api/chat", content=content, headers=JSON))
    assert (status, code) in {(400, "bad_request"), (422, "invalid_request")}
    assert status == 400 or content == b""


@pytest.mark.usefixtures("nothing_stored")
def test_json_that_is_deep_and_whole_is_refused(user: Client) -> None:
    content = b'{"message": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    status, _ = error_of(user.post("/api/chat", content=content, headers=JSON))
    assert status in (400, 422)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": ";"}],
    ids=repr,
)
@pytest.mark.usefixtures("nothing_stored")
def test_another_content_type_is_refused(headers: dict[str, str], user: Client) -> None:
    status, _ = error_of(user.post("/api/chat", content=b'{"message": "Hello"}', headers=headers))
    assert 400 <= status < 500


@pytest.mark.usefixtures("nothing_stored")
def test_a_form_is_refused(user: Client) -> None:
    status, _ = error_of(user.post("/api/chat", files={"message": b"Hello"}))
    assert 400 <= status < 500


# How much


def large_body(size: int) -> bytes:
    return json.dumps({"message": "a" * size}).encode()


@pytest.mark.usefixtures("nothing_stored")
def test_a_body_over_a_megabyte_is_refused_by_its_declared_length(user: Client) -> None:
    assert error_of(user.post("/api/chat", content=large_body(1_000_000), headers=JSON)) == (413, "body_too_large")


@pytest.mark.usefixtures("nothing_stored")
def test_a_body_over_a_megabyte_is_refused_without_a_declared_length(user: Client) -> None:
    def pieces() -> Iterator[bytes]:
        body = large_body(1_500_000)
        yield from (body[start : start + 65_536] for start in range(0, len(body), 65_536))

    assert error_of(user.post("/api/chat", content=pieces(), headers=JSON)) == (413, "body_too_large")


@pytest.mark.usefixtures("nothing_stored")
def test_a_large_body_is_refused_before_it_is_sent(server: Server, user: Client) -> None:
    """Only the head is sent: an answer shows that nobody waits for the body."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=5)
    connection.putrequest("POST", "/api/chat")
    for name, value in {**JSON, "Authorization": user.headers["Authorization"], "Content-Length": "9000000000"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_the_service_answers_after_a_body_that_was_too_large(user: Client) -> None:
    user.post("/api/chat", content=large_body(1_000_000), headers=JSON)
    assert user.ask("Hello").last["type"] == "done"


# Bombs

PASS_SECONDS = 1.0
"""The longest that `/health` may take while a bomb goes off, on a machine that does much else; what it guards against took from
half a second to minutes."""


@contextmanager
def others_are_served(server: Server) -> Iterator[list[float]]:
    """Somebody asks for `/health` all the time; how long each answer took, in seconds."""
    is_waiting: list[float] = []
    begun, over = threading.Event(), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.address, timeout=60) as client:
            while not over.wait(0.005):
                began = time.perf_counter()
                assert client.get("/health").status_code == 200
                is_waiting.append(time.perf_counter() - began)
                begun.set()

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        begun.wait(10)
        try:
            yield is_waiting
        finally:
            over.set()
        asking.result()
    assert max(is_waiting) < PASS_SECONDS


def message_of(text: str) -> bytes:
    """A body of ASCII, as `json.dumps` writes it, or of UTF-8 where that is shorter."""
    return json.dumps({"message": text}, ensure_ascii="\ud800" in text).encode()


def many_keys(number: int) -> bytes:
    return ("{" + ",".join(f'"{key:x}":1' for key in range(number)) + "}").encode()


def zipped(how: str) -> tuple[bytes, dict[str, str]]:
    """A body that would be a hundred megabytes."""
    packings: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda text: b"\x1b" + bytes(2000),
    }
    packed = packings[how]
    return packed(b'{"message": "' + b"a" * 100_000_000 + b'"}'), {"Content-Encoding": how}


BOMBS: dict[str, Callable[[], tuple[bytes, dict[str, str]]]] = {
    "lists a hundred thousand deep": lambda: (b"[" * 100_000 + b"]" * 100_000, {}),
    "objects a hundred thousand deep": lambda: (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {}),
    "a message a hundred thousand deep": lambda: (b'{"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}", {}),
    "a million keys": lambda: (many_keys(1_000_000), {}),
    "as many keys as fit": lambda: (many_keys(95_000), {}),
    "as many keys as fit, in the message": lambda: (b'{"message":' + many_keys(95_000) + b"}", {}),
    "a list as long as fits": lambda: (b"[" + b"1," * 490_000 + b"1]", {}),
    "the same key again and again": lambda: (b"{" + b'"message":1,' * 80_000 + b'"message":1}', {}),
    "a key of a megabyte": lambda: (b'{"message": "Hello", "' + b"k" * 900_000 + b'": 1}', {}),
    "a number of a megabyte": lambda: (b'{"message": ' + b"9" * 900_000 + b"}", {}),
    "a number beyond all": lambda: (b'{"message": 1e999999999}', {}),
    "gzip": lambda: zipped("gzip"),
    "deflate": lambda: zipped("deflate"),
    "brotli": lambda: zipped("br"),
    "gzip within gzip": lambda: (gzip.compress(zipped("gzip")[0]), {"Content-Encoding": "gzip, gzip"}),
    "a hundred thousand combining marks": lambda: (message_of("a" + "\u0301" * 100_000), {}),
    "combining marks in the wrong order": lambda: (message_of("a" + "\u0301" * 240_000 + "\u0327" * 240_000), {}),
    "letters that grow": lambda: (message_of("\ufdfa" * 300_000), {}),
    "bidirectional characters": lambda: (message_of("\u202e" * 300_000), {}),
    "control characters": lambda: (message_of("\x01" * 160_000), {}),
    "lone surrogates": lambda: (message_of("\ud800" * 160_000), {}),
    "NULs": lambda: (message_of("\0" * 160_000), {}),
    "invalid UTF-8": lambda: (b'{"message": "' + b"\xff" * 900_000 + b'"}', {}),
    "overlong UTF-8": lambda: (b'{"message": "\xc0\x80\xe0\x80\xaf"}', {}),
    "a body in parts": lambda: (
        b"--x\r\n\r\n\r\n" * 50_000 + b"--x--",
        {"Content-Type": "multipart/form-data; boundary=x"},
    ),
    "a form of many fields": lambda: (b"a=1&" * 200_000, {"Content-Type": "application/x-www-form-urlencoded"}),
    "XML that grows": lambda: (
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        {"Content-Type": "application/xml"},
    ),
    "a type of another charset": lambda: (b"\xff\xfe{", {"Content-Type": "application/json; charset=utf-7"}),
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.usefixtures("nothing_stored")
def test_a_bomb_is_refused_and_others_are_served_meanwhile(kind: str, server: Server, user: Client) -> None:
    content, headers = BOMBS[kind]()
    with others_are_served(server):
        response = user.post("/api/chat", content=content, headers={**JSON, **headers})
    assert error_of(response)[0] in (400, 413, 422)
    assert len(response.content) < 2000


@pytest.mark.parametrize("kind", ["as many keys as fit", "combining marks in the wrong order", "lone surrogates"])
def test_a_bomb_for_another_route_is_refused_too(kind: str, server: Server, user: Client) -> None:
    content = BOMBS[kind]()[0].replace(b'"message"', b'"fact"')
    with others_are_served(server):
        response = user.post("/api/memory", content=content, headers=JSON)
    assert error_of(response)[0] == 422
    assert user.get("/api/memory").json()["items"] == []


@pytest.mark.parametrize(
    "kind", ["as many keys as fit", "a list as long as fits", "a number of a megabyte", "lists a hundred thousand deep"]
)
def test_nothing_of_a_refused_body_stays_in_memory(kind: str, server: Server, user: Client) -> None:
    content, headers = BOMBS[kind]()

    def refuse(times: int) -> int:
        for _ in range(times):
            user.post("/api/chat", content=content, headers={**JSON, **headers})
        return memory_of(server)

    begun = memory_of(server)
    before = refuse(5)
    assert before - begun < 200_000_000
    assert refuse(40) - before < 30_000_000


def memory_of(server: Server) -> int:
    """Bytes that the server's process holds."""
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.mark.parametrize(
    "head",
    [
        b"X-Filler: " + b"a" * 200_000,
        b"\r\n".join(b"X-%d: a" % number for number in range(20_000)),
        b"X Filler: a",
        b": a",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -1",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Host: a\r\nHost: b",
        b"X-Nul: \0",
    ],
    ids=lambda head: repr(head[:40]),
)
def test_a_strange_head_is_refused_and_others_are_served_meanwhile(head: bytes, server: Server) -> None:
    """No answer is one of the service's own errors; what comes after such a head on its connection is not read as a request."""
    request = b"POST /api/chat HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n0\r\n\r\nGET /api/sessions HTTP/1.1\r\n\r\n"
    with others_are_served(server):
        statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", heard(server, request))]
    assert all(400 <= status < 500 for status in statuses)
    assert len(statuses) <= 1


def heard(server: Server, request: bytes) -> bytes:
    """What the server says to these bytes until it hangs up, or has said nothing for a while."""
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=2) as connection, suppress(OSError):
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(request)
        while piece := connection.recv(65_536):
            answer += piece
            if b"\r\n\r\n" in answer:
                connection.settimeout(0.3)
    return answer


# Characters that are stored, but tidied


def test_a_text_is_tidied_before_it_is_stored(server: Server, user: Client) -> None:
    message = "pay\u202e the \x1b[31mbill\x07 for the cafe" + "\u0301" * 4000
    response = user.post("/api/chat", content=json.dumps({"message": message, "stream": False}), headers=JSON)
    assert response.status_code == 200
    [stored] = server.sql("select content from chat_messages where user_id = %s and role = 'user'", user.user)
    assert stored["content"] == "pay the [31mbill for the café" + "\u0301" * 29


def test_more_marks_than_a_character_can_carry_are_left_out(server: Server, user: Client) -> None:
    content = json.dumps({"message": "a" + "\u0301\u0327" * 49_000, "stream": False}, ensure_ascii=False).encode()
    with others_are_served(server):
        assert user.post("/api/chat", content=content, headers=JSON).status_code == 200
    [stored] = server.sql("select content from chat_messages where user_id = %s and role = 'user'", user.user)
    assert len(stored["content"]) <= 31


# Event ids


@pytest.mark.parametrize(
    "sent",
    [
        "1",
        "{run}",
        "{run}:",
        "{run}:-1",
        "{run}:1.5",
        "{run}:1e3",
        "{run}:9999999999",
        "{run}:\xb2",
        "{run}:1:1",
        "{run}:0x1",
        "{run}:1' or '1'='1",
        "{run}:" + "1" * 50_000,
        "../{run}:1",
        "%00",
        "null",
        "a" * 50_000,
        "\xff\xfe",
    ],
    ids=lambda sent: ascii(sent[:24]),
)
def test_an_event_id_of_another_form_is_refused(sent: str, user: Client) -> None:
    run = user.ask("Hello").run
    header = sent.replace("{run}", run).encode("latin-1")
    response = user.get(f"/api/runs/{run}/events", headers={b"Last-Event-ID": header})
    assert error_of(response) == (400, "bad_request")


def test_an_event_id_that_the_run_never_reached_ends_the_stream_at_once(user: Client) -> None:
    run = user.ask("Hello").run
    assert user.follow(run, f"{run}:999999999").events == []


def test_two_event_ids_are_not_two_streams(user: Client) -> None:
    run = user.ask("Hello").run
    headers = [("Last-Event-ID", f"{run}:1"), ("Last-Event-ID", f"{uuid.uuid4()}:1")]
    assert user.get(f"/api/runs/{run}/events", headers=headers).status_code in (200, 400)


# Characters that cannot be stored


@pytest.mark.parametrize("message", ["be\x00fore", "be\ud800fore", "\udfffbefore", "\x00\x00before\x00"], ids=ascii)
def test_nul_and_lone_surrogates_are_left_out(message: str, server: Server, user: Client) -> None:
    response = user.post("/api/chat", content=json.dumps({"message": message, "stream": False}), headers=JSON)
    assert response.status_code == 200
    [stored] = server.sql("select content from chat_messages where user_id = %s and role = 'user'", user.user)
    [session] = server.sql("select title from chat_sessions where user_id = %s", user.user)
    assert stored["content"] == session["title"] == "before"


@pytest.mark.usefixtures("nothing_stored")
def test_a_surrogate_in_the_bytes_is_left_out_too(user: Client) -> None:
    response = user.post("/api/chat", content=b'{"message": "\xed\xa0\x80"}', headers=JSON)
    assert error_of(response) == (422, "message_empty")


def test_a_pair_of_surrogates_is_one_character(server: Server, user: Client) -> None:
    user.post("/api/chat", content=b'{"message": "\\ud83d\\ude42 smile", "stream": false}', headers=JSON)
    [stored] = server.sql("select content from chat_messages where user_id = %s and role = 'user'", user.user)
    assert stored["content"] == "🙂 smile"


def test_other_fields_are_cleaned_like_the_message(server: Server, user: Client) -> None:
    session = user.ask("Hello").session
    title = json.dumps({"title": "My\x00 title\ud800"})
    fact = json.dumps({"fact": "I like\x00 teal\ud800"})
    assert user.patch(f"/api/sessions/{session}", content=title, headers=JSON).json()["title"] == "My title"
    assert user.post("/api/memory", content=fact, headers=JSON).json()["fact"] == "I like teal"
    body = json.dumps({"message": "Hello", "employee_slug": "tag\x00-ai", "client_message_id": "k\x00ey"})
    assert user.post("/api/chat", content=body, headers=JSON).status_code == 200


# Addresses


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/api/chat/more", "/favicon.ico", "/api/%00", "/%ff"])
def test_an_unknown_address_is_not_found(path: str, user: Client) -> None:
    assert error_of(user.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/chat"),
        ("DELETE", "/api/chat"),
        ("POST", "/health"),
        ("PUT", "/api/sessions"),
        ("BREW", "/api/chat"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_refused(method: str, path: str, user: Client) -> None:
    response = user.request(method, path)
    assert error_of(response) == (405, "method_not_allowed")
    assert response.headers["Allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/sessions/{id}"),
        ("PATCH", "/api/sessions/{id}"),
        ("DELETE", "/api/sessions/{id}"),
        ("GET", "/api/sessions/{id}/messages"),
        ("POST", "/api/sessions/{id}/regenerate"),
        ("GET", "/api/runs/{id}/events"),
        ("POST", "/api/runs/{id}/stop"),
        ("DELETE", "/api/memory/{id}"),
    ],
)
@pytest.mark.parametrize("bad_id", ["1", "not-a-uuid", "%00", "00000000-0000-0000-0000-00000000000g"])
def test_an_id_that_is_no_uuid_is_refused(method: str, path: str, bad_id: str, user: Client) -> None:
    response = user.request(method, path.format(id=bad_id), json={"title": "x"} if method == "PATCH" else None)
    assert error_of(response) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/sessions/{id}", None),
        ("PATCH", "/api/sessions/{id}", {"title": "x"}),
        ("DELETE", "/api/sessions/{id}", None),
        ("GET", "/api/sessions/{id}/messages", None),
        ("POST", "/api/sessions/{id}/regenerate", None),
        ("POST", "/api/chat", {"message": "Hello", "edit_message_id": SOMEBODY}),
        ("PUT", "/api/sessions/{id}/messages/{id}/feedback", {"type": "like"}),
        ("GET", "/api/runs/{id}/events", None),
        ("POST", "/api/runs/{id}/stop", None),
        ("DELETE", "/api/memory/{id}", None),
    ],
)
def test_an_id_of_nothing_is_not_found(method: str, path: str, body: object, user: Client) -> None:
    response = user.request(method, path.format(id=uuid.uuid4()), json=body)
    assert error_of(response) == (404, "not_found")


@pytest.mark.parametrize("slug", ["nobody", "%00", "%ff", "x" * 500, "..%2f..%2fetc%2fpasswd"])
def test_an_employee_that_does_not_exist_is_not_found(slug: str, user: Client) -> None:
    status, _ = error_of(user.get(f"/api/employees/{slug}"))
    assert status == 404


# Lists


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=many",
        "limit=1e3",
        "cursor=é",
        "cursor=%00",
        "cursor=" + "x" * 300,
        "cursor=nonsense",
        "cursor=" + cursor("now " + SOMEBODY),
        "cursor=" + cursor("2026-01-01"),
        "cursor=" + cursor("2026-01-01T00:00:00 1"),
    ],
)
def test_a_bad_page_of_sessions_is_refused(query: str, user: Client) -> None:
    status, code = error_of(user.get(f"/api/sessions?{query}"))
    assert (status, code) in {(400, "bad_request"), (422, "invalid_request")}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-01-01T00:00:00+23:59:59.9",
        "2026-01-01T00:00:00\x00",
        "2026-01-01",
    ],
)
def test_a_cursor_of_a_strange_moment_breaks_nothing(moment: str, user: Client) -> None:
    response = user.get("/api/sessions", params={"cursor": cursor(f"{moment} {SOMEBODY}")})
    assert response.status_code in (200, 400)


@pytest.mark.parametrize("place", ["", "-1", "1.5", "x", "9" * 19, "1 or 1=1"])
def test_a_bad_page_of_messages_is_refused(place: str, user: Client) -> None:
    session = user.ask("Hello").session
    response = user.get(f"/api/sessions/{session}/messages", params={"cursor": cursor(place)})
    status, code = error_of(response)
    assert (status, code) in {(400, "bad_request"), (422, "invalid_request")}


@pytest.mark.parametrize("days", ["0", "367", "-1", "x"])
def test_usage_of_a_bad_number_of_days_is_refused(days: str, user: Client) -> None:
    assert error_of(user.get("/api/usage", params={"days": days})) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, (422, "invalid_request")),
        ({"fact": ""}, (422, "invalid_request")),
        ({"fact": "\x00"}, (422, "invalid_request")),
        ({"fact": "x" * 501}, (422, "invalid_request")),
        ({"fact": "x", "confidence": 3}, (422, "invalid_request")),
        ({"fact": "x", "scope": "nobody"}, (404, "unknown_employee")),
    ],
    ids=repr,
)
def test_a_bad_fact_is_refused_and_not_kept(body: object, code: tuple[int, str], user: Client) -> None:
    assert error_of(user.post("/api/memory", content=json.dumps(body), headers=JSON)) == code
    assert user.get("/api/memory").json()["items"] == []


@pytest.mark.parametrize(
    "body", [{}, {"type": "love"}, {"type": "like", "comment": "x" * 2001}, {"type": None}], ids=repr
)
def test_bad_feedback_is_refused(body: object, user: Client) -> None:
    answer = user.ask("Hello")
    path = f"/api/sessions/{answer.session}/messages/{answer.last['message_id']}/feedback"
    assert error_of(user.put(path, json=body)) == (422, "invalid_request")


# Ids of requests


def test_a_request_id_that_was_given_is_kept(user: Client) -> None:
    mine = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"
    assert user.get("/health", headers={"X-Request-Id": mine}).headers["X-Request-Id"] == mine


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with space 123", "<script>alert(1)", "mine-12345", "4111111111111111"]
)
def test_a_request_id_of_another_form_is_replaced(given: str, user: Client) -> None:
    answered = user.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert answered != given
    assert len(answered) == 32
