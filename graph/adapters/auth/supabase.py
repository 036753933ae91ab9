"""Supabase projects that sign with their JWT secret (HS256), and the check of a project's configuration."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from jwt.exceptions import PyJWTError
from jwt.types import Options

from graph.adapters.auth.claims import read_claims, read_header, validate_claims
from graph.adapters.auth.jwt_verifier import FETCH_SECONDS, OTHER_ISSUER, read_body
from graph.errors import Unauthenticated
from graph.ports.auth import TokenVerifier
from graph.settings import Settings

log = structlog.get_logger(__name__)

ALGORITHM = "HS256"
SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_sub": False,
}
"""PyJWT checks the signature only; `validate_claims` checks the claims."""


class SharedSecretVerifier:
    """Verifies tokens that are signed with a shared secret; it accepts no others (port `TokenVerifier`)."""

    def __init__(self, secret: bytes, issuer: str) -> None:
        self._secret = secret
        self._issuer = issuer
        self.problem = ""

    async def is_available(self, wait_seconds: float = 0) -> bool:
        return True

    async def verify(self, token: str) -> str:
        if read_header(token).get("alg") != ALGORITHM:
            raise Unauthenticated
        try:
            jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=SIGNATURE_ONLY)
        except (PyJWTError, ValueError):
            raise Unauthenticated from None
        claims = read_claims(token)
        self.problem = "" if claims.get("iss") == self._issuer else OTHER_ISSUER
        return validate_claims(claims, self._issuer)


async def fetch_published_issuer(address: str) -> str | None:
    """The issuer in the project's OpenID configuration; None without one, or if the project is unreachable."""
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient() as client,
            client.stream("GET", f"{address}/.well-known/openid-configuration") as answer,
        ):
            answer.raise_for_status()
            issuer = json.loads(await read_body(answer))["issuer"]
    except (httpx.HTTPError, OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return issuer if isinstance(issuer, str) and urlsplit(issuer).scheme in ("http", "https") else None


async def report_sign_in_problem(settings: Settings, verifier: TokenVerifier, report: Callable[[str], None]) -> None:
    """Report at the start what prevents users from signing in. The start continues, since the problem may pass."""
    if not settings.supabase_url:
        return
    if await verifier.is_available(FETCH_SECONDS) and not settings.supabase_issuer:
        issuer = await fetch_published_issuer(settings.auth_address)
        if issuer and issuer != settings.auth_address:
            verifier.problem = f"The project of SUPABASE_URL signs as another issuer: set SUPABASE_ISSUER={issuer}"
    if verifier.problem:
        log.warning("sign_in_unavailable", reason=verifier.problem)
        report(verifier.problem)
