"""Only a sound token of the issuer names a caller."""

import time
from collections.abc import Callable

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from graph.adapters.auth.jwt_verifier import (
    FRESH_SECONDS,
    REFETCH_SECONDS,
    STALE_SECONDS,
    Jwk,
    JwksCache,
    JwtVerifier,
)
from graph.errors import ServiceUnavailable, Unauthenticated
from tests.support.fakes.tokens import BAD, USER, TokenForger

ISSUER = "https://issuer.example/auth/v1"
FORGER = TokenForger(ISSUER)
OF_RSA = TokenForger(ISSUER, rsa.generate_private_key(65537, 2048), "rsa")


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
    return Source(FORGER.jwk, OF_RSA.jwk)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(source: Source, clock: Clock) -> JwtVerifier:
    return JwtVerifier(JwksCache(source, clock), ISSUER)


# Tokens ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: FORGER.token(), id="ES256"),
        pytest.param(lambda: OF_RSA.token(), id="RS256"),
        pytest.param(lambda: FORGER.token(aud=["other", "authenticated"]), id="one audience of several"),
        pytest.param(lambda: FORGER.token(exp=int(time.time()) + 5, nbf=int(time.time()) - 5), id="just in time"),
        pytest.param(lambda: FORGER.token(nbf=int(time.time()) + 10), id="a clock that is a little ahead"),
        pytest.param(lambda: FORGER.token(iat=None), id="no time of issue"),
        pytest.param(lambda: FORGER.token(sub=USER.upper()), id="a subject in capitals"),
        pytest.param(lambda: FORGER.headed(typ=None), id="no type"),
        pytest.param(lambda: FORGER.token(app_metadata={"providers": ["email"]}, email="x"), id="what Supabase adds"),
    ],
)
async def test_a_sound_token_names_its_user(verifier: JwtVerifier, token: Callable[[], str]) -> None:
    assert await verifier.verify(token()) == USER


