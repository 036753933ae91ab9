"""Verifies bearer tokens against cached public keys (port `TokenVerifier`). It fails closed."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import JWK

from graph.adapters.auth.claims import read_claims, read_header, validate_claims
from graph.errors import ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

Jwk = dict[str, Any]
KeySource = Callable[[], Awaitable[list[Jwk]]]

ALGORITHMS = frozenset({"ES256", "RS256"})
MIN_RSA_BITS = 2048
FRESH_SECONDS = 600.0
STALE_SECONDS = 86_400.0
"""How long cached keys are used while their source is unreachable."""
REFETCH_SECONDS = 30.0
"""Minimum interval of fetches, whatever key ids the tokens name."""
FETCH_SECONDS = 5.0
"""Timeout of a fetch."""
CACHED_KEY_WAIT_SECONDS = 1.0
"""How long a request whose key is cached waits for newer keys."""
MAX_KEYS_BYTES = 1_000_000


NO_KEYS = (
    "SUPABASE_URL publishes no key that can check a token: set SUPABASE_JWT_SECRET to the project's JWT secret, or let the "
    "project sign with an asymmetric key (ES256, or RS256 of 2,048 bits)."
)
UNREACHABLE = (
    "The keys of SUPABASE_URL cannot be fetched, so nobody can sign in: correct it, or see why it does not answer."
)
OTHER_ISSUER = "Tokens that the project signed name another issuer: set SUPABASE_ISSUER to the `iss` of one."


class NoUsableKeys(ValueError):
    """The source's answer has no key that can verify a token."""


class JwksCache:
    """Caches the issuer's public keys. It fetches them again when they are old or a key id is unknown, at most once in 30 s.

    A key that is published 30 s before its first use is therefore known in time. An answer without usable keys changes nothing.
    """

    def __init__(self, fetch: KeySource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = fetch
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = float("-inf")
        self._attempted_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.failure = ""
        """Why the last fetch failed; empty if it succeeded."""

    async def key(self, kid: str) -> Jwk | None:
        """The key with this id; None if the issuer does not publish it.

        Raises:
            ServiceUnavailable: the source is unreachable, and cached keys are missing or too old.
        """
        if kid not in self._keys or self._age() > FRESH_SECONDS:
            await self._refresh(
                CACHED_KEY_WAIT_SECONDS if kid in self._keys and self._age() <= STALE_SECONDS else FETCH_SECONDS
            )
        if self._age() > STALE_SECONDS:
            raise ServiceUnavailable(
                "Sign-in cannot be checked at the moment; try again soon.", retry_after=REFETCH_SECONDS
            )
        return self._keys.get(kid)

    async def has_keys(self, wait_seconds: float) -> bool:
        """Whether keys are cached that are not too old; fetches them if they are not."""
        if self._age() > STALE_SECONDS:
            await self._refresh(wait_seconds)
        return self._age() <= STALE_SECONDS

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self, wait_seconds: float) -> None:
        """Wait for the running fetch, or start one if it is due. A cancelled request does not cancel the fetch."""
        if self._fetching is None and self._clock() - self._attempted_at >= REFETCH_SECONDS:
            self._attempted_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch_keys(), name="keys")
        if self._fetching:
            await asyncio.wait([self._fetching], timeout=wait_seconds)

    async def _fetch_keys(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = usable_keys(await self._source())
            self._fetched_at = self._clock()
            self.failure = ""
        except (httpx.HTTPError, OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            self.failure = NO_KEYS if isinstance(error, NoUsableKeys) else UNREACHABLE
            log.warning("jwks_unavailable", reason=type(error).__name__)
        finally:
            self._fetching = None


def usable_keys(keys: list[Jwk]) -> dict[str, Jwk]:
    """The keys that can verify a token, by id. Two different keys with one id are ambiguous: neither is used.

    Raises:
        NoUsableKeys: no key is usable.
        TypeError: `keys` is not a list.
    """
    found: list[Jwk] = []
    for key in keys:
        if is_usable(key) and key not in found:
            found.append(key)
    named = Counter(key["kid"] for key in found)
    once = {key["kid"]: key for key in found if named[key["kid"]] == 1}
    if not once:
        raise NoUsableKeys
    return once


def is_usable(key: object) -> bool:
    """Whether this is a public key with an id for verifying signatures; a JWKS may also list other keys."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or "d" in key or not is_for_signatures(key):
        return False
    try:
        read = PyJWK(key)
    except (PyJWTError, ValueError, TypeError, LookupError):
        return False
    return is_strong(read.key, read.algorithm_name)


def is_for_signatures(key: Jwk) -> bool:
    uses = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(uses, list) and "verify" in uses


def is_strong(key: object, algorithm: str) -> bool:
    """Whether the key is of the type and size that RFC 7518 requires for the algorithm."""
    match algorithm:
        case "ES256":
            return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case "RS256":
            return isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS
        case _:
            return False


def http_key_source(address: str) -> KeySource:
    """A source that reads a JWKS document from a URL."""

    async def fetch() -> list[Jwk]:
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client, client.stream("GET", address) as answer:
            answer.raise_for_status()
            keys: list[Jwk] = json.loads(await read_body(answer))["keys"]
            return keys

    return fetch


async def read_body(answer: httpx.Response) -> bytes:
    """The decompressed body.

    Raises:
        NoUsableKeys: it exceeds `MAX_KEYS_BYTES`.
    """
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_KEYS_BYTES:
            raise NoUsableKeys
    return body


class JwtVerifier:
    """Verifies form, signature and claims. Every rejection is the same `Unauthenticated`."""

    def __init__(self, keys: JwksCache, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client = AsyncGoTrueClient(url=issuer, auto_refresh_token=False, persist_session=False)
        self.problem = ""

    async def is_available(self, wait_seconds: float = CACHED_KEY_WAIT_SECONDS) -> bool:
        has_keys = await self._keys.has_keys(wait_seconds)
        if not has_keys:
            self.problem = self._keys.failure or UNREACHABLE
        elif self.problem in (NO_KEYS, UNREACHABLE):
            self.problem = ""
        return has_keys

    async def verify(self, token: str) -> str:
        key = await self._keys.key(read_kid(token))
        if key is None:
            raise Unauthenticated
        await self._check_signature(token, key)
        claims = read_claims(token)
        self.problem = "" if claims.get("iss") == self._issuer else OTHER_ISSUER
        return validate_claims(claims, self._issuer)

    async def _check_signature(self, token: str, key: Jwk) -> None:
        try:
            answer = await self._client.get_claims(token, jwks={"keys": [cast(JWK, key)]})
        except Exception:  # noqa: BLE001 - four packages raise; each error means an invalid token
            raise Unauthenticated from None
        if answer is None:
            raise Unauthenticated


def read_kid(token: str) -> str:
    """The key id of a token with an asymmetric signature.

    Raises:
        Unauthenticated: the header is invalid, names no key, or names another algorithm.
    """
    header = read_header(token)
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unauthenticated
    return kid
