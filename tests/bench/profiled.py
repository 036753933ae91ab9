"""Runs the service under a sampler: `python -m tests.bench.profiled FILE`.

The first SIGUSR1 begins, the second ends and writes the counts to FILE. A timer that runs with the process's CPU time asks
where each thread stands, and charges to that line what the thread has used since it was last charged. A thread that waits
is not charged while another one works: what it has used belongs to a line that it has left.
"""

import asyncio
import json
import signal
import sys
import sysconfig
import threading
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parent.parent.parent
OWN = tuple(str(ROOT / part) for part in ("graph/", "nodes/", "tools/", "employees/", "migrations/", "server.py"))
STANDARD = sysconfig.get_path("stdlib")
WAITING = tuple(f"{STANDARD}/{name}.py" for name in ("selectors", "threading", "queue", "concurrent/futures/thread"))
ASYNCIO = f"{STANDARD}/asyncio/"
CALLBACK = asyncio.events.Handle._run.__code__
"""The event loop hands over to a task here."""

INTERVAL_SECONDS = 0.001

Place = tuple[str, int]
NOWHERE: Place = ("", 0)


class Sampler:
    """CPU seconds by the line that runs and its cause."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._running = False
        self._charged: dict[tuple[Place, Place], float] = defaultdict(float)
        self._used: dict[int, float] = {}
        self._began = 0.0

    def toggle(self, *_: object) -> None:
        if self._running:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._write()
            return
        self._running = True
        self._began = time.process_time()
        self._used = {thread: used_by(thread) for thread in sys._current_frames()}
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def _sample(self, _: int, interrupted: FrameType | None) -> None:
        standing = sys._current_frames()
        if interrupted:
            standing[threading.get_ident()] = interrupted
        working = {thread: at for thread, at in standing.items() if not at.f_code.co_filename.startswith(WAITING)}
        for thread, at in (working or standing).items():
            used = used_by(thread)
            self._charged[place(at), cause(at)] += used - self._used.get(thread, 0.0)
            self._used[thread] = used

    def _write(self) -> None:
        charged = [(*line, *cause, seconds) for (line, cause), seconds in self._charged.items()]
        seconds = time.process_time() - self._began
        self._file.write_text(json.dumps({"seconds": seconds, "charged": charged}))


def used_by(thread: int) -> float:
    """CPU seconds of a thread since it began."""
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def place(frame: FrameType) -> Place:
    return frame.f_code.co_filename, frame.f_lineno or 0


def cause(frame: FrameType | None) -> Place:
    """The innermost line of ours on the stack; without one, the outermost line of the task of a library."""
    outermost = NOWHERE
    while frame and frame.f_code is not CALLBACK:
        if is_own(frame.f_code.co_filename):
            return place(frame)
        if not frame.f_code.co_filename.startswith(ASYNCIO):
            outermost = place(frame)
        frame = frame.f_back
    return outermost


@cache
def is_own(file: str) -> bool:
    return file.startswith(OWN)


if __name__ == "__main__":
    from graph.settings import read_settings
    from server import main

    signal.signal(signal.SIGUSR1, Sampler(Path(sys.argv[1])).toggle)
    main(read_settings())
