"""A Supabase project whose tokens are signed with its JWT secret (HS256), and what a project says of itself."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from jwt.exceptions import PyJWTError
from jwt.types import Options

from graph.adapters.auth.claims import caller_of, claims_of, read_header
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
"""The claims are checked as those of any other token."""


class SecretVerifier:
    """Checks tokens that are signed with a secret, and takes no others."""

    def __init__(self, secret: bytes, issuer: str) -> None:
        self._secret = secret
        self._issuer = issuer
        self.problem = ""

    async def works(self, patience: float = 0) -> bool:
        return True

    async def user_of(self, token: str) -> str:
        """The caller's id.

        Raises:
            Unauthenticated: the token is not one that the project gave to a signed-in user, or not at this time.
        """
        if read_header(token).get("alg") != ALGORITHM:
            raise Unauthenticated
        try:
            jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=SIGNATURE_ONLY)
        except (PyJWTError, ValueError):
            raise Unauthenticated from None
        claims = claims_of(token)
        self.problem = "" if claims.get("iss") == self._issuer else OTHER_ISSUER
        return caller_of(claims, self._issuer)


async def published_issuer(address: str) -> str | None:
    """The issuer that the project's OpenID configuration names; None if it has none, or cannot be asked."""
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


async def check_sign_in(settings: Settings, verifier: TokenVerifier, report: Callable[[str], None]) -> None:
    """Say at the start what keeps the project's users from signing in. It may mend itself, so the start goes on."""
    if not settings.supabase_url:
        return
    if await verifier.works(FETCH_SECONDS) and not settings.supabase_issuer:
        issuer = await published_issuer(settings.auth_address)
        if issuer and issuer != settings.auth_address:
            verifier.problem = f"The project of SUPABASE_URL signs as another issuer: set SUPABASE_ISSUER={issuer}"
    if verifier.problem:
        log.warning("sign_in_unavailable", reason=verifier.problem)
        report(verifier.problem)
