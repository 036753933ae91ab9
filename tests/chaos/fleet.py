"""Server processes on one database, which can be killed, stopped, put to sleep and started again."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from graph.adapters.issuer import LocalIssuer
from tests.bench.processes import DidNotStart, Stage, end, set_up, surroundings
from tests.fakes.scripted_model import ScriptedModel

LEASE_SECONDS = 1.0
GRACE_SECONDS = 0.5

Say = Callable[[str], None]
Row = dict[str, Any]


@dataclass(slots=True)
class Member:
    """One server process, or the place where it will be again."""

    name: str
    stage: Stage
    address: str = ""
    process: asyncio.subprocess.Process | None = None

    async def start(self, failpoint: str = "") -> None:
        """Start it and wait until it listens."""
        environment = {
            **surroundings(),
            **self.stage.environment(),
            "DEFAULT_EMPLOYEE_SLUG": "keeper",
            "OPENAI_BASE_URL": f"{self.stage.model}/v1",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "GRACE_SECONDS": str(GRACE_SECONDS),
            "FAILPOINT": failpoint,
        }
        with (self.stage.folder / f"{self.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.server"),
                cwd=self.stage.folder,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout
        async for line in self.process.stdout:
            if line.startswith(b"listening on "):
                self.address = line.decode().split()[2]
                return
        raise DidNotStart((self.stage.folder / f"{self.name}.log").read_text()[-2000:])

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def send(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    async def gone(self) -> None:
        assert self.process
        await self.process.wait()

    async def end(self) -> None:
        if self.process:
            if self.alive:
                self.send(signal.SIGCONT)
            await end(self.process)


@dataclass(slots=True)
class Fleet:
    """All processes, their database and their model."""

    stage: Stage
    survivor: Member
    victims: list[Member] = field(default_factory=list)

    def token(self, user: str) -> str:
        return LocalIssuer(Path(self.stage.environment()["DATA_DIR"]) / "issuer.pem").sign(user, 7200)

    def serving(self) -> list[str]:
        """The addresses of those that live."""
        return [member.address for member in (self.survivor, *self.victims) if member.alive and member.address]

    async def rows(self, query: str, *values: object) -> list[Row]:
        """Rows as the administrator sees them."""
        assert self.stage.addresses.owner
        async with await psycopg.AsyncConnection.connect(
            self.stage.addresses.owner, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def restart_database(self) -> None:
        """As sudden as a crash, and back again."""
        home = self.stage.folder / "postgres"
        file = home / "data" / "postmaster.pid"
        os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)
        await asyncio.to_thread(until_gone, file)
        again = type(self.stage.cluster)(home, lambda line: None)
        await asyncio.to_thread(again.start)
        await asyncio.to_thread(again.stop)


def until_gone(file: Path) -> None:
    while file.exists():
        time.sleep(0.02)


@asynccontextmanager
async def open_fleet(victims: int, say: Say) -> AsyncIterator[Fleet]:
    """A survivor that runs, and places for victims."""
    with ScriptedModel().serving() as model:
        async with set_up(say) as stage:
            scripted = replace(stage, model=model.address.removesuffix("/v1"))
            fleet = Fleet(scripted, Member("survivor", scripted))
            fleet.victims = [Member(f"victim-{number}", scripted) for number in range(1, victims + 1)]
            try:
                await fleet.survivor.start()
                yield fleet
            finally:
                await asyncio.gather(*(member.end() for member in (fleet.survivor, *fleet.victims)))
