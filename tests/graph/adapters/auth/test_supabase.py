"""A Supabase project signs with a secret or a key pair; what keeps its users from signing in is told with its setting."""

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from graph.adapters.auth.jwt_verifier import NO_KEYS, OTHER_ISSUER, UNREACHABLE
from graph.adapters.auth.supabase import SharedSecretVerifier, report_sign_in_problem
from graph.errors import ConfigurationError, Unauthenticated
from graph.settings import Settings, read_settings
from graph.wiring.providers import build_verifier
from tests.support.fakes.tokens import CLAIMS, FORM, SECRET, USER, TokenForger, encode

ISSUER = "https://project.example/auth/v1"
FORGER = TokenForger(ISSUER)


@pytest.fixture
def verifier() -> SharedSecretVerifier:
    return SharedSecretVerifier(SECRET.encode(), ISSUER)


# Tokens of a secret ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [{}, {"kid": None}, {"kid": "legacy"}, {"typ": None}])
async def test_a_token_of_the_projects_secret_names_its_user(
    verifier: SharedSecretVerifier, header: dict[str, Any]
) -> None:
    assert await verifier.verify(FORGER.with_secret(SECRET.encode(), **header)) == USER
    assert await verifier.is_available()
    assert verifier.problem == ""


@pytest.mark.parametrize(
    "forge",
    [
        lambda: FORGER.token(),
        lambda: FORGER.unsigned(alg="none"),
        lambda: FORGER.unsigned(alg="HS256"),
        lambda: FORGER.with_secret(b""),
        lambda: FORGER.with_secret(b"x" * 55),
        lambda: FORGER.with_secret(FORGER.pem()),
        lambda: FORGER.with_secret(json.dumps(FORGER.jwk).encode()),
        lambda: FORGER.with_secret(SECRET.encode(), alg="HS384"),
        lambda: FORGER.with_secret(SECRET.encode(), alg="hs256"),
        lambda: FORGER.with_secret(SECRET.encode(), alg="ES256"),
        lambda: FORGER.with_secret(SECRET.encode(), alg=["HS256"]),
        lambda: FORGER.with_secret(SECRET.encode(), kid=1),
        lambda: FORGER.with_secret(SECRET.encode(), crit=["exp"]),
        lambda: FORGER.with_secret(SECRET.encode(), jku="https://evil.example/jwks.json"),
        lambda: FORGER.with_secret(SECRET.encode(), b64=False),
    ],
)
async def test_another_signature_or_header_is_rejected(
    verifier: SharedSecretVerifier, forge: Callable[[], str]
) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(forge())


