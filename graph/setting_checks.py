"""What the text of a setting must be like. No message holds the text: it may be a password, or stand where one should."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
ORIGIN = re.compile(r"\*|[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@]+")
HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
HEADER_PAIR = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e]*")
PUBLIC_KEY = re.compile(r"\s*(?:-----BEGIN |ssh-|ecdsa-|\{)")
"""How a key pair's key begins: in PEM, as SSH writes it, as a JWK."""
MIN_SECRET_BYTES = 32
"""As long as the hash of HS256 (RFC 7518, 3.2)."""
MAX_PORT = 65535

MAX_INTEGER = 2**31 - 1
"""The largest `integer` of Postgres."""
MAX_BIGINT = 2**63 - 1

MINUTE, HOUR, DAY = 60, 3600, 86_400
Count = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Seconds = Annotated[float, Field(gt=0, le=DAY, allow_inf_nan=False)]


def without_control_characters(value: object) -> object:
    """
    Raises:
        ValueError: the text has characters that no setting can mean.
    """
    if isinstance(value, str) and CONTROL.search(value):
        raise ValueError("has control characters, or bytes that are not UTF-8")
    return value


def origin(text: str) -> str:
    """
    Raises:
        ValueError: no browser sends this as its origin.
    """
    if not ORIGIN.fullmatch(text):
        raise ValueError("an origin is written https://app.example, with a port if it has one and without a path")
    return text


def secret(check: Callable[[str], None]) -> AfterValidator:
    """Checks the text of a secret."""

    def checked(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(checked)


def check_header_value(text: str) -> None:
    """
    Raises:
        ValueError: it cannot be sent in a header.
    """
    if not HEADER_VALUE.fullmatch(text):
        raise ValueError("must be ASCII: it is sent in a header")


def check_header_pairs(text: str) -> None:
    """
    Raises:
        ValueError: these are no headers.
    """
    if not all(HEADER_PAIR.fullmatch(pair.strip()) for pair in text.split(",")):
        raise ValueError("is name=value,name=value with percent-encoded values")


def check_jwt_secret(text: str) -> None:
    """
    Raises:
        ValueError: it is short enough to be guessed, or is a key that others may know.
    """
    if PUBLIC_KEY.match(text):
        raise ValueError("is a key of a key pair: it is left out where the project signs with one")
    if len(text.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"has fewer than {MIN_SECRET_BYTES} bytes")


def check_database_address(text: str) -> None:
    """
    Raises:
        ValueError: no server can be found by it.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(text)
    except (ProgrammingError, ValueError):
        raise ValueError(
            "is no address of a database: postgresql://user:password@host:5432/name, "
            "where special characters of the password are percent-encoded (@ as %40, % as %25)"
        ) from None
    if "@" in str(parts.get("host", "")):
        raise ValueError("has a second @: write the one in the password as %40")
    if not all(is_port(port) for port in str(parts.get("port") or "5432").split(",")):
        raise ValueError(f"names no port between 1 and {MAX_PORT}")


def is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PORT)


DatabaseAddress = Annotated[SecretStr, secret(check_database_address)]
JwtSecret = Annotated[SecretStr, secret(check_jwt_secret)]
HeaderValue = Annotated[SecretStr, secret(check_header_value)]
HeaderPairs = Annotated[SecretStr, secret(check_header_pairs)]
Origin = Annotated[str, AfterValidator(origin)]
