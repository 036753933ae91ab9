"""The processes of a measurement: a model, one Postgres for all, and the services in front of them, each on a free port."""

import asyncio
import base64
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from urllib.parse import urlsplit

from graph.adapters.auth.local_issuer import LocalIssuer
from graph.adapters.postgres.embedded import EmbeddedPostgres
from graph.adapters.postgres.provisioning import DATABASE, DatabaseUrls, prepare_embedded
from graph.settings import Settings
from migrations.demo.generate import DEMO_USER
from tests.bench.load import Service
from tests.bench.row_sizes import RowSizes

ROOT = Path(__file__).parent.parent.parent

PASSTHROUGH, PLAIN, OURS = "pass-through", "plain LangGraph", "this runtime"

PLAIN_DATABASE = "plain"
END_SECONDS = 30
TRACING = ("LANGSMITH_", "LANGCHAIN_")


class DidNotStart(Exception):
    """A process that ended before it listened; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Process:
    """One that listens."""

    address: str
    pid: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What all services of a measurement stand on."""

    folder: Path
    cluster: EmbeddedPostgres
    addresses: DatabaseUrls
    model: str
    vault_key: str

    @property
    def database_port(self) -> int:
        return port_of(self.addresses.server)

    def row_sizes(self, service: str) -> RowSizes:
        """The database of a service, as the administrator sees it."""
        return RowSizes(self.cluster.admin_url({PLAIN: PLAIN_DATABASE, OURS: DATABASE}[service]))

    @asynccontextmanager
    async def passthrough(self) -> AsyncIterator[Service]:
        async with self._started("tests.bench.passthrough") as process:
            yield Service(PASSTHROUGH, process.address, process.pid)

    @asynccontextmanager
    async def plain(self, database_port: int | None = None) -> AsyncIterator[Service]:
        """Plain LangGraph; `database_port` is where it finds Postgres, if not at its own port."""
        address = at_port(self.cluster.admin_url(PLAIN_DATABASE), database_port or self.database_port)
        async with self._started("tests.bench.plain_langgraph", DATABASE_URL=address) as process:
            yield Service(PLAIN, process.address, process.pid)

    @asynccontextmanager
    async def ours(
        self,
        database_port: int | None = None,
        command: tuple[str, ...] = ("graph", "run"),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> AsyncIterator[Service]:
        """This runtime with everything on, spoken to as the demo user; `command` is the module that runs it, `environment` is
        set beside what all have.
        """
        environment = {**self.environment(database_port), **environment}
        async with self._started(*command, **environment) as process:
            token = LocalIssuer(Path(environment["DATA_DIR"]) / "issuer.pem").sign(DEMO_USER)
            yield Service(OURS, process.address, process.pid, {"Authorization": f"Bearer {token}"})

    def environment(self, database_port: int | None = None) -> dict[str, str]:
        assert self.addresses.migration
        return {
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": at_port(self.addresses.server, database_port or self.database_port),
            "MIGRATION_DATABASE_URL": at_port(self.addresses.migration, database_port or self.database_port),
            "VAULT_KEY": self.vault_key,
            "EMBEDDINGS": "local",
            "RATE_LIMIT_PER_MINUTE": "100000",
            "DAILY_TOKEN_BUDGET": "0",
            "PORT": "0",
        }

    @asynccontextmanager
    async def _started(self, *command: str, **environment: str) -> AsyncIterator[Process]:
        provider = {"OPENAI_BASE_URL": f"{self.model}/v1", "OPENAI_API_KEY": "none"}
        async with started(self.folder, *command, **provider, **environment) as process:
            yield process

    async def seed(self) -> None:
        """Give the demo user a year of transactions, and notes for retrieval to find."""
        environment = {**surroundings(), **self.environment()}
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "graph", "seed"],
            cwd=self.folder,
            env=environment,
            check=True,
        )


@asynccontextmanager
async def set_up(say: Callable[[str], None], gap_ms: float = 0.0) -> AsyncIterator[Stage]:
    """A model that waits `gap_ms` milliseconds before each token, and a Postgres with both databases, the demo user in ours.

    All of it lives in a folder that is gone at the end.
    """
    with TemporaryDirectory() as home, EmbeddedPostgres(Path(home) / "postgres", say) as cluster:
        folder = Path(home)
        cluster.create_database(PLAIN_DATABASE)
        addresses = await prepare_embedded(cluster, folder / "server.password", say)
        vault_key = base64.b64encode(secrets.token_bytes(32)).decode()
        async with started(folder, "tests.bench.mock_model", "--gap-ms", str(gap_ms)) as model:
            stage = Stage(folder, cluster, addresses, model.address, vault_key)
            say("seeding the demo user")
            await stage.seed()
            yield stage


@asynccontextmanager
async def started(folder: Path, *command: str, **environment: str) -> AsyncIterator[Process]:
    """Run a module until the block ends; return when it says where it listens.

    Raises:
        DidNotStart: it ended before.
    """
    log = folder / f"{command[0]}.log"
    with log.open("ab") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *command,
            cwd=folder,
            env={**surroundings(), **environment},
            stdout=subprocess.PIPE,
            stderr=stream,
        )
    try:
        assert process.stdout
        async for line in process.stdout:
            if line.startswith(b"listening on "):
                yield Process(line.decode().split()[2], process.pid)
                return
        raise DidNotStart(f"{' '.join(command)}: {log.read_text()[-2000:]}")
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def surroundings() -> dict[str, str]:
    """Our environment without what configures a service. It runs in a folder of its own, so no `.env` is read either."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in Settings.model_fields and not name.startswith(TRACING)
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


def port_of(address: str) -> int:
    port = urlsplit(address).port
    assert port
    return port


def at_port(address: str, port: int) -> str:
    """The same address, at another port."""
    parts = urlsplit(address)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