@pytest.mark.parametrize("kind", FORM)
async def test_a_malformed_token_is_rejected(verifier: SharedSecretVerifier, kind: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(FORM[kind](FORGER))


class Signing(TokenForger):
    """Signs with the secret what a forger would sign with its key."""

    def raw(self, header: Any, payload: Any, key: object = None) -> str:
        head = b".".join([encode({**header, "alg": "HS256"}), encode(payload)])
        return (head + b"." + encode(hmac.digest(SECRET.encode(), head, "sha256"))).decode()


@pytest.mark.parametrize("kind", CLAIMS)
async def test_bad_claims_are_rejected_under_the_right_secret(verifier: SharedSecretVerifier, kind: str) -> None:
    signing = Signing(ISSUER)
    assert await verifier.verify(signing.token()) == USER
    with pytest.raises(Unauthenticated):
        await verifier.verify(CLAIMS[kind](signing))


# Settings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["x" * 31, FORGER.pem().decode().replace("\n", " "), json.dumps(FORGER.jwk), "ssh-rsa " + "A" * 60]
)
def test_a_secret_that_is_short_or_a_public_key_is_refused(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^SUPABASE_JWT_SECRET: ") as refused:
        read_settings(supabase_url="https://project.example", supabase_jwt_secret=secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("alone", [{"supabase_jwt_secret": SECRET}, {"supabase_issuer": ISSUER}])
def test_a_secret_or_an_issuer_without_a_project_is_refused(alone: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="need SUPABASE_URL"):
        read_settings(**alone)


# What an operator is told ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def project(keys: list[dict[str, Any]], **configuration: str) -> AsyncIterator[str]:
    """A project's address on loopback."""

    async def jwks(request: web.Request) -> web.Response:
        return web.json_response({"keys": keys})

    async def openid(request: web.Request) -> web.Response:
        return web.json_response(configuration, status=200 if configuration else 404)

    app = web.Application()
    app.router.add_get("/auth/v1/.well-known/jwks.json", jwks)
    app.router.add_get("/auth/v1/.well-known/openid-configuration", openid)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


Start = Callable[..., Awaitable[tuple[Any, list[str]]]]


@pytest.fixture
def start() -> Start:
    async def started(**settings: Any) -> tuple[Any, list[str]]:
        """The verifier after a start, and what the start said."""
        said: list[str] = []
        configured = Settings(**settings)
        verifier = build_verifier(configured, None)
        await report_sign_in_problem(configured, verifier, said.append)
        return verifier, said

    return started


async def test_a_project_without_keys_is_reported_with_the_setting_for_its_secret(start: Start) -> None:
    async with project([]) as address:
        verifier, said = await start(supabase_url=address)
        assert said == [NO_KEYS]
        assert "SUPABASE_JWT_SECRET" in verifier.problem
        assert not await verifier.is_available()


async def test_with_its_secret_a_project_needs_no_keys(start: Start) -> None:
    async with project([]) as address:
        verifier, said = await start(supabase_url=address, supabase_jwt_secret=SECRET)
        assert said == []
        assert await verifier.verify(TokenForger(f"{address}/auth/v1").with_secret(SECRET.encode())) == USER


async def test_an_unreachable_project_is_reported_with_its_address(start: Start) -> None:
    verifier, said = await start(supabase_url="http://127.0.0.1:1")
    assert said == [UNREACHABLE]
    assert not await verifier.is_available()


async def test_a_project_with_another_issuer_is_reported_with_its_setting(start: Start) -> None:
    async with project([FORGER.jwk], issuer=ISSUER) as address:
        verifier, said = await start(supabase_url=address)
        assert said == [verifier.problem]
        assert f"SUPABASE_ISSUER={ISSUER}" in verifier.problem
        verifier, said = await start(supabase_url=address, supabase_issuer=ISSUER)
        assert (said, verifier.problem) == ([], "")
        assert await verifier.verify(FORGER.token()) == USER


@pytest.mark.parametrize("secret", [None, SECRET])
async def test_a_token_of_another_issuer_is_reported_until_one_is_right(start: Start, secret: str | None) -> None:
    async with project([FORGER.jwk]) as address:
        verifier, said = await start(supabase_url=address, supabase_jwt_secret=secret)
        ours = TokenForger(f"{address}/auth/v1", FORGER.key)
        wrong, right = (forger.with_secret(SECRET.encode()) if secret else forger.token() for forger in (FORGER, ours))
        assert said == []
        with pytest.raises(Unauthenticated):
            await verifier.verify(wrong)
        assert await verifier.is_available()
        assert verifier.problem == OTHER_ISSUER
        assert await verifier.verify(right) == USER
        assert verifier.problem == ""


async def test_a_strangers_token_does_not_pass_for_one_of_another_issuer(start: Start) -> None:
    async with project([FORGER.jwk]) as address:
        verifier, _ = await start(supabase_url=address)
        with pytest.raises(Unauthenticated):
            await verifier.verify(TokenForger(ISSUER).token())
        assert verifier.problem == ""


async def test_keys_that_are_published_later_are_found_by_the_readiness_check(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.adapters.auth.jwt_verifier.REFETCH_SECONDS", 0)
    keys: list[dict[str, Any]] = []
    async with project(keys) as address:
        verifier, _ = await start(supabase_url=address)
        assert not await verifier.is_available()
        keys.append(FORGER.jwk)
        assert await verifier.is_available()
        assert verifier.problem == ""
