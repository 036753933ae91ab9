"""Two answers beside each other, for a terminal."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from itertools import zip_longest

from graph.replay.recording import Outcome


def side_by_side(recorded: Outcome, live: Outcome, width: int | None = None) -> str:
    """What was said and called in both turns, the recorded one on the left."""
    column = ((width or shutil.get_terminal_size((120, 24)).columns) - 3) // 2
    left, right = ([*wrapped(turn, column)] for turn in (recorded, live))
    rows = [("recorded", "live"), ("-" * column, "-" * column), *zip_longest(left, right, fillvalue="")]
    return "\n".join(f"{one:<{column}} | {other}".rstrip() for one, other in rows) + "\n"


def wrapped(turn: Outcome, column: int) -> Iterator[str]:
    for message in turn.messages[1:]:
        for call in message.metadata.get("tool_calls", ()):
            yield from textwrap.wrap(f"→ {call['name']} {json.dumps(call['args'], ensure_ascii=False)}", column)
        if message.role == "assistant":
            for paragraph in message.content.split("\n"):
                yield from textwrap.wrap(paragraph, column) or [""]
    yield from textwrap.wrap(f"({turn.status}, {turn.usage['total']} tokens)", column)
