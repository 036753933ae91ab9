"""What a token says, read in one way only; whether its signature is right is checked elsewhere."""

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
"""A signed token in its compact form. Decoders of base64 pass over anything else: one token could be written in many ways."""
HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
MAX_TIME = 253_402_300_799
"""The end of the year 9999, in seconds: no token of a user is meant to live longer."""
LEEWAY = 30
"""Seconds by which clocks may differ."""


def claims_of(token: str) -> dict[str, Any]:
    """The claims as they were signed: the library that checks the signature reads a text as the number that it spells."""
    return read_part(token.split(".")[1])


def caller_of(claims: Mapping[str, Any], issuer: str) -> str:
    """Who is named by claims whose signature is right.

    Raises:
        Unauthenticated: nobody who is signed in, nobody of this issuer, or not at this time.
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


def is_time(value: object) -> bool:
    """Whether this is a time as RFC 7519 writes it: a number of seconds since 1970, of this age of the world."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TIME


def read_header(token: str) -> dict[str, Any]:
    """The header of a token if it holds nothing but what it may hold, and the claims can be read in one way only.

    Raises:
        Unauthenticated: it is too long, is not a JWT, names something twice, or its header asks for another way of checking it.
    """
    if len(token) > MAX_TOKEN_CHARS or not TOKEN.fullmatch(token):
        raise Unauthenticated
    header, _ = (read_part(part) for part in token.split(".")[:2])
    if not set(header) <= HEADER_FIELDS:
        raise Unauthenticated
    return header


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
