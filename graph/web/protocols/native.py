"""The native protocol: each logged event is one Server-Sent Event with the id `<run>:<number>` and one line of JSON.

The JSON is the event of `graph.events` as it is, with the user's own values in it.
"""

import json
import re

from graph.errors import InvalidRequest
from graph.events import Event

LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})
"""JSON escapes for characters that end a line for some clients (httpx among them), though not in SSE."""

EVENT_ID = re.compile(r"(?P<run>[0-9a-fA-F-]{36}):(?P<seq>\d{1,9})")

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_frame(run_id: str, seq: int, event: Event) -> bytes:
    """The frame of a run's event; `seq` is its number within the run."""
    data = to_json(event)
    if not data.isascii():
        data = data.translate(LINE_ENDS)
    return f"id: {run_id}:{seq}\ndata: {data}\n\n".encode()


def parse_last_event_id(header: str | None, run_id: str) -> int:
    """The number of the last event that the client has received; 0 without a header.

    Raises:
        InvalidRequest: the header is not an event id of this run.
    """
    if not header:
        return 0
    match = EVENT_ID.fullmatch(header)
    if not match or match["run"].lower() != run_id:
        raise InvalidRequest("Last-Event-ID is not an id of an event of this run.")
    return int(match["seq"])
