"""A data directory as a first start of the service makes it, but for its keys, copied for each server that a test starts.

A cluster, its migrations, the demo user and the embedder's network make a first start take twice as long as the next ones. The
directory is kept in `.prepared` for all workers and later runs, until the sources or the day change: the demo user's
transactions end today.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from graph.adapters.embeddings.local import LocalEmbedder

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".prepared"
OF_ITS_OWN = ("OPENAI", "SUPABASE", "DATABASE", "MIGRATION", "EMBEDDING")
"""What begins so in the environment would have another database or another network prepared."""
SOURCES = ("employees", "graph", "migrations", "nodes", "tools", "requirements.txt")
WITHOUT_SYNC = "fsync = off\nfull_page_writes = off\n"
"""The tests kill servers, never the machine, so whatever Postgres has written is there at its next start."""


def copy_into(data: Path) -> None:
    """Put into a data directory what a first start would make there, unless there was one already."""
    if not (data / "postgres").exists():
        with prepared() as source:
            copy(source, data)


def copy_model(data: Path) -> None:
    """Put the embedder's network into a data directory whose database is elsewhere."""
    if not (data / "embedder").exists():
        with prepared() as source:
            copy(source / "embedder", data / "embedder")


def local_embedder(data: Path) -> LocalEmbedder:
    """The local embedder with its network in a data directory."""
    copy_model(data)
    return LocalEmbedder(data / "embedder")


def copy(source: Path, target: Path) -> None:
    """Owners too: for root, the cluster belongs to another account."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


@contextmanager
def prepared() -> Iterator[Path]:
    """The directory; within the context no other process replaces it."""
    CACHE.mkdir(exist_ok=True)
    home = CACHE / key()
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            prepare(home)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield home


@cache
def key() -> str:
    """Names the sources and the day."""
    digest = sha256(datetime.now(UTC).date().isoformat().encode())
    for source in SOURCES:
        files = [ROOT / source, *(ROOT / source).rglob("*")]
        for file in sorted(file for file in files if file.is_file() and file.suffix != ".pyc"):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def prepare(home: Path) -> None:
    """Make the directory in place of those of former sources."""
    for former in CACHE.iterdir():
        if former.is_dir():
            shutil.rmtree(former)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_ITS_OWN)}
    with tempfile.TemporaryDirectory(prefix="prepared-") as folder:
        subprocess.run(
            [sys.executable, "-m", "graph", "seed"],
            cwd=ROOT,
            env={**inherited, "DATA_DIR": folder},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (Path(folder) / "postgres" / "port").unlink()  # each copy finds one of its own
        with (Path(folder) / "postgres" / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write(WITHOUT_SYNC)
        unfinished = home.with_name(f"{home.name}.new")
        copy(Path(folder), unfinished)
        unfinished.rename(home)
