"""Who calls is known by a sound token of the issuer; every other one gets the same answer, whatever is wrong with it."""

import http.client
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from graph.adapters.auth.local_issuer import ISSUER, load_or_create_key_pair
from tests.support.clients import Client
from tests.support.fakes.tokens import BAD, USER, TokenForger, encode
from tests.support.servers import Server

VARYING = {"date", "x-request-id"}


@dataclass(frozen=True)
class Told:
    """All that an answer tells, but for what differs each time."""

    status: int
    body: bytes
    headers: frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def forger(server: Server) -> TokenForger:
    return TokenForger(ISSUER, load_or_create_key_pair(server.data / "issuer.pem"), server.issuer.kid)


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    """A connection over which any bytes can be sent."""
    opened = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
    yield opened
    opened.close()


def get(connection: http.client.HTTPConnection, *authorization: bytes, path: str = "/api/sessions") -> Told:
    """What one is told who sends these Authorization headers."""
    connection.putrequest("GET", path)
    for value in authorization:
        connection.putheader("Authorization", value)
    connection.endheaders()
    answer = connection.getresponse()
    headers = {(name.lower(), value) for name, value in answer.getheaders() if name.lower() not in VARYING}
    return Told(answer.status, answer.read(), frozenset(headers))


@pytest.fixture(scope="module")
def nobody(connection: http.client.HTTPConnection) -> Told:
    """What one is told who sends none."""
    told = get(connection)
    assert told.status == 401
    assert (
        told.body == b'{"error":{"code":"unauthenticated","message":"A valid bearer token is needed; sign in again."}}'
    )
    assert {("www-authenticate", "Bearer"), ("cache-control", "no-store")} <= told.headers
    return told


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_told_the_same_as_none(
    connection: http.client.HTTPConnection, forger: TokenForger, nobody: Told, kind: str
) -> None:
    token = BAD[kind](forger).encode("latin-1")
    assert get(connection, b"Bearer " + token) == nobody


SCHEMES = [
    b"Bearer",
    b"Bearer ",
    b"BearerTOKEN",
    b"Bearer\tTOKEN",
    b"Bearer\xa0TOKEN",
    b"Bearer: TOKEN",
    b"Bearer Bearer TOKEN",
    b"Bearer TOKEN TOKEN",
    b"Bearer TOKEN, Bearer TOKEN",
    b"Bearer token=TOKEN",
    b"Bearer \xef\xbb\xbfTOKEN",
    b"B\xc3\xa9arer TOKEN",
    b"Basic TOKEN",
    b"Basic OlRPS0VO",
    b"Token TOKEN",
    b"JWT TOKEN",
    b"DPoP TOKEN",
    b"Digest TOKEN",
    b"Negotiate TOKEN",
    b"TOKEN",
    b"",
]


@pytest.mark.parametrize("header", SCHEMES, ids=repr)
def test_a_sound_token_in_another_form_is_told_the_same_as_none(
    connection: http.client.HTTPConnection, forger: TokenForger, nobody: Told, header: bytes
) -> None:
    assert get(connection, header.replace(b"TOKEN", forger.token().encode())) == nobody


def test_two_headers_are_told_the_same_as_none(
    connection: http.client.HTTPConnection, forger: TokenForger, nobody: Told
) -> None:
    sound = f"Bearer {forger.token()}".encode()
    for pair in ((sound, sound), (sound, b"Basic x"), (b"Basic x", sound), (sound, b"")):
        assert get(connection, *pair) == nobody


@pytest.mark.parametrize("place", ["access_token", "token", "jwt", "authorization"])
def test_a_token_in_the_address_opens_nothing(
    connection: http.client.HTTPConnection, forger: TokenForger, nobody: Told, place: str
) -> None:
    assert get(connection, path=f"/api/sessions?{place}={forger.token()}") == nobody


@pytest.mark.parametrize(
    "value", [b"Bearer " + b"a" * 1_000_000, b"Bearer a\0b", b"Bearer a\x0bb"], ids=lambda v: repr(v[:12])
)
def test_what_is_no_header_at_all_is_refused_before_it_is_read(server: Server, value: bytes) -> None:
    """A megabyte of header, or one with control characters, is not HTTP for the server: it hangs up with a 400."""
    opened = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
    try:
        answer = get(opened, value)
    except ConnectionError:  # it hung up while the rest was still being sent
        return
    finally:
        opened.close()
    assert answer.status == 400
    assert b"unauthenticated" not in answer.body


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_sound_token_names_its_user(connection: http.client.HTTPConnection, forger: TokenForger, scheme: str) -> None:
    assert get(connection, f"{scheme} {forger.token()}".encode()).status == 200


def test_bad_tokens_leave_no_trace_of_their_user(
    server: Server, forger: TokenForger, connection: http.client.HTTPConnection
) -> None:
    for forge in BAD.values():
        get(connection, b"Bearer " + forge(forger).encode("latin-1"))
    tables = ("chat_sessions", "chat_runs", "chat_rate_limits", "chat_usage_log")
    kept = [server.sql(f"select 1 from {table} where user_id = %s", USER) for table in tables]  # noqa: S608
    assert kept == [[]] * len(tables)
    assert USER not in server.log.read_text()


def test_unknown_key_ids_keep_nobody_waiting(
    connection: http.client.HTTPConnection, forger: TokenForger, nobody: Told
) -> None:
    dice = random.Random("kids")
    began = time.perf_counter()
    for _ in range(200):
        token = encode(forger.header(kid=dice.randbytes(8).hex())) + b".e30.AAAA"
        assert get(connection, b"Bearer " + token) == nobody
    assert time.perf_counter() - began < 10
    assert get(connection, f"Bearer {forger.token()}".encode()).status == 200


def test_a_token_that_expires_while_its_answer_streams_ends_nothing_but_opens_nothing_more(
    scripted: Server, scripted_user: Client
) -> None:
    words = "one two three four five six seven eight"
    token = scripted.token(scripted_user.user, seconds=2)
    headers = {"Authorization": f"Bearer {token}"}
    answer = scripted_user.ask(f"[[slow 0.4]] [[say {words}]]", headers=headers)
    assert answer.text == words
    assert answer.last["type"] == "done"
    assert scripted_user.get("/api/sessions", headers=headers).status_code == 401
    assert scripted_user.get(f"/api/runs/{answer.run}/events", headers=headers).status_code == 401
    assert scripted_user.follow(answer.run).text == words
