"""What becomes of the accepted turns, and of the rest, when three times as many come as the service takes.

    python -m tests.bench.overload [--seconds 60]

First as many users as it takes (`MAX_ACTIVE_RUNS`) talk to it for a while, then three times as many, each of whom tries again
soon after a refusal. Exit code 1 if refusals take long, if accepted turns lose their pace, or if one fails.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import numpy as np

from tests.bench.load import Conversation, Service, Times, TurnFailed, open_http
from tests.bench.processes import set_up

TAKEN = 8
"""Turns at once that the service takes."""
TIMES = 3
AGAIN_SECONDS = 0.3
"""After which a user who was refused tries again; Retry-After asks for more."""
REFUSED_SECONDS = 0.1
"""The longest that a refusal may take, at the 95th percentile."""
PACE = 1.5
"""How much longer accepted turns may take than without the others, at the 95th percentile."""

Say = Callable[[str], None]


@dataclass
class Crowd:
    """What its users saw."""

    turns: list[Times] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    """Seconds until each was told."""
    failures: list[str] = field(default_factory=list)

    def pace(self) -> float:
        """Milliseconds of a whole turn, at the 95th percentile."""
        return float(np.percentile([turn.total for turn in self.turns], 95))

    def refused(self) -> float:
        """Seconds until a refusal, at the 95th percentile; 0 without any."""
        return float(np.percentile(self.refusals, 95)) if self.refusals else 0.0


@dataclass(frozen=True)
class Overloaded:
    alone: Crowd
    crowded: Crowd

    @property
    def faults(self) -> list[str]:
        slow = self.crowded.refused() > REFUSED_SECONDS
        late = self.crowded.pace() > PACE * self.alone.pace()
        idle = not self.crowded.refusals
        return [
            *self.alone.failures,
            *self.crowded.failures,
            *(["refusals took long"] if slow else []),
            *(["accepted turns lost their pace"] if late else []),
            *(["nothing was refused"] if idle else []),
        ]

    def __str__(self) -> str:
        return (
            f"{TAKEN} users: {len(self.alone.turns)} turns, p95 {self.alone.pace():.0f} ms. {TIMES * TAKEN} users:"
            f" {len(self.crowded.turns)} turns, p95 {self.crowded.pace():.0f} ms; {len(self.crowded.refusals)} refused in"
            f" {1000 * self.crowded.refused():.0f} ms (p95)"
        )


async def talk(http: aiohttp.ClientSession, service: Service, users: int, seconds: float) -> Crowd:
    """So many users at once, each in a conversation, for so long."""
    crowd, end = Crowd(), time.monotonic() + seconds

    async def user(number: int) -> None:
        conversation = Conversation(http, service, number)
        while time.monotonic() < end:
            asked = time.perf_counter()
            try:
                crowd.turns.append(await conversation.turn())
            except TurnFailed as failed:
                if '"overloaded"' not in str(failed):
                    crowd.failures.append(str(failed))
                    return
                crowd.refusals.append(time.perf_counter() - asked)
                await asyncio.sleep(AGAIN_SECONDS)

    await asyncio.gather(*(user(number) for number in range(users)))
    return crowd


async def overload(seconds: float, say: Say) -> Overloaded:
    async with (
        set_up(say, gap_ms=5) as stage,
        stage.ours(environment={"MAX_ACTIVE_RUNS": str(TAKEN)}) as service,
        open_http() as http,
    ):
        await talk(http, service, TAKEN, 2)
        alone = await talk(http, service, TAKEN, seconds / 3)
        say(f"{len(alone.turns)} turns without the others")
        return Overloaded(alone, await talk(http, service, TIMES * TAKEN, seconds))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    overloaded = asyncio.run(overload(parser.parse_args().seconds, lambda line: print(line, flush=True)))
    print(overloaded)
    for fault in overloaded.faults:
        print(fault, file=sys.stderr)
    return bool(overloaded.faults)


if __name__ == "__main__":
    sys.exit(main())
