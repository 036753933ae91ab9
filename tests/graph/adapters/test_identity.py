"""Only a sound token of the issuer names a caller."""

import base64
import hmac
import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from graph.adapters.identity import FRESH_SECONDS, REFETCH_SECONDS, STALE_SECONDS, Jwk, KeyRing, Verifier
from graph.errors import ServiceUnavailable, Unauthenticated

pytestmark = pytest.mark.anyio

ISSUER = "https://issuer.example/auth/v1"
USER = "0b4e2f8e-0000-4000-8000-000000000001"

EC_KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_JWK: Jwk = {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"}
RSA_JWK: Jwk = {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"}
PUBLIC_PEM = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

Token = Callable[[], str]


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a signed-in user; a change of None leaves one out."""
    now = int(time.time())
    sound = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": USER, "iat": now, "exp": now + 60}
    return {name: value for name, value in {**sound, **changes}.items() if value is not None}


def signed(
    payload: Mapping[str, Any] | None = None, *, key: Any = EC_KEY, kid: str | None = "ec", **header: Any
) -> str:
    algorithm = "RS256" if key is RSA_KEY else "ES256"
    return raw({"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {}), **header}, payload or claims(), key)


def raw(header: Any, payload: Any, key: Any = EC_KEY) -> str:
    """A token whose header and payload are written as they are given, signed by this key over exactly that."""
    signing_input = b".".join(encode(part) for part in (header, payload))
    algorithm = RSAAlgorithm(RSAAlgorithm.SHA256) if key is RSA_KEY else ECAlgorithm(ECAlgorithm.SHA256)
    return (signing_input + b"." + base64.urlsafe_b64encode(algorithm.sign(signing_input, key)).rstrip(b"=")).decode()


def encode(part: Any) -> bytes:
    written = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=")


def with_secret(secret: bytes, kid: str | None = "ec") -> str:
    """HS256, as somebody who knows the public key would try it."""
    signing_input = b".".join(encode(part) for part in ({"alg": "HS256", **({"kid": kid} if kid else {})}, claims()))
    digest = hmac.digest(secret, signing_input, "sha256")
    return (signing_input + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def without_signature(header: Mapping[str, Any]) -> str:
    return (encode(header) + b"." + encode(claims()) + b".").decode()


def altered(part: int) -> str:
    """A sound token with one byte of a part changed."""
    parts = signed().split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    return ".".join(parts)


def exchanged() -> str:
    """The signature of one token on the claims of another."""
    one, other = signed(claims(sub=str(uuid.uuid4()))).split("."), signed().split(".")
    return ".".join([other[0], one[1], other[2]])


class Source:
    """The issuer's keys, as they are fetched."""

    def __init__(self, *keys: Jwk) -> None:
        self.keys = list(keys)
        self.fetched = 0
        self.failure: Exception | None = None

    async def __call__(self) -> list[Jwk]:
        self.fetched += 1
        if self.failure:
            raise self.failure
        return self.keys


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source(EC_JWK, RSA_JWK)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(source: Source, clock: Clock) -> Verifier:
    return Verifier(KeyRing(source, clock), ISSUER)


# Tokens ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: signed(), id="ES256"),
        pytest.param(lambda: signed(key=RSA_KEY, kid="rsa"), id="RS256"),
        pytest.param(lambda: signed(claims(aud=["other", "authenticated"])), id="one audience of several"),
        pytest.param(lambda: signed(claims(exp=int(time.time()) + 5, nbf=int(time.time()) - 5)), id="just in time"),
        pytest.param(lambda: signed(claims(nbf=int(time.time()) + 10)), id="a clock that is a little ahead"),
        pytest.param(lambda: signed(claims(iat=None)), id="no time of issue"),
        pytest.param(lambda: signed(claims(sub=USER.upper())), id="a subject in capitals"),
    ],
)
async def test_a_sound_token_names_its_user(verifier: Verifier, token: Token) -> None:
    assert await verifier.user_of(token()) == USER


NOW = int(time.time())

