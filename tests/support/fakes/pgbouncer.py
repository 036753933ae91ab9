"""PgBouncer in transaction mode before a database, on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, urlsplit

from tests.support.tcp import is_open
from tests.support.waiting import wait_until

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PATIENCE = 10


@dataclass(frozen=True)
class PgBouncer:
    """A running one."""

    address: str
    """Where its clients connect to."""

    @staticmethod
    def missing() -> str:
        """Why there is none; nothing if there is."""
        return "" if PROGRAM else "pgbouncer is not installed"

    @classmethod
    @contextmanager
    def before(cls, address: str, *, size: int) -> Iterator[Self]:
        """A pooler of `size` connections to the database at an address, which it logs in to with the password there."""
        assert PROGRAM
        place = urlsplit(address)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            settings = write_settings(Path(folder), place, port, size)
            process = subprocess.Popen([*as_nobody(Path(folder)), PROGRAM, "--quiet", str(settings)])
            try:
                await_port(port)
                yield cls(place._replace(netloc=f"{place.username}:{place.password}@127.0.0.1:{port}").geturl())
            finally:
                process.terminate()
                process.wait(PATIENCE)


def write_settings(home: Path, place: SplitResult, port: int, size: int) -> Path:
    name, users, settings = place.path.lstrip("/"), home / "users.txt", home / "pgbouncer.ini"
    users.write_text(f'"{place.username}" "{place.password}"\n')
    settings.write_text(
        f"""
[databases]
{name} = host={place.hostname} port={place.port} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 100
"""
    )
    return settings


def as_nobody(home: Path) -> list[str]:
    """How to start it: it refuses to run as root, so root gives its folder to somebody else."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def await_port(port: int) -> None:
    wait_until(lambda: is_open(port), PATIENCE, "pgbouncer did not start")