def test_the_table_of_bad_tokens_is_long() -> None:
    assert len(BAD) >= 130


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_rejected(verifier: JwtVerifier, kind: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(BAD[kind](FORGER))


async def test_a_refusal_tells_nothing_of_its_reason(verifier: JwtVerifier) -> None:
    messages = set()
    for forge in BAD.values():
        with pytest.raises(Unauthenticated) as refused:
            await verifier.verify(forge(FORGER))
        messages.add((refused.value.code, refused.value.message, refused.value.__cause__))
    assert len(messages) == 1


async def test_a_token_that_pyjwt_signed_is_sound(verifier: JwtVerifier) -> None:
    token = jwt.encode(FORGER.claims(), FORGER.key, algorithm="ES256", headers={"kid": FORGER.kid})
    assert await verifier.verify(token) == USER


async def test_an_rsa_signature_is_no_signature_of_a_key_of_another_kind(verifier: JwtVerifier) -> None:
    for token in (OF_RSA.headed(kid=FORGER.kid), OF_RSA.headed(alg="ES256"), FORGER.headed(kid=OF_RSA.kid)):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


@pytest.mark.parametrize("token", ["a" * 1_000_000, "a." * 500_000, FORGER.token() + "A" * 1_000_000, "\0", "\ud800"])
async def test_a_token_that_no_header_can_carry_is_rejected(verifier: JwtVerifier, token: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)
    assert time.perf_counter() - began < 0.1


# Keys -----------------------------------------------------------------------------------------------------------------


async def test_keys_are_fetched_once_for_many_tokens(verifier: JwtVerifier, source: Source) -> None:
    for _ in range(20):
        await verifier.verify(FORGER.token())
    assert source.fetched == 1


async def test_a_new_key_of_the_issuer_is_fetched_when_a_token_names_it(
    verifier: JwtVerifier, source: Source, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    new = TokenForger(ISSUER, kid="new")
    source.keys.append(new.jwk)
    clock.now += REFETCH_SECONDS
    assert await verifier.verify(new.token()) == USER
    assert await verifier.verify(FORGER.token()) == USER
    assert source.fetched == 2


async def test_a_key_that_the_issuer_took_back_is_refused_once_the_keys_are_old(
    verifier: JwtVerifier, source: Source, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    source.keys.remove(FORGER.jwk)
    clock.now += FRESH_SECONDS + 1
    with pytest.raises(Unauthenticated):
        await verifier.verify(FORGER.token())


async def test_unknown_key_ids_cause_at_most_one_fetch_in_thirty_seconds(
    verifier: JwtVerifier, source: Source, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    for second in range(300):
        clock.now = 1000.0 + second
        with pytest.raises(Unauthenticated):
            await verifier.verify(FORGER.headed(kid=f"made up {second}"))
    assert source.fetched == 1 + 9


async def test_a_source_that_is_down_leaves_the_cached_keys_in_force(
    verifier: JwtVerifier, source: Source, clock: Clock
) -> None:
    await verifier.verify(FORGER.token())
    source.failure = httpx.ConnectError("down")
    clock.now += FRESH_SECONDS + 1
    assert await verifier.verify(FORGER.token()) == USER
    clock.now = 1000.0 + STALE_SECONDS - 1
    assert await verifier.verify(FORGER.token()) == USER


async def test_keys_that_are_a_day_old_are_trusted_no_more(verifier: JwtVerifier, source: Source, clock: Clock) -> None:
    await verifier.verify(FORGER.token())
    source.failure = httpx.ConnectError("down")
    clock.now += STALE_SECONDS + 1
    with pytest.raises(ServiceUnavailable) as refused:
        await verifier.verify(FORGER.token())
    assert refused.value.retry_after == REFETCH_SECONDS


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("down"), httpx.ReadTimeout("slow"), ValueError("no JSON"), KeyError("keys"), TypeError("null")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_source_that_was_never_reached_is_a_503(
    verifier: JwtVerifier, source: Source, failure: Exception
) -> None:
    source.failure = failure
    with pytest.raises(ServiceUnavailable):
        await verifier.verify(FORGER.token())


async def test_a_source_that_is_down_is_asked_at_most_once_in_thirty_seconds(
    verifier: JwtVerifier, source: Source, clock: Clock
) -> None:
    source.failure = httpx.ConnectError("down")
    for _ in range(59):
        clock.now += 1
        with pytest.raises(ServiceUnavailable):
            await verifier.verify(FORGER.token())
    assert source.fetched == 2


async def test_a_source_that_comes_back_is_used_again(verifier: JwtVerifier, source: Source, clock: Clock) -> None:
    source.failure = httpx.ConnectError("down")
    with pytest.raises(ServiceUnavailable):
        await verifier.verify(FORGER.token())
    source.failure = None
    clock.now += REFETCH_SECONDS
    assert await verifier.verify(FORGER.token()) == USER


async def test_a_malformed_token_never_causes_a_fetch(verifier: JwtVerifier, source: Source) -> None:
    for kind in ("empty", "alg none", "HS256 with the public key", "jku", "no kid", "over 8 kB"):
        with pytest.raises(Unauthenticated):
            await verifier.verify(BAD[kind](FORGER))
    assert source.fetched == 0


async def test_keys_without_an_id_are_left_out(clock: Clock) -> None:
    nameless = {name: value for name, value in FORGER.jwk.items() if name != "kid"}
    verifier = JwtVerifier(JwksCache(Source(nameless, OF_RSA.jwk), clock), ISSUER)
    assert await verifier.verify(OF_RSA.token()) == USER
    with pytest.raises(Unauthenticated):
        await verifier.verify(FORGER.token())


WEAK = {
    "an RSA key of 1,024 bits": TokenForger(ISSUER, rsa.generate_private_key(65537, 1024)),  # noqa: S505
    "an RSA key of 2,047 bits": TokenForger(ISSUER, rsa.generate_private_key(65537, 2047)),  # noqa: S505
    "a key of P-384": TokenForger(ISSUER, ec.generate_private_key(ec.SECP384R1())),
    "a key of P-521": TokenForger(ISSUER, ec.generate_private_key(ec.SECP521R1())),
    "a key of secp256k1": TokenForger(ISSUER, ec.generate_private_key(ec.SECP256K1())),
}


@pytest.mark.parametrize("kind", WEAK)
async def test_a_key_that_is_too_weak_or_of_another_curve_checks_no_token(clock: Clock, kind: str) -> None:
    weak = WEAK[kind]
    verifier = JwtVerifier(JwksCache(Source(weak.jwk, OF_RSA.jwk), clock), ISSUER)
    with pytest.raises(Unauthenticated):
        await verifier.verify(weak.token())
    assert await verifier.verify(OF_RSA.token()) == USER


@pytest.mark.parametrize(
    "marks",
    [{"use": "enc"}, {"use": "tls"}, {"use": None}, {"key_ops": ["encrypt"]}, {"key_ops": []}, {"key_ops": "verify"}],
)
async def test_a_key_that_is_marked_for_another_use_checks_no_token(clock: Clock, marks: Jwk) -> None:
    verifier = JwtVerifier(JwksCache(Source({**FORGER.jwk, **marks}, OF_RSA.jwk), clock), ISSUER)
    with pytest.raises(Unauthenticated):
        await verifier.verify(FORGER.token())


@pytest.mark.parametrize(
    "marks", [{"use": "sig"}, {"key_ops": ["verify"]}, {"use": "sig", "key_ops": ["verify"], "ext": True}]
)
async def test_a_key_that_is_marked_for_signatures_checks_tokens(clock: Clock, marks: Jwk) -> None:
    verifier = JwtVerifier(JwksCache(Source({**FORGER.jwk, **marks}), clock), ISSUER)
    assert await verifier.verify(FORGER.token()) == USER


@pytest.mark.parametrize("others", [(TokenForger(ISSUER),), (TokenForger(ISSUER, OF_RSA.key, FORGER.kid),)])
async def test_of_two_keys_with_one_id_neither_checks_a_token(clock: Clock, others: tuple[TokenForger, ...]) -> None:
    for order in ((FORGER, *others), (*others, FORGER)):
        verifier = JwtVerifier(JwksCache(Source(*(forger.jwk for forger in order), OF_RSA.jwk), clock), ISSUER)
        for forger in order:
            with pytest.raises(Unauthenticated):
                await verifier.verify(forger.token())
        assert await verifier.verify(OF_RSA.token()) == USER


async def test_a_key_that_is_listed_twice_is_one_key(clock: Clock) -> None:
    verifier = JwtVerifier(JwksCache(Source(FORGER.jwk, dict(FORGER.jwk)), clock), ISSUER)
    assert await verifier.verify(FORGER.token()) == USER
