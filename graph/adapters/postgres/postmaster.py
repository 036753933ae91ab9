"""The remains of a PostgreSQL server whose postmaster was killed: its pid file and, for a moment, its other processes."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
QUIT_SECONDS = 1.0
"""How long a server's processes may take to end after SIGQUIT."""
KILLED_SECONDS = 1.0


def has_crashed(data: Path) -> bool:
    """Whether the server of this cluster ended without being stopped: its pid file exists and its process does not."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return False
    return pid > 0 and not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in "ZX"


def terminate_orphans(data: Path) -> None:
    """Terminate the processes of a crashed server; they hold its memory, and a new server could not start."""
    for number, seconds in ((signal.SIGQUIT, QUIT_SECONDS), (signal.SIGKILL, KILLED_SECONDS)):
        for pid in processes_of(data):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while any(processes_of(data)) and time.monotonic() < deadline:
            time.sleep(0.02)


def processes_of(data: Path) -> Iterator[int]:
    """The processes of a cluster's server; empty on systems without /proc, where they end by themselves."""
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError):
            is_server = (entry / "exe").readlink().name.removesuffix(" (deleted)") == "postgres"
            if is_server and (entry / "cwd").readlink() == data and is_running(int(entry.name)):
                yield int(entry.name)
