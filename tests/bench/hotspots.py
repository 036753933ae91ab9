"""Names the lines of this runtime that a turn pays most for."""

import asyncio
import json
import linecache
import os
import signal
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from tests.bench.load import drive, open_http
from tests.bench.measure import SETTLE_SECONDS
from tests.bench.processes import OURS, ROOT, Stage
from tests.bench.report import line
from tests.bench.usage import cpu_seconds, cpu_seconds_alone

LINES = 10
TURNS = 5
LIBRARIES, STANDARD = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))
WIDEST = 90
"""Characters shown of a line of source."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Charge:
    """CPU seconds of a line that ran, and the line that led there: of ours, or the outermost of a library's own task."""

    file: str
    number: int
    cause_file: str
    cause_number: int
    seconds: float


async def profile(stage: Stage, turns: int, say: Callable[[str], None]) -> str:
    """Hold some conversations one after another and report where the CPU time went, as Markdown."""
    counts = stage.folder / "profile.json"
    say("starting the service under a sampler")
    async with (
        stage.ours(command=("tests.bench.profiled", str(counts))) as service,
        open_http() as http,
    ):
        with stage.row_sizes(OURS) as row_sizes:
            postmaster = row_sizes.postmaster()

        def used() -> tuple[float, float, float]:
            return cpu_seconds_alone(service.pid), cpu_seconds(service.pid), cpu_seconds(postmaster)

        await drive(http, service, sessions=max(1, turns // TURNS // 4), turns=TURNS, at_once=1)
        say(f"{turns} turns")
        before = used()
        os.kill(service.pid, signal.SIGUSR1)
        load = await drive(http, service, sessions=turns // TURNS, turns=TURNS, at_once=1)
        await asyncio.sleep(SETTLE_SECONDS)
        after = used()
        os.kill(service.pid, signal.SIGUSR1)
    alone, everything, postgres = ((now - then) / len(load.turns) for now, then in zip(after, before, strict=True))
    return report(json.loads(counts.read_text()), alone * 1000, (everything - alone) * 1000, postgres * 1000)


def report(profile: dict[str, Any], server: float, workers: float, postgres: float) -> str:
    """What was sampled, with the CPU milliseconds a turn of each process."""
    charges = [Charge(*each) for each in profile["charged"]]
    seconds = profile["seconds"]
    native = seconds - sum(charge.seconds for charge in charges)
    return "\n\n".join(
        (
            f"CPU a turn: {server:.1f} ms in the server's process, {workers:.1f} ms in its workers (redaction),"
            f" {postgres:.1f} ms in Postgres. The shares below are of the server's process; {native / seconds:.1%} of it"
            " was used by threads that are not Python's, or could not be told apart.",
            costliest_lines(charges, seconds),
            costliest_causes(charges, seconds),
            packages(charges, seconds),
        )
    )


def costliest_lines(charges: Iterable[Charge], seconds: float) -> str:
    """The lines that ran, each with the line of ours that it ran for most."""
    parts: dict[tuple[str, int], list[Charge]] = defaultdict(list)
    for charge in charges:
        parts[charge.file, charge.number].append(charge)
    rows = []
    for (file, number), spent in costliest({where: total(found) for where, found in parts.items()}, LINES):
        most = max(parts[file, number], key=lambda charge: charge.seconds)
        under = f"{place(most.cause_file, most.cause_number)} ({share(most.seconds, spent)})"
        rows.append(line(share(spent, seconds), place(file, number), source(file, number), under))
    return "\n".join((line("CPU", "line", "source", "mostly under"), line("---:", "---", "---", "---"), *rows))


def costliest_causes(charges: Iterable[Charge], seconds: float) -> str:
    """The lines of ours, each with what ran below it and below no other of ours, and the tasks of libraries."""
    sums: dict[tuple[str, int], float] = defaultdict(float)
    for charge in charges:
        sums[charge.cause_file, charge.cause_number] += charge.seconds
    rows = [
        line(share(spent, seconds), place(file, number), source(file, number))
        for (file, number), spent in costliest(sums)
    ]
    return "\n".join(
        (
            line("CPU", "line of ours, or a library's own task, with what it calls", "source"),
            line("---:", "---", "---"),
            *rows,
        )
    )


def packages(charges: Iterable[Charge], seconds: float) -> str:
    sums: dict[str, float] = defaultdict(float)
    for charge in charges:
        sums[package(charge.file)] += charge.seconds
    rows = [line(share(spent, seconds), name) for name, spent in costliest(sums)]
    return "\n".join((line("CPU", "package"), line("---:", "---"), *rows))


def place(file: str, number: int) -> str:
    return f"{short(file)}:{number}" if file else "(the event loop)"


def costliest(sums: Mapping[Key, float], most: int = 2 * LINES) -> list[tuple[Key, float]]:
    """The greatest of some sums, the greatest first."""
    return sorted(sums.items(), key=itemgetter(1), reverse=True)[:most]


def total(charges: Iterable[Charge]) -> float:
    return sum(charge.seconds for charge in charges)


def share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}"


def source(file: str, number: int) -> str:
    text = linecache.getline(file, number).strip().replace("|", "\\|")
    return f"`{text[:WIDEST]}`" if text else ""


def short(file: str) -> str:
    """A file without what precedes the repository, the libraries or Python's own modules."""
    path = Path(file)
    for root in (LIBRARIES, ROOT, STANDARD):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return file


def package(file: str) -> str:
    """The top-level package of a file."""
    first = Path(short(file)).parts[0].removesuffix(".py")
    return f"{first} (Python)" if Path(file).is_relative_to(STANDARD) and not is_library(file) else first


def is_library(file: str) -> bool:
    return Path(file).is_relative_to(LIBRARIES)
