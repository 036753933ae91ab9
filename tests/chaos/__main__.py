"""Kills, stops, wakes and restarts what a service stands on, and looks whether anything was lost.

    make chaos [SEED=7] [ARGS=--quick]

Exit code 1 if an accepted turn was lost, an effect doubled or missing, a session wedged, or a run went on too late. The same
seed chooses the same points; their operation log and what the processes logged stay in a folder.
"""

import argparse
import asyncio
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from tests.chaos.audit import audit, look_wedged, read_stored
from tests.chaos.client import open_http
from tests.chaos.cluster import GRACE_SECONDS, LEASE_SECONDS, Say, open_cluster
from tests.chaos.faults import CRASH, KILL, RESTART, SLEEP, TERM, Plan, Stage, inject
from tests.chaos.operations import DOUBLED, LATE, LOST, MISSING, WEDGED, WRONG, Fault, Operations

VICTIMS = 2
FULL = Plan()
QUICK = Plan(kills=6, sleeps=1, terms=1, restarts=1, crashes=1)
HARMS = tuple(field.name for field in fields(Plan))
KEPT = Path(".data") / "chaos"
SHOWN = (LOST, DOUBLED, MISSING, WEDGED, LATE, WRONG)
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    operations: Operations
    faults: Sequence[Fault]
    seconds: float

    def table(self) -> Iterator[str]:
        heads = (
            "fault",
            "times",
            "turns",
            "ended in a visible error",
            *SHOWN,
            "resumed after, p50 / p95 / max (s)",
        )
        yield f"| {' | '.join(heads)} |"
        yield f"| --- |{' ---: |' * (len(heads) - 1)}"
        for kind in (KILL, RESTART, CRASH, TERM, SLEEP):
            yield f"| {' | '.join(map(str, self._cells(kind)))} |"
        yield ""
        yield self._streams()

    def _cells(self, kind: str) -> Iterator[object]:
        turns = self.operations.of(kind)
        yield from (kind, self.operations.harmed[kind], len(turns), sum(turn.failed for turn in turns))
        yield from (sum(fault.what == what for fault in self.faults if fault.kind == kind) for what in SHOWN)
        is_waiting = self.operations.is_waiting.get(kind)
        yield " / ".join(f"{np.percentile(is_waiting, part):.2f}" for part in (50, 95, 100)) if is_waiting else "—"

    def _streams(self) -> str:
        turns = self.operations.turns
        resumed = sum(len(turn.connections) > 1 for turn in turns)
        anew = sum(any(kind == "restart" for _, _, kind in turn.events) for turn in turns)
        return (
            f"{len(turns)} turns; {resumed} streams went on elsewhere, {anew} of them from the beginning. "
            f"LEASE_SECONDS={LEASE_SECONDS:g}, SHUTDOWN_GRACE_SECONDS={GRACE_SECONDS:g}. "
            f"{len(self.faults)} faults in {self.seconds:.0f} s."
        )


async def run(plan: Plan, seed: int, folder: Path, say: Say) -> Report:
    """Inject faults into a cluster, then compare the operation log with its database."""
    began = time.monotonic()
    operations = Operations()
    faults: Sequence[Fault] = ()
    try:
        async with open_cluster(VICTIMS, folder, say) as cluster, open_http() as http:
            stage = Stage(cluster, http, operations, say)
            await inject(stage, plan, seed)
            say("sending each session one more message")
            await look_wedged(stage)
            say("reading the operation log against the database")
            faults = audit(operations, await read_stored(cluster))
    finally:
        operations.write(folder / "operations.jsonl", faults or operations.faults)
    return Report(operations, faults, time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--quick", action="store_true", help="a few of each kind")
    for name in HARMS:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--folder", type=Path, default=KEPT, help="for the operation log and the logs of the processes")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in HARMS}
    plan = replace(
        QUICK if options.quick else FULL, **{name: count for name, count in given.items() if count is not None}
    )
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    folder = options.folder.resolve() / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)

    say(f"seed {seed}; what is logged is in {folder}")
    report = asyncio.run(run(plan, seed, folder, say))
    print("\n".join(report.table()))
    for fault in report.faults[:MOST_SHOWN]:
        print(f"{fault.kind}: {fault.what}: {fault.text}", file=sys.stderr)
    return bool(report.faults)


if __name__ == "__main__":
    sys.exit(main())
