"""Who is calling: verifies bearer tokens against cached keys, and fails closed."""

import asyncio
import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

import httpx
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import JWK

from graph.errors import ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

Jwk = dict[str, Any]
FetchKeys = Callable[[], Awaitable[list[Jwk]]]

MAX_TOKEN_CHARS = 8192
TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""A signed token in its compact form. Decoders of base64 pass over anything else: one token could be written in many ways."""
ALGORITHMS = frozenset({"ES256", "RS256"})
HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
LEEWAY = 30
"""Seconds by which clocks may differ."""
FRESH_SECONDS = 600.0
STALE_SECONDS = 86_400.0
"""How long keys are trusted while their source cannot be reached."""
REFETCH_SECONDS = 30.0
"""At most one fetch in this time, whatever key ids are sent."""
FETCH_SECONDS = 5.0
"""How long a fetch may take."""
GLANCE_SECONDS = 1.0
"""How long a caller whose key is cached waits for newer ones."""
MAX_KEYS_BYTES = 1_000_000


class NoKeys(ValueError):
    """The source answered without a key that can check a token."""


class KeyRing:
    """The issuer's public keys: cached, fetched again when old or when a key id is unknown, never more than once in 30 s.

    A key that the issuer publishes 30 s before it signs with it is known by its first token. What is no list of usable keys
    replaces nothing.
    """

    def __init__(self, fetch: FetchKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> Jwk | None:
        """The key of this id, or None if the issuer has none.

        Raises:
            ServiceUnavailable: no keys, or only keys that are too old, and their source cannot be reached.
        """
        if kid not in self._keys or self._age() > FRESH_SECONDS:
            await self._refresh(GLANCE_SECONDS if kid in self._keys and self._age() <= STALE_SECONDS else FETCH_SECONDS)
        if self._age() > STALE_SECONDS:
            raise ServiceUnavailable(
                "Sign-in cannot be checked at the moment; try again soon.", retry_after=REFETCH_SECONDS
            )
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self, patience: float) -> None:
        """Wait for the fetch that is under way, or due. It belongs to nobody: a caller who leaves does not end it."""
        if self._fetching is None and self._clock() - self._tried_at >= REFETCH_SECONDS:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._renew(), name="keys")
        if self._fetching:
            await asyncio.wait([self._fetching], timeout=patience)

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = usable(await self._fetch())
            self._fetched_at = self._clock()
        except (httpx.HTTPError, OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            log.warning("keys_unavailable", reason=type(error).__name__)
        finally:
            self._fetching = None


def usable(keys: list[Jwk]) -> dict[str, Jwk]:
    """The keys that can check a token, by their ids.

    Raises:
        NoKeys: there is none.
        TypeError: this is no list.
    """
    found = {key["kid"]: key for key in keys if is_usable(key)}
    if not found:
        raise NoKeys
    return found


def is_usable(key: object) -> bool:
    """Whether this is a named public key for one of our algorithms; a document may also list keys for other uses."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or "d" in key:
        return False
    try:
        return PyJWK(key).algorithm_name in ALGORITHMS
    except (PyJWTError, ValueError, TypeError, LookupError):
        return False


def fetch_over_http(address: str) -> FetchKeys:
    """Reads a JWKS document."""

    async def fetch() -> list[Jwk]:
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client, client.stream("GET", address) as answer:
            answer.raise_for_status()
            keys: list[Jwk] = json.loads(await read_body(answer))["keys"]
            return keys

    return fetch


async def read_body(answer: httpx.Response) -> bytes:
    """The body, decompressed.

    Raises:
        NoKeys: it is larger than any list of keys.
    """
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MAX_KEYS_BYTES:
            raise NoKeys
    return body


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
        return self._caller(await self._claims(token, key))

    async def _claims(self, token: str, key: Jwk) -> Mapping[str, Any]:
        try:
            answer = await self._client.get_claims(token, jwks={"keys": [cast(JWK, key)]})
        except Exception:  # the library raises errors of four packages; each means that the token is not valid
            raise Unauthenticated from None
        if answer is None:
            raise Unauthenticated
        return answer["claims"]

    def _caller(self, claims: Mapping[str, Any]) -> str:
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
        return subject_of(claims)


def subject_of(claims: Mapping[str, Any]) -> str:
    """The user's id.

    Raises:
        Unauthenticated: it is missing, or no UUID in the usual form.
    """
    subject = claims.get("sub")
    try:
        if isinstance(subject, str) and str(UUID(subject)) == subject.lower():
            return subject.lower()
    except ValueError:
        pass
    raise Unauthenticated


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_kid(token: str) -> str:
    """The key id of a token whose header holds nothing but what it may hold, and whose claims can be read in one way only.

    Raises:
        Unauthenticated: it is too long, is not a JWT, names something twice, or its header asks for another way of checking it.
    """
    if len(token) > MAX_TOKEN_CHARS or not TOKEN.fullmatch(token):
        raise Unauthenticated
    header, _ = (read_part(part) for part in token.split(".")[:2])
    kid, algorithm = header.get("kid"), header.get("alg")
    if not set(header) <= HEADER_FIELDS or not isinstance(kid, str) or not isinstance(algorithm, str):
        raise Unauthenticated
    if algorithm not in ALGORITHMS:
        raise Unauthenticated
    return kid


def read_part(part: str) -> dict[str, Any]:
    """Header or claims of a token.

    Raises:
        Unauthenticated: this is no JSON object, or one that names something twice.
    """
    try:
        read = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=each_once)
    except (ValueError, RecursionError):
        raise Unauthenticated from None
    if not isinstance(read, dict):
        raise Unauthenticated
    return read


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of two fields of one name, one reader takes the first and another the last."""
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands twice")
    return named
