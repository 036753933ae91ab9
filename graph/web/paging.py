"""Cursors of paged lists. A cursor is opaque to clients: base64 of a sort key."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from graph.errors import InvalidRequest
from graph.ports.storage import Place

Limit = Annotated[int, Query(ge=1, le=100)]
"""Items of a page."""
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the previous page.")]


def encode_cursor(key: str) -> str:
    """The cursor for a sort key; inverse of `decode_cursor`."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The sort key of a cursor.

    Raises:
        InvalidRequest: no page named this cursor.
    """
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequest("Invalid cursor.") from None


def parse_cursor(cursor: str | None) -> Place | None:
    """The instant and id in the cursor of a list that is sorted by time; None without a cursor.

    Raises:
        InvalidRequest: no page named this cursor.
    """
    if cursor is None:
        return None
    moment, _, item_id = decode_cursor(cursor).partition(" ")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).isoformat(), str(UUID(item_id))
    except (ValueError, OverflowError):
        raise InvalidRequest("Invalid cursor.") from None


def parse_position(cursor: str | None) -> int | None:
    """The position in the cursor of a list of messages; None without a cursor.

    Raises:
        InvalidRequest: no page named this cursor.
    """
    if cursor is None:
        return None
    text = decode_cursor(cursor)
    if not text.isdecimal() or len(text) > 18:
        raise InvalidRequest("Invalid cursor.")
    return int(text)
