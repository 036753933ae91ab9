"""What a thousand connections that break leave behind, and how many streams go at once.

    python -m tests.bench.endurance [--disconnects 1000] [--streams 200]

Tasks, connections, file descriptors and memory of the service are read after a warm-up and after connections were dropped at
random bytes, once every run has ended. Exit code 1 if something grew, or a stream failed.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import psutil  # type: ignore[import-untyped]
import psycopg

from tests.bench.load import Load, Service, drive, open_http
from tests.bench.processes import Stage, set_up
from tests.bench.usage import memory_bytes

MOST_BYTES = 12_000
"""More than an answer of the model has."""
AT_ONCE = 16
SETTLING_SECONDS = 60
IDLE_SECONDS = 8
"""After which a server has hung up on connections that are not used."""
MEMORY_GROWTH = 1.05

TASKS = re.compile(r"^chat_event_loop_tasks (\S+)$", re.MULTILINE)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a service holds while nothing runs."""

    tasks: int
    connections: int
    """To Postgres."""
    files: int
    """Descriptors; see `files_of`."""
    memory: int

    def __str__(self) -> str:
        return (
            f"{self.tasks} tasks, {self.connections} connections, {self.files} file descriptors, "
            f"{self.memory / 1e6:.1f} MB"
        )


def grown(before: Footprint, after: Footprint) -> list[str]:
    """What there is more of than before."""
    counts = [name for name in ("tasks", "connections", "files") if getattr(after, name) > getattr(before, name)]
    return [*counts, *(["memory"] if after.memory > before.memory * MEMORY_GROWTH else [])]


async def footprint(http: aiohttp.ClientSession, service: Service, stage: Stage) -> Footprint:
    """Measured once nothing runs any more."""
    address = stage.addresses.migration
    assert address
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await until_quiet(connection)
        cursor = await connection.execute("select count(*) from pg_stat_activity where usename = 'chat_server'")
        row = await cursor.fetchone()
    await asyncio.sleep(IDLE_SECONDS)
    async with http.get(f"{service.address}/metrics") as response:
        found = TASKS.search(await response.text())
    assert row
    assert found
    return Footprint(int(float(found[1])), int(row[0]), files_of(service, stage), memory_bytes(service.pid))


def files_of(service: Service, stage: Stage) -> int:
    """Without the connections to the model that its client keeps for the next turns: as many as were in use at once, lately."""
    process, model = psutil.Process(service.pid), urlsplit(stage.model).port
    kept = [each for each in process.net_connections() if each.raddr and each.raddr.port == model]
    return int(process.num_fds()) - len(kept)


async def until_quiet(connection: psycopg.AsyncConnection[tuple[int]]) -> None:
    """Raises: TimeoutError: runs go on for too long."""
    async with asyncio.timeout(SETTLING_SECONDS):
        while True:
            cursor = await connection.execute("select count(*) from chat_runs where status in ('running', 'queued')")
            row = await cursor.fetchone()
            if row and not row[0]:
                return
            await asyncio.sleep(0.1)


async def drop(service: Service, chance: random.Random) -> None:
    """Ask something, and break the connection after so many bytes of the answer: politely, or with a reset."""
    place = urlsplit(service.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    body = json.dumps({"message": f"How much is left of list {chance.randrange(10**6)}?"}).encode()
    headers = {**service.headers, "Host": place.netloc, "Content-Type": "application/json"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST /api/chat HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    wanted = chance.randrange(MOST_BYTES)
    while wanted > 0 and (heard := await reader.read(min(wanted, 512))):
        wanted -= len(heard)
    if chance.random() < 0.5:
        writer.transport.abort()
    else:
        writer.close()


async def drop_many(service: Service, count: int, say: Say, seed: int) -> None:
    chance = random.Random(seed)
    left = iter(range(count))

    async def user() -> None:
        for number in left:
            await drop(service, chance)
            if number % 100 == 99:
                say(f"{number + 1} connections dropped")

    await asyncio.gather(*(user() for _ in range(AT_ONCE)))


@dataclass(frozen=True, slots=True)
class Endured:
    """What came of it."""

    before: Footprint
    after: Footprint
    streams: Load

    @property
    def faults(self) -> list[str]:
        return [*(f"{name} grew" for name in grown(self.before, self.after)), *self.streams.failures]


async def endure(disconnects: int, streams: int, say: Say, seed: int = 1) -> Endured:
    """Drop connections, then stream at once."""
    async with set_up(say, gap_ms=5) as stage, stage.ours() as service, open_http() as http:
        say("warming up")
        await drive(http, service, sessions=AT_ONCE, turns=2, at_once=AT_ONCE)
        await drop_many(service, max(disconnects // 3, AT_ONCE), say, seed)
        before = await footprint(http, service, stage)
        say(f"before: {before}")
        await drop_many(service, disconnects, say, seed + 1)
        after = await footprint(http, service, stage)
        say(f"after:  {after}")
        begun = time.perf_counter()
        load = await drive(http, service, sessions=streams, turns=1, at_once=streams)
        say(f"{streams} streams at once: {len(load.failures)} failed, {time.perf_counter() - begun:.1f} s")
        return Endured(before, after, load)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.endurance", description=__doc__)
    parser.add_argument("--disconnects", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    endured = asyncio.run(endure(options.disconnects, options.streams, lambda line: print(line, flush=True)))
    print(f"| {options.disconnects} connections dropped | before | after |\n| --- | ---: | ---: |")
    for name in ("tasks", "connections", "files", "memory"):
        print(f"| {name} | {getattr(endured.before, name)} | {getattr(endured.after, name)} |")
    load = endured.streams
    print(
        f"{options.streams} streams at once: first text p50 {load.first_text(50):.0f} ms, p95 {load.first_text(95):.0f} ms"
    )
    for fault in endured.faults:
        print(fault, file=sys.stderr)
    return bool(endured.faults)


if __name__ == "__main__":
    sys.exit(main())
