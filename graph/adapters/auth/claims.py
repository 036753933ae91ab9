"""Reads and validates the claims of a token. The verifiers check its signature."""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from graph.errors import Unauthenticated

MAX_TOKEN_CHARS = 8192
TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""A signed JWT in compact form. Base64 decoders skip other characters, which would give one token many spellings."""
HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
MAX_TIME = 253_402_300_799
"""The end of the year 9999 in seconds since 1970; a later time is malformed."""
LEEWAY = 30
"""Allowed difference of clocks, in seconds."""


def read_claims(token: str) -> dict[str, Any]:
    """The claims as signed. The library that checks the signature would convert texts to numbers."""
    return read_part(token.split(".")[1])


def validate_claims(claims: Mapping[str, Any], issuer: str) -> str:
    """The user's id from claims whose signature is valid.

    Raises:
        Unauthenticated: the issuer, the audience, the role, a time or the subject is wrong.
    """
    now = time.time()
    audience = claims.get("aud")
    sound = (
        claims.get("iss") == issuer
        and (audience == "authenticated" or (isinstance(audience, list) and "authenticated" in audience))
        and claims.get("role") == "authenticated"
        and is_time(claims.get("exp"))
        and claims["exp"] > now - LEEWAY
        and all(is_time(claims.get(name, 0)) and claims.get(name, 0) <= now + LEEWAY for name in ("nbf", "iat"))
    )
    if not sound:
        raise Unauthenticated
    return read_subject(claims)


def read_subject(claims: Mapping[str, Any]) -> str:
    """The user's id.

    Raises:
        Unauthenticated: it is missing, or not a UUID in canonical form.
    """
    subject = claims.get("sub")
    try:
        if isinstance(subject, str) and str(UUID(subject)) == subject.lower():
            return subject.lower()
    except ValueError:
        pass
    raise Unauthenticated


def is_time(value: object) -> bool:
    """Whether this is a NumericDate (RFC 7519): seconds since 1970, up to `MAX_TIME`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TIME


def read_header(token: str) -> dict[str, Any]:
    """The header of a token, with allowed fields only.

    Raises:
        Unauthenticated: the token is too long or malformed, has a duplicate name, or its header has another field.
    """
    if len(token) > MAX_TOKEN_CHARS or not TOKEN.fullmatch(token):
        raise Unauthenticated
    header, _ = (read_part(part) for part in token.split(".")[:2])
    if not set(header) <= HEADER_FIELDS:
        raise Unauthenticated
    return header


def read_part(part: str) -> dict[str, Any]:
    """Decode the header or the claims of a token.

    Raises:
        Unauthenticated: it is not a JSON object, or has a duplicate name.
    """
    try:
        read = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=reject_duplicates)
    except (ValueError, RecursionError):
        raise Unauthenticated from None
    if not isinstance(read, dict):
        raise Unauthenticated
    return read


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of two fields with one name, one parser would take the first and another the last."""
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("duplicate name")
    return named
