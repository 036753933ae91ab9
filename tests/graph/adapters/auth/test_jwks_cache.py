"""The issuer's keys over HTTP: whatever their source does, sound tokens are taken as long as that is safe, and no longer."""

import asyncio
import gzip
import json
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from graph.adapters.auth.jwt_verifier import (
    CACHED_KEY_WAIT_SECONDS,
    FRESH_SECONDS,
    REFETCH_SECONDS,
    STALE_SECONDS,
    JwksCache,
    JwtVerifier,
    http_key_source,
)
from graph.errors import ServiceUnavailable, Unauthenticated
from tests.audit.rotation import rotate
from tests.support.fakes.jwks import JwksServer
from tests.support.fakes.tokens import USER, TokenForger, encode
from tests.support.waiting import eventually

ISSUER = "https://issuer.example/auth/v1"
FORGER = TokenForger(ISSUER)
SHORT = TokenForger(ISSUER, rsa.generate_private_key(65537, 1024))  # noqa: S505


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def source() -> AsyncIterator[JwksServer]:
    async with JwksServer.serving(FORGER.jwk) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(source: JwksServer, clock: Clock) -> JwtVerifier:
    return JwtVerifier(JwksCache(http_key_source(source.address), clock), ISSUER)


def deep(depth: int) -> bytes:
    return b'{"keys": ' + b"[" * depth + b"]" * depth + b"}"


GARBAGE: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "an error with the keys": {"status": 503, "body": json.dumps({"keys": [FORGER.jwk]}).encode()},
    "nothing": {"body": b""},
    "a page": {"body": b"<html>login</html>"},
    "no UTF-8": {"body": b"\xff\xfe\x00"},
    "half an answer": {"body": json.dumps({"keys": [FORGER.jwk]}).encode()[:-9]},
    "null": {"body": b"null"},
    "a list": {"body": b"[]"},
    "a number": {"body": b"7"},
    "no keys": {"body": b"{}"},
    "an empty list of keys": {"body": b'{"keys": []}'},
    "keys of null": {"body": b'{"keys": null}'},
    "keys of a number": {"body": b'{"keys": 7}'},
    "keys of a text": {"body": b'{"keys": "all"}'},
    "keys that are words": {"body": b'{"keys": ["a", "b"]}'},
    "a key of no kind": {"body": b'{"keys": [{"kid": "known"}]}'},
    "a key of another kind": {"body": b'{"keys": [{"kid": "known", "kty": "XYZ"}]}'},
    "a key that is a secret": {"body": b'{"keys": [{"kid": "known", "kty": "oct", "k": "c2VjcmV0"}]}'},
    "a key whose point is none": {
        "body": b'{"keys": [{"kid": "known", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}'
    },
    "a key of another curve": {"body": json.dumps({"keys": [{**FORGER.jwk, "crv": "P-384"}]}).encode()},
    "a key without an id": {"body": json.dumps({"keys": [{**FORGER.jwk, "kid": 1}]}).encode()},
    "two keys with one id": {"body": json.dumps({"keys": [FORGER.jwk, TokenForger(ISSUER).jwk]}).encode()},
    "a key to encrypt with": {"body": json.dumps({"keys": [{**FORGER.jwk, "use": "enc"}]}).encode()},
    "a key to sign with": {"body": json.dumps({"keys": [{**FORGER.jwk, "key_ops": ["sign"]}]}).encode()},
    "an RSA key of 1,024 bits": {"body": json.dumps({"keys": [SHORT.jwk]}).encode()},
    "deep nesting": {"body": deep(100_000)},
    "a bomb": {"body": gzip.compress(b" " * 50_000_000), "headers": {"Content-Encoding": "gzip"}},
    "what says that it is compressed": {"body": b"{}", "headers": {"Content-Encoding": "gzip"}},
    "another address": {"status": 302, "headers": {"Location": "http://127.0.0.1:9/jwks.json"}},
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_leaves_the_cached_keys_in_force_up_to_their_age(
    verifier: JwtVerifier, source: JwksServer, clock: Clock, kind: str
) -> None:
    assert await verifier.verify(FORGER.token()) == USER
    for name, value in GARBAGE[kind].items():
        setattr(source, name, value)
    for age in (FRESH_SECONDS + 1, STALE_SECONDS - 1):
        clock.now = 1000.0 + age
        assert await verifier.verify(FORGER.token()) == USER
    clock.now = 1000.0 + STALE_SECONDS + 1
    with pytest.raises(ServiceUnavailable):
        await verifier.verify(FORGER.token())
    assert source.asked >= 3
    vars(source).update(vars(JwksServer(source.keys)), asked=0, address=source.address)
    clock.now += REFETCH_SECONDS
    assert await verifier.verify(FORGER.token()) == USER


