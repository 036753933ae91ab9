"""Who is calling: verifies bearer tokens against cached keys, and fails closed."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

import httpx
import structlog
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import JWK

from graph.errors import ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

Jwk = dict[str, Any]
FetchKeys = Callable[[], Awaitable[list[Jwk]]]

MAX_TOKEN_CHARS = 8192
ALGORITHMS = frozenset({"ES256", "RS256"})
HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
LEEWAY = 30
"""Seconds by which clocks may differ."""
FRESH_SECONDS = 600.0
STALE_SECONDS = 86_400.0
"""How long keys are trusted while their source cannot be reached."""
REFETCH_SECONDS = 30.0
"""At most one fetch in this time, whatever key ids are sent."""


class KeyRing:
    """The issuer's public keys: cached, fetched again when old or when a key id is unknown, never more than once in 30 s."""

    def __init__(self, fetch: FetchKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> Jwk | None:
        """The key of this id, or None if the issuer has none.

        Raises:
            ServiceUnavailable: no keys, or only keys that are too old, and their source cannot be reached.
        """
        if kid not in self._keys or self._age() > FRESH_SECONDS:
            await self._refresh(kid)
        if self._age() > STALE_SECONDS:
            raise ServiceUnavailable(
                "Sign-in cannot be checked at the moment; try again soon.", retry_after=REFETCH_SECONDS
            )
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self, kid: str) -> None:
        async with self._fetching:
            if (kid in self._keys and self._age() <= FRESH_SECONDS) or self._clock() - self._tried_at < REFETCH_SECONDS:
                return
            self._tried_at = self._clock()
            try:
                keys = await self._fetch()
                self._keys = {key["kid"]: key for key in keys if isinstance(key.get("kid"), str)}
                self._fetched_at = self._clock()
            except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
                log.warning("keys_unavailable", reason=type(error).__name__)


def fetch_over_http(address: str) -> FetchKeys:
    """Reads a JWKS document."""

    async def fetch() -> list[Jwk]:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(address)
            answer.raise_for_status()
            keys: list[Jwk] = answer.json()["keys"]
            return keys

    return fetch


class Verifier:
    """Checks a token's form, signature and claims. Every refusal is the same `Unauthenticated`."""

    def __init__(self, keys: KeyRing, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client = AsyncGoTrueClient(url=issuer, auto_refresh_token=False, persist_session=False)

    async def user_of(self, token: str) -> str:
        """The caller's id.

        Raises:
            Unauthenticated: the token is not one that this issuer gave to a signed-in user, or not at this time.
            ServiceUnavailable: the issuer's keys cannot be had.
        """
        key = await self._keys.find(read_kid(token))
        if key is None:
            raise Unauthenticated
        return self._subject(await self._claims(token, key))

    async def _claims(self, token: str, key: Jwk) -> Mapping[str, Any]:
        try:
            answer = await self._client.get_claims(token, jwks={"keys": [cast(JWK, key)]})
        except Exception:  # the library raises errors of four packages; each means that the token is not valid
            raise Unauthenticated from None
        if answer is None:
            raise Unauthenticated
        return answer["claims"]

    def _subject(self, claims: Mapping[str, Any]) -> str:
        now = time.time()
        audience = claims.get("aud")
        sound = (
            claims.get("iss") == self._issuer
            and (audience == "authenticated" or (isinstance(audience, list) and "authenticated" in audience))
            and claims.get("role") == "authenticated"
            and is_number(claims.get("exp"))
            and claims["exp"] > now - LEEWAY
            and all(is_number(claims.get(name, 0)) and claims.get(name, 0) <= now + LEEWAY for name in ("nbf", "iat"))
        )
        if not sound:
            raise Unauthenticated
        try:
            return str(UUID(claims["sub"]))
        except (KeyError, ValueError, AttributeError, TypeError):
            raise Unauthenticated from None


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_kid(token: str) -> str:
    """The key id of a token whose header holds nothing but what it may hold.

    Raises:
        Unauthenticated: it is too long, is not a JWT, or its header asks for another way of checking it.
    """
    try:
        head, _, _ = token[: MAX_TOKEN_CHARS + 1].split(".")
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        raise Unauthenticated from None
    if len(token) > MAX_TOKEN_CHARS or not isinstance(header, dict) or not set(header) <= HEADER_FIELDS:
        raise Unauthenticated
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unauthenticated
    return kid