BAD: dict[str, Token] = {
    "empty": lambda: "",
    "a word": lambda: "nonsense",
    "dots only": lambda: "..",
    "two parts": lambda: signed().rsplit(".", 1)[0],
    "four parts": lambda: signed() + ".more",
    "a token twice": lambda: f"{signed()}.{signed()}",
    "truncated": lambda: signed()[:-4],
    "without its signature": lambda: signed().rsplit(".", 1)[0] + ".",
    "huge": lambda: signed(claims(filler="x" * 9000)),
    "a megabyte": lambda: "a" * 1_000_000,
    "not ASCII": lambda: "é" + signed(),
    "a NUL": lambda: signed() + "\0",
    "header of no base64": lambda: "%%%." + signed().split(".", 1)[1],
    "header of no JSON": lambda: raw(b"{", claims()),
    "header of a list": lambda: raw([], claims()),
    "header of null": lambda: raw(None, claims()),
    "header of deep nesting": lambda: raw(b"[" * 5000, claims()),
    "header of no UTF-8": lambda: raw(b"\xff\xfe", claims()),
    "payload of no JSON": lambda: raw({"alg": "ES256", "kid": "ec"}, b"{"),
    "payload of a list": lambda: raw({"alg": "ES256", "kid": "ec"}, [1]),
    "payload of a number": lambda: raw({"alg": "ES256", "kid": "ec"}, 7),
    "payload of deep nesting": lambda: raw({"alg": "ES256", "kid": "ec"}, b'{"sub":' * 900),
    "alg none": lambda: without_signature({"alg": "none", "kid": "ec"}),
    "alg None in capitals": lambda: without_signature({"alg": "NONE", "kid": "ec"}),
    "alg ES256 without signature": lambda: without_signature({"alg": "ES256", "kid": "ec"}),
    "no alg": lambda: raw({"kid": "ec"}, claims()),
    "alg of a list": lambda: raw({"alg": ["ES256"], "kid": "ec"}, claims()),
    "alg twice": lambda: raw(b'{"alg":"none","kid":"ec","alg":"HS256"}', claims()),
    "HS256 with the public key": lambda: with_secret(PUBLIC_PEM),
    "HS256 with the JWK": lambda: with_secret(json.dumps(EC_JWK).encode()),
    "HS256 without a kid": lambda: with_secret(PUBLIC_PEM, kid=None),
    "HS256 with an empty key": lambda: with_secret(b""),
    "ES384": lambda: raw({"alg": "ES384", "kid": "ec"}, claims()),
    "PS256": lambda: raw({"alg": "PS256", "kid": "rsa"}, claims(), RSA_KEY),
    "EdDSA": lambda: raw({"alg": "EdDSA", "kid": "ec"}, claims()),
    "RS256 with the kid of an ES256 key": lambda: signed(key=RSA_KEY, kid="ec"),
    "ES256 with the kid of an RS256 key": lambda: signed(kid="rsa"),
    "no kid": lambda: signed(kid=None),
    "kid of a number": lambda: raw({"alg": "ES256", "kid": 1}, claims()),
    "kid of null": lambda: raw({"alg": "ES256", "kid": None}, claims()),
    "unknown kid": lambda: signed(kid="other"),
    "empty kid": lambda: raw({"alg": "ES256", "kid": ""}, claims()),
    "kid of a path": lambda: signed(kid="../../etc/passwd"),
    "jku": lambda: signed(jku="https://evil.example/jwks.json"),
    "x5u": lambda: signed(x5u="https://evil.example/cert.pem"),
    "x5c": lambda: signed(x5c=["MIIB"]),
    "jwk in the header": lambda: signed(
        key=OTHER_KEY, jwk={**ECAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True), "kid": "ec"}
    ),
    "crit": lambda: signed(crit=["exp"]),
    "b64 false": lambda: signed(b64=False),
    "zip": lambda: signed(zip="DEF"),
    "signed by another key": lambda: signed(key=OTHER_KEY),
    "header altered": lambda: altered(0),
    "payload altered": lambda: altered(1),
    "signature altered": lambda: altered(2),
    "signature of another token": exchanged,
    "signature in DER": lambda: der_signature(),
    "expired": lambda: signed(claims(exp=NOW - 31)),
    "expired long ago": lambda: signed(claims(exp=1)),
    "no expiry": lambda: signed(claims(exp=None)),
    "expired, written as a text": lambda: signed(claims(exp=str(NOW - 60))),
    "expiry of a word": lambda: signed(claims(exp="never")),
    "expiry of true": lambda: signed(claims(exp=True)),
    "expiry of no number": lambda: signed(claims(exp=math.nan)),
    "not valid yet": lambda: signed(claims(nbf=NOW + 3600)),
    "not before of a text": lambda: signed(claims(nbf="soon")),
    "issued in the future": lambda: signed(claims(iat=NOW + 3600)),
    "other audience": lambda: signed(claims(aud="anon")),
    "no audience": lambda: signed(claims(aud=None)),
    "audience within a word": lambda: signed(claims(aud="authenticated-not")),
    "other audiences": lambda: signed(claims(aud=["a", "b"])),
    "audience of an object": lambda: signed(claims(aud={"authenticated": True})),
    "other issuer": lambda: signed(claims(iss="https://evil.example/auth/v1")),
    "issuer with a slash more": lambda: signed(claims(iss=f"{ISSUER}/")),
    "no issuer": lambda: signed(claims(iss=None)),
    "role anon": lambda: signed(claims(role="anon")),
    "role service_role": lambda: signed(claims(role="service_role")),
    "no role": lambda: signed(claims(role=None)),
    "roles in a list": lambda: signed(claims(role=["authenticated"])),
    "no subject": lambda: signed(claims(sub=None)),
    "subject that is no UUID": lambda: signed(claims(sub="admin")),
    "subject of a number": lambda: signed(claims(sub=7)),
    "subject of a list": lambda: signed(claims(sub=[USER])),
    "subject with SQL": lambda: signed(claims(sub=f"{USER}'; drop table chat_messages; --")),
    "empty subject": lambda: signed(claims(sub="")),
}


