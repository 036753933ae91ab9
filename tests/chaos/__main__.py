"""Kills, stops, wakes and restarts what a service stands on, and looks whether anything was lost.

    make chaos [ARGS="--seed 7 --kills 20"]

Exit code 1 if an accepted turn was lost, an effect doubled or missing, a session wedged, or a run taken over late. The same
seed chooses the same points.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.chaos.audit import audit
from tests.chaos.fleet import LEASE_SECONDS, Say, open_fleet
from tests.chaos.harm import Log, Plan, do_harm

VICTIMS = 2


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    log: Log
    faults: list[str]
    seconds: float

    def table(self) -> Iterator[str]:
        yield "| what was done | times | going on after the lease's end, p50 / p95 / most (s) |"
        yield "| --- | ---: | ---: |"
        for kind, count in self.log.harmed.items():
            waits = self.log.recovered.get(kind)
            shown = " / ".join(f"{np.percentile(waits, percent):.2f}" for percent in (50, 95, 100)) if waits else "—"
            yield f"| {kind} | {count} | {shown} |"
        turns = self.log.turns
        failed = sum(turn.last.get("type") == "error" for turn in turns)
        resumed = sum(len(turn.connections) > 1 for turn in turns)
        restarted = sum(any(kind == "restart" for _, _, kind in turn.events) for turn in turns)
        yield ""
        yield (
            f"{len(turns)} turns accepted: {len(turns) - failed} answered as they should be, {failed} ended in a visible "
            f"error; {resumed} streams were resumed, {restarted} of them from the beginning. Lease: {LEASE_SECONDS:g} s."
        )
        yield f"{len(self.faults)} faults in {self.seconds:.0f} s."


async def run(plan: Plan, seed: int, say: Say) -> Report:
    """Do harm to a fleet, then read the operation log against its database."""
    began = time.monotonic()
    async with open_fleet(VICTIMS, say) as fleet:
        log = await do_harm(fleet, plan, seed, say)
        say("reading the operation log against the database")
        return Report(log, await audit(fleet, log), time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None)
    for name, count in (("kills", 200), ("sleeps", 20), ("terms", 20), ("restarts", 20)):
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    plan = Plan(options.kills, options.sleeps, options.terms, options.restarts)
    report = asyncio.run(run(plan, seed, lambda line: print(line, flush=True)))
    print("\n".join(report.table()))
    for fault in report.faults[:50]:
        print(fault, file=sys.stderr)
    return bool(report.faults)


if __name__ == "__main__":
    sys.exit(main())
