"""How a long conversation ages: `python -m tests.bench.long_session` prints one line of JSON.

A server of its own, with the scripted model on loopback; each figure is the median of a turn and its neighbours. The early
turns are those of a second conversation, one in turn with the late ones of the first, so that both meet the same machine.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.scripted_model import ScriptedModel
from tests.service.conftest import Client, Server, running
from tests.service.test_long_session import CHECKPOINT_BYTES

SAID = " ".join(f"word{number}" for number in range(64))
"""An answer, each word a chunk."""
LATEST = 20
"""How many turns the second conversation has; its middle is compared with the same turn before the first one's end."""
NEIGHBOURS = 8
"""Turns on either side that a median takes in."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ScriptedModel().serving() as model:
        environment = {"OPENAI_BASE_URL": model.address, "RATE_LIMIT_PER_MINUTE": "100000", "EMBEDDINGS": "local"}
        with running(Path(folder) / "data", environment) as server, server.client() as user:
            print(json.dumps(measure(server, user, options.turns)))


def measure(server: Server, user: Client, turns: int) -> dict[str, float]:
    user.ask("a first turn in another session, to warm up")
    old, young = Talk(user), Talk(user)
    for _ in range(turns - LATEST):
        old.turn()
    for _ in range(LATEST):
        old.turn()
        young.turn()
    early, late = LATEST // 2, turns - LATEST // 2
    [kept] = server.sql(CHECKPOINT_BYTES, old.session, old.session, old.session)
    return {
        "turns": turns,
        "first_text_early_ms": around(young.first_text, early),
        "first_text_late_ms": around(old.first_text, late),
        "turn_early_ms": around(young.whole, early),
        "turn_late_ms": around(old.whole, late),
        "first_text_ratio": round(around(old.first_text, late) / around(young.first_text, early), 2),
        "turn_ratio": round(around(old.whole, late) / around(young.whole, early), 2),
        "checkpoint_bytes": kept["bytes"],
        "checkpoint_rows": kept["rows"],
    }


@dataclass
class Talk:
    """A conversation, and how long its turns took, in milliseconds."""

    user: Client
    session: str | None = None
    first_text: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def turn(self) -> None:
        message = f"turn {len(self.whole)} [[say {SAID}]]"
        self.session, begun, ended = timed(self.user, message, self.session)
        self.first_text.append(begun)
        self.whole.append(ended)


def timed(user: Client, message: str, session: str | None) -> tuple[str, float, float]:
    """Ask; return the session, the milliseconds to the first text and to the end."""
    started = time.perf_counter()
    begun = 0.0
    with user.stream("POST", "/api/chat", json={"message": message, "session_id": session}) as response:
        for line in response.iter_lines():
            if '"type":"start"' in line:
                session = json.loads(line.removeprefix("data: "))["session_id"]
            elif '"type":"text"' in line and not begun:
                begun = time.perf_counter() - started
    assert session is not None
    return session, begun * 1000, (time.perf_counter() - started) * 1000


def around(times: list[float], turn: int) -> float:
    """The median of a turn (counted from 1) and its neighbours, in milliseconds."""
    return round(statistics.median(times[max(0, turn - 1 - NEIGHBOURS) : turn + NEIGHBOURS]), 1)


if __name__ == "__main__":
    main()
