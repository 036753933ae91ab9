"""Who is calling: verifies bearer tokens against cached keys, and fails closed."""

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

from graph.adapters.auth.claims import caller_of, claims_of, read_header
from graph.errors import ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

Jwk = dict[str, Any]
FetchKeys = Callable[[], Awaitable[list[Jwk]]]

ALGORITHMS = frozenset({"ES256", "RS256"})
MIN_RSA_BITS = 2048
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


NO_KEYS = (
    "SUPABASE_URL publishes no key that can check a token: set SUPABASE_JWT_SECRET to the project's JWT secret, or let the "
    "project sign with an asymmetric key (ES256, or RS256 of 2,048 bits)."
)
UNREACHABLE = (
    "The keys of SUPABASE_URL cannot be fetched, so nobody can sign in: correct it, or see why it does not answer."
)
OTHER_ISSUER = "Tokens that the project signed name another issuer: set SUPABASE_ISSUER to the `iss` of one."


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
        self.failure = ""
        """Why the last fetch brought no keys; empty if it did."""

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

    async def has_any(self, patience: float) -> bool:
        """Whether there are keys to check with; if not, they are fetched when that is due."""
        if self._age() > STALE_SECONDS:
            await self._refresh(patience)
        return self._age() <= STALE_SECONDS

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
            self.failure = ""
        except (httpx.HTTPError, OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            self.failure = NO_KEYS if isinstance(error, NoKeys) else UNREACHABLE
            log.warning("jwks_unavailable", reason=type(error).__name__)
        finally:
            self._fetching = None


def usable(keys: list[Jwk]) -> dict[str, Jwk]:
    """The keys that can check a token, by their ids. Of two keys with one id nobody knows which is meant: neither is used.

    Raises:
        NoKeys: there is none.
        TypeError: this is no list.
    """
    found: list[Jwk] = []
    for key in keys:
        if is_usable(key) and key not in found:
            found.append(key)
    named = Counter(key["kid"] for key in found)
    once = {key["kid"]: key for key in found if named[key["kid"]] == 1}
    if not once:
        raise NoKeys
    return once


def is_usable(key: object) -> bool:
    """Whether this is a named public key to check signatures with; a document may also list keys for other uses."""
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
    """Whether this is a key for this algorithm, as RFC 7518 wants it."""
    match algorithm:
        case "ES256":
            return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case "RS256":
            return isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS
        case _:
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
        self.problem = ""

    async def works(self, patience: float = GLANCE_SECONDS) -> bool:
        has_keys = await self._keys.has_any(patience)
        if not has_keys:
            self.problem = self._keys.failure or UNREACHABLE
        elif self.problem in (NO_KEYS, UNREACHABLE):
            self.problem = ""
        return has_keys

    async def user_of(self, token: str) -> str:
        key = await self._keys.find(read_kid(token))
        if key is None:
            raise Unauthenticated
        await self._check_signature(token, key)
        claims = claims_of(token)
        self.problem = "" if claims.get("iss") == self._issuer else OTHER_ISSUER
        return caller_of(claims, self._issuer)

    async def _check_signature(self, token: str, key: Jwk) -> None:
        try:
            answer = await self._client.get_claims(token, jwks={"keys": [cast(JWK, key)]})
        except Exception:  # noqa: BLE001 - four packages raise; each error means an invalid token
            raise Unauthenticated from None
        if answer is None:
            raise Unauthenticated


def read_kid(token: str) -> str:
    """The key id of a token that is signed with a key pair.

    Raises:
        Unauthenticated: as `read_header`, or it names no key, or another algorithm.
    """
    header = read_header(token)
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unauthenticated
    return kid
