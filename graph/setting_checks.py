"""Types and checks of single settings. No error message quotes a value, since any value may be or contain a password."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, PydanticBaseSettingsSource
from pydantic_settings.sources import EnvSettingsSource

from graph.errors import ConfigurationError

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
ORIGIN = re.compile(r"\*|[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@]+")
HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
HEADER_PAIR = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e]*")
PUBLIC_KEY = re.compile(r"\s*(?:-----BEGIN |ssh-|ecdsa-|\{)")
"""The beginning of a key of a key pair: in PEM, in the format of SSH, or as a JWK."""
MIN_SECRET_BYTES = 32
"""The length of the hash of HS256 (RFC 7518, 3.2)."""
MAX_PORT = 65535

MAX_INTEGER = 2**31 - 1
"""The largest `integer` of Postgres."""
MAX_BIGINT = 2**63 - 1

HOUR, DAY = 3600, 86_400
MAX_DAYS = 36_500
Count = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
PromptTokens = Annotated[int, Field(ge=1500, le=MAX_INTEGER)]
Seconds = Annotated[float, Field(gt=0, le=DAY, allow_inf_nan=False)]
LeaseSeconds = Annotated[float, Field(ge=1, le=HOUR, allow_inf_nan=False)]
GraceSeconds = Annotated[float, Field(ge=0, le=HOUR, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=MAX_DAYS * 24 * 60, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=MAX_DAYS, allow_inf_nan=False)]

FORMER_NAMES = {
    "approval_minutes": "approval_ttl_minutes",
    "grace_seconds": "shutdown_grace_seconds",
    "kept_turns": "checkpoint_turns",
    "model_between_tokens_seconds": "model_stall_seconds",
    "recording": "studio_recording",
    "run_seconds": "run_timeout_seconds",
    "vault_key_old": "vault_previous_keys",
}
"""Renamed settings, former name to new name. An ignored VAULT_KEY_OLD would make stored values unreadable."""


def without_control_characters(value: object) -> object:
    """Accept any value but a text with control characters.

    Raises:
        ValueError: the text contains some.
    """
    if isinstance(value, str) and CONTROL.search(value):
        raise ValueError("has control characters, or bytes that are not UTF-8")
    return value


def split_commas(value: object) -> object:
    """Split the text of a setting; a default passes through."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def check_origin(text: str) -> str:
    """Accept what browsers send as `Origin`, and `*`.

    Raises:
        ValueError: the text is not an origin.
    """
    if not ORIGIN.fullmatch(text):
        raise ValueError("an origin is written https://app.example, with a port if it has one and without a path")
    return text


def secret(check: Callable[[str], None]) -> AfterValidator:
    """Apply a check of text to a `SecretStr`."""

    def checked(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(checked)


def check_header_value(text: str) -> None:
    """Accept what can be sent as the value of a header.

    Raises:
        ValueError: the text cannot.
    """
    if not HEADER_VALUE.fullmatch(text):
        raise ValueError("must be ASCII: it is sent in a header")


def check_header_pairs(text: str) -> None:
    """Accept `name=value` pairs, comma-separated, with percent-encoded values.

    Raises:
        ValueError: the text is something else.
    """
    if not all(HEADER_PAIR.fullmatch(pair.strip()) for pair in text.split(",")):
        raise ValueError("must be name=value,name=value with percent-encoded values")


def check_jwt_secret(text: str) -> None:
    """Accept the shared secret of a project.

    Raises:
        ValueError: the secret is short enough to be guessed, or is the public key of a key pair.
    """
    if PUBLIC_KEY.match(text):
        raise ValueError("is a key of a key pair: leave it out if the project signs with a key pair")
    if len(text.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"has fewer than {MIN_SECRET_BYTES} bytes")


def check_database_address(text: str) -> None:
    """Accept a connection string of libpq, as an address or as `name=value` words.

    Raises:
        ValueError: libpq cannot read it, or its host or port is impossible.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(text)
    except (ProgrammingError, ValueError):
        raise ValueError(
            "is not an address of a database: postgresql://user:password@host:5432/name, "
            "where special characters of the password are percent-encoded (@ as %40, % as %25)"
        ) from None
    if "@" in str(parts.get("host", "")):
        raise ValueError("has a second @: write the one in the password as %40")
    if not all(is_port(port) for port in str(parts.get("port") or "5432").split(",")):
        raise ValueError(f"has a port that is not between 1 and {MAX_PORT}")


def is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PORT)


def refuse_former_names(*sources: PydanticBaseSettingsSource) -> None:
    """Stop the start where the environment or `.env` sets a former name to a value.

    Raises:
        ConfigurationError: one does; the message gives the new names.
    """
    used = {name for source in sources if isinstance(source, EnvSettingsSource) for name in source.env_vars}
    renamed = [
        f"{name.upper()} is now called {FORMER_NAMES[name].upper()}" for name in sorted(used & FORMER_NAMES.keys())
    ]
    if renamed:
        raise ConfigurationError(f"{', '.join(renamed)}: rename {'it' if len(renamed) == 1 else 'them'}.")


def format_fault(fault: Mapping[str, Any]) -> str:
    """Format an error with the name of its variable and without its value."""
    message = fault["msg"].removeprefix("Value error, ")
    return f"{fault['loc'][0].upper()}: {message}" if fault["loc"] else message


DatabaseAddress = Annotated[SecretStr, secret(check_database_address)]
JwtSecret = Annotated[SecretStr, secret(check_jwt_secret)]
HeaderValue = Annotated[SecretStr, secret(check_header_value)]
HeaderPairs = Annotated[SecretStr, secret(check_header_pairs)]
Origin = Annotated[str, AfterValidator(check_origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(split_commas)]