def der_signature() -> str:
    """A true signature, in the form that OpenSSL writes and JWS does not allow."""
    from cryptography.hazmat.primitives.hashes import SHA256

    head, payload, _ = signed().split(".")
    signature = EC_KEY.sign(f"{head}.{payload}".encode(), ec.ECDSA(SHA256()))
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_names_nobody(verifier: Verifier, kind: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.user_of(BAD[kind]())


async def test_a_refusal_tells_nothing_of_its_reason(verifier: Verifier) -> None:
    messages = set()
    for token in BAD.values():
        with pytest.raises(Unauthenticated) as refused:
            await verifier.user_of(token())
        messages.add((refused.value.code, refused.value.message, refused.value.__cause__))
    assert len(messages) == 1


async def test_a_token_that_pyjwt_signed_is_sound(verifier: Verifier) -> None:
    token = jwt.encode(claims(), EC_KEY, algorithm="ES256", headers={"kid": "ec"})
    assert await verifier.user_of(token) == USER


# Keys -----------------------------------------------------------------------------------------------------------------


async def test_keys_are_fetched_once_for_many_tokens(verifier: Verifier, source: Source) -> None:
    for _ in range(20):
        await verifier.user_of(signed())
    assert source.fetched == 1


async def test_a_new_key_of_the_issuer_is_fetched_when_a_token_names_it(
    verifier: Verifier, source: Source, clock: Clock
) -> None:
    await verifier.user_of(signed())
    source.keys.append({**ECAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True), "kid": "new"})
    clock.now += REFETCH_SECONDS
    assert await verifier.user_of(signed(key=OTHER_KEY, kid="new")) == USER
    assert await verifier.user_of(signed()) == USER
    assert source.fetched == 2


async def test_a_key_that_the_issuer_took_back_is_refused_once_the_keys_are_old(
    verifier: Verifier, source: Source, clock: Clock
) -> None:
    await verifier.user_of(signed())
    source.keys.remove(EC_JWK)
    clock.now += FRESH_SECONDS + 1
    with pytest.raises(Unauthenticated):
        await verifier.user_of(signed())


async def test_unknown_key_ids_cause_at_most_one_fetch_in_thirty_seconds(
    verifier: Verifier, source: Source, clock: Clock
) -> None:
    await verifier.user_of(signed())
    for second in range(300):
        clock.now = 1000.0 + second
        with pytest.raises(Unauthenticated):
            await verifier.user_of(signed(kid=f"made up {second}"))
    assert source.fetched == 1 + 9


async def test_a_source_that_is_down_leaves_the_cached_keys_in_force(
    verifier: Verifier, source: Source, clock: Clock
) -> None:
    await verifier.user_of(signed())
    source.failure = httpx.ConnectError("down")
    clock.now += FRESH_SECONDS + 1
    assert await verifier.user_of(signed()) == USER
    clock.now = 1000.0 + STALE_SECONDS - 1
    assert await verifier.user_of(signed()) == USER


async def test_keys_that_are_a_day_old_are_trusted_no_more(verifier: Verifier, source: Source, clock: Clock) -> None:
    await verifier.user_of(signed())
    source.failure = httpx.ConnectError("down")
    clock.now += STALE_SECONDS + 1
    with pytest.raises(ServiceUnavailable) as refused:
        await verifier.user_of(signed())
    assert refused.value.retry_after == REFETCH_SECONDS


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("down"), httpx.ReadTimeout("slow"), ValueError("no JSON"), KeyError("keys"), TypeError("null")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_source_that_was_never_reached_is_a_503(verifier: Verifier, source: Source, failure: Exception) -> None:
    source.failure = failure
    with pytest.raises(ServiceUnavailable):
        await verifier.user_of(signed())


async def test_a_source_that_is_down_is_asked_at_most_once_in_thirty_seconds(
    verifier: Verifier, source: Source, clock: Clock
) -> None:
    source.failure = httpx.ConnectError("down")
    for _ in range(59):
        clock.now += 1
        with pytest.raises(ServiceUnavailable):
            await verifier.user_of(signed())
    assert source.fetched == 2


async def test_a_source_that_comes_back_is_used_again(verifier: Verifier, source: Source, clock: Clock) -> None:
    source.failure = httpx.ConnectError("down")
    with pytest.raises(ServiceUnavailable):
        await verifier.user_of(signed())
    source.failure = None
    clock.now += REFETCH_SECONDS
    assert await verifier.user_of(signed()) == USER


async def test_a_malformed_token_never_causes_a_fetch(verifier: Verifier, source: Source) -> None:
    for kind in ("empty", "alg none", "HS256 with the public key", "jku", "no kid", "huge"):
        with pytest.raises(Unauthenticated):
            await verifier.user_of(BAD[kind]())
    assert source.fetched == 0


async def test_keys_without_an_id_are_left_out(clock: Clock) -> None:
    nameless = {name: value for name, value in EC_JWK.items() if name != "kid"}
    verifier = Verifier(KeyRing(Source(nameless, RSA_JWK), clock), ISSUER)
    assert await verifier.user_of(signed(key=RSA_KEY, kid="rsa")) == USER
    with pytest.raises(Unauthenticated):
        await verifier.user_of(signed())
