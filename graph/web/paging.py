"""Pages of lists, and their cursors."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from graph.errors import InvalidRequest

Limit = Annotated[int, Query(ge=1, le=100)]


Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]


def encode_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequest("The cursor is not one that a page named.") from None


def parse_cursor(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    moment, _, session_id = decode_cursor(cursor).partition(" ")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).isoformat(), str(UUID(session_id))
    except (ValueError, OverflowError):
        raise InvalidRequest("The cursor is not one that a page named.") from None


def parse_position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    text = decode_cursor(cursor)
    if not text.isdecimal() or len(text) > 18:
        raise InvalidRequest("The cursor is not one that a page named.")
    return int(text)
