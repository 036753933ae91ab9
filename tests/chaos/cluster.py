"""Server processes on one database, which can be killed, stopped, put to sleep and started again."""

import asyncio
import base64
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.rows import dict_row

from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.embeddings.local import quantised_model_file
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.embedded_watch import supervised
from graph.adapters.postgres.provisioning import DatabaseUrls, prepare_embedded
from tests.bench.processes import DidNotStart, end, surroundings
from tests.support.fakes.scripted_model import ScriptedModel

LEASE_SECONDS = 1.0
GRACE_SECONDS = 0.5
START_SECONDS = 90.0
TOKEN_SECONDS = 7200

TRUST = """
create function trust_the_tester() returns trigger language plpgsql as $$
begin
    insert into tool_grants (session_id, tool, user_id) values (new.id, 'note_effect', new.user_id);
    return null;
end
$$;
create trigger trust_the_tester after insert on chat_sessions for each row execute function trust_the_tester()
"""

Say = Callable[[str], None]
Row = dict[str, Any]


@dataclass(slots=True)
class ServerProcess:
    """One server process, or the place where it will be again."""

    name: str
    environment: Mapping[str, str]
    folder: Path
    """Where it is started."""
    log: Path
    address: str = ""
    process: asyncio.subprocess.Process | None = None
    asleep: bool = False

    async def start(self, failpoint: str = "") -> None:
        """Start it and wait until it listens.

        Raises:
            DidNotStart: it ended before; says why.
            TimeoutError: it takes too long.
        """
        self.address, self.asleep = "", False
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.server"),
                cwd=self.folder,
                env={**self.environment, "FAILPOINT": failpoint},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout
        async with asyncio.timeout(START_SECONDS):
            async for line in self.process.stdout:
                if line.startswith(b"listening on "):
                    self.address = line.decode().split()[2]
                    return
        raise DidNotStart(self.log.read_text()[-2000:])

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def send(self, number: int) -> None:
        """A signal; too late for a process that has ended."""
        if self.process and self.alive:
            self.process.send_signal(number)
            self.asleep = number == signal.SIGSTOP

    async def gone(self) -> int:
        """Wait until it has ended; its exit code."""
        assert self.process
        return await self.process.wait()

    async def end(self) -> None:
        if self.process:
            self.send(signal.SIGCONT)
            await end(self.process)


@dataclass(slots=True)
class Cluster:
    """All processes and their database."""

    postgres: EmbeddedPostgres
    folder: Path
    addresses: DatabaseUrls
    issuer: LocalIssuer
    survivor: ServerProcess
    victims: list[ServerProcess] = field(default_factory=list)

    @property
    def processes(self) -> list[ServerProcess]:
        return [self.survivor, *self.victims]

    def token(self, user: str) -> str:
        return self.issuer.sign(user, TOKEN_SECONDS)

    def serving(self) -> list[str]:
        """The addresses of those that can answer."""
        return [
            process.address for process in self.processes if process.alive and process.address and not process.asleep
        ]

    async def rows(self, query: str, *values: object) -> list[Row]:
        """Rows as the administrator sees them."""
        assert self.addresses.migration
        async with await psycopg.AsyncConnection.connect(
            self.addresses.migration, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()

    async def restart_database(self) -> None:
        """End the database as `pg_ctl stop -m immediate` does, and start it again; return when it answers."""
        home = self.folder / "postgres"
        os.kill(postmaster_of(home), signal.SIGQUIT)
        await asyncio.to_thread(until_gone, home / "data" / "postmaster.pid")
        again = EmbeddedPostgres(home, lambda line: None)
        await asyncio.to_thread(again.start)
        await asyncio.to_thread(again.stop)  # it stays up for whoever started it first

    async def kill_database(self) -> float:
        """Kill the database under the eyes of who started it; the seconds until it is up again."""
        home = self.folder / "postgres"
        dead = postmaster_of(home)
        async with supervised(self.postgres):
            began = time.monotonic()
            os.kill(dead, signal.SIGKILL)
            await asyncio.to_thread(until_another, home, dead)
        return time.monotonic() - began


def postmaster_of(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def until_another(home: Path, dead: int) -> None:
    """Wait until another server than the dead one says that it is ready."""
    while not has_another(home, dead):
        time.sleep(0.02)


def has_another(home: Path, dead: int) -> bool:
    try:
        lines = (home / "data" / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return False
    return lines[:1] != [str(dead)] and lines[-1:] == ["ready"]


async def trust_the_tester(addresses: DatabaseUrls) -> None:
    """Have every user trust the tool of the measurement, so that it acts unasked: what waits for a user is tested elsewhere."""
    assert addresses.migration
    async with await psycopg.AsyncConnection.connect(addresses.migration, autocommit=True) as connection:
        await connection.execute(TRUST)


def until_gone(file: Path) -> None:
    while file.exists():
        time.sleep(0.02)


@asynccontextmanager
async def open_cluster(victims: int, logs: Path, say: Say) -> AsyncIterator[Cluster]:
    """A survivor and its victims, all of them up.

    Args:
        victims: how many.
        logs: the folder for what they log.
        say: takes lines about progress.
    """
    with (
        TemporaryDirectory() as home,
        EmbeddedPostgres(Path(home) / "postgres", say) as postgres,
        ScriptedModel().serving() as model,
    ):
        folder = Path(home)
        addresses = await prepare_embedded(postgres, folder / "server.password", lambda line: None)
        await trust_the_tester(addresses)
        environment = {
            **surroundings(),
            "PORT": "0",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": addresses.server,
            "VAULT_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "OPENAI_BASE_URL": model.address,
            "DEFAULT_EMPLOYEE_SLUG": "tester",
            "RATE_LIMIT_PER_MINUTE": "100000",
            "DAILY_TOKEN_BUDGET": "0",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS),
        }
        quantised_model_file(folder / "data" / "embedder")  # or each of them would make it
        issuer = LocalIssuer(folder / "data" / "issuer.pem")
        names = ("survivor", *(f"victim-{number}" for number in range(1, victims + 1)))
        processes = [ServerProcess(name, environment, folder, logs / f"{name}.log") for name in names]
        cluster = Cluster(postgres, folder, addresses, issuer, processes[0], processes[1:])
        try:
            await asyncio.gather(*(process.start() for process in processes))
            yield cluster
        finally:
            await asyncio.gather(*(process.end() for process in cluster.processes))
