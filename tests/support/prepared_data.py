"""A data directory as a first start of the service makes it, but for its keys, made once and copied for each that a test needs.

A cluster, its migrations, the demo user and the embedder's network make a first start take twice as long as the next ones.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_ITS_OWN = ("OPENAI", "SUPABASE", "DATABASE", "MIGRATION", "EMBEDDING")
"""What begins so in the environment would have another database or another network prepared."""


def copy_into(data: Path) -> None:
    """Put into a data directory what a first start would make there, unless there was one already."""
    if not (data / "postgres").exists():
        copy(prepared(), data)


def copy_model(data: Path) -> None:
    """Put the embedder's network into a data directory whose database is elsewhere."""
    if not (data / "embedder").exists():
        copy(prepared() / "embedder", data / "embedder")


def copy(source: Path, target: Path) -> None:
    """Owners too: for root, the cluster belongs to another account."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


@cache
def prepared() -> Path:
    home = Path(tempfile.mkdtemp(prefix="prepared-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_ITS_OWN)}
    subprocess.run(
        [sys.executable, "-m", "graph", "seed"],
        cwd=ROOT,
        env={**inherited, "DATA_DIR": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (home / "postgres" / "port").unlink()  # each copy finds one of its own
    return home