async def test_a_key_for_another_use_beside_ours_does_no_harm(verifier: JwtVerifier, source: JwksServer) -> None:
    source.keys += [{"kid": "secret", "kty": "oct", "k": "c2VjcmV0"}, {"kid": "odd", "kty": "XYZ"}]
    assert await verifier.verify(FORGER.token()) == USER
    with pytest.raises(Unauthenticated):
        await verifier.verify(FORGER.with_secret(b"secret", kid="secret"))


async def test_a_slow_source_does_not_delay_users_whose_key_is_cached(
    verifier: JwtVerifier, source: JwksServer, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    source.wait = 60
    clock.now += FRESH_SECONDS + 1
    began = time.monotonic()
    assert await asyncio.gather(*(verifier.verify(FORGER.token()) for _ in range(20))) == [USER] * 20
    assert time.monotonic() - began < CACHED_KEY_WAIT_SECONDS + 1
    assert source.asked == 2


async def test_a_source_that_drips_is_given_up(source: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.adapters.auth.jwt_verifier.FETCH_SECONDS", 0.5)
    source.drip = 0.05
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        await JwtVerifier(JwksCache(http_key_source(source.address)), ISSUER).verify(FORGER.token())
    assert time.monotonic() - began < 3


async def test_a_caller_who_leaves_does_not_end_the_fetch_for_others(verifier: JwtVerifier, source: JwksServer) -> None:
    source.wait = 0.5
    first = asyncio.create_task(verifier.verify(FORGER.token()))
    second = asyncio.create_task(verifier.verify(FORGER.token()))
    await eventually(lambda: source.asked)
    first.cancel()
    assert await second == USER
    assert source.asked == 1


async def test_a_source_that_is_gone_closes_the_door(clock: Clock) -> None:
    async with JwksServer.serving(FORGER.jwk) as source:
        verifier = JwtVerifier(JwksCache(http_key_source(source.address), clock), ISSUER)
        assert await verifier.verify(FORGER.token()) == USER
    clock.now += FRESH_SECONDS + 1
    assert await verifier.verify(FORGER.token()) == USER
    clock.now += STALE_SECONDS
    with pytest.raises(ServiceUnavailable):
        await verifier.verify(FORGER.token())


async def test_ten_thousand_unknown_key_ids_cause_one_fetch(
    verifier: JwtVerifier, source: JwksServer, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    clock.now += REFETCH_SECONDS
    dice = random.Random("kids")
    for _ in range(10_000):
        clock.now += 0.9 * REFETCH_SECONDS / 10_000
        header = encode(FORGER.header(kid=dice.randbytes(9).hex())).decode()
        with pytest.raises(Unauthenticated):
            await verifier.verify(f"{header}.e30.AAAA")
    assert source.asked == 2


async def test_keys_that_change_under_load_refuse_no_sound_token() -> None:
    counted = await rotate(rotations=2, flood=300)
    assert counted["accepted"] > 100
    assert counted["refused"] == 0
    assert counted["unknown"] == 300
    assert counted["fetches"] <= counted["allowed"]
