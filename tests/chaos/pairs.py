"""Two messages at the same moment to one session, each to another process: one is answered, the other refused, none is lost.

    python -m tests.chaos.pairs [--pairs 1000]

Exit code 1 if a message was lost, a tool call has no result, the history is not one line, or who is refused learns it late.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import aiohttp
import numpy as np
import psycopg
from psycopg.rows import dict_row

from tests.bench.load import Service, open_http
from tests.bench.processes import set_up
from tests.support.fakes.scripted_model import ScriptedModel

PAIRS_A_SESSION = 20
QUESTIONS = ("[[say an answer in a few words]]", "[[call account_balances_query {}]] [[then say so much]]")
REFUSED_MS = 50.0
"""In which 95 of 100 of those who are refused shall know it."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class Paired:
    """What came of the pairs."""

    accepted: dict[str, list[str]] = field(default_factory=dict)
    """The messages of each session that were accepted."""
    refused_ms: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def refused_p95(self) -> float:
        return float(np.percentile(self.refused_ms, 95)) if self.refused_ms else 0.0


async def ask(
    http: aiohttp.ClientSession, service: Service, session: str | None, message: str
) -> tuple[int, Any, float]:
    """Status, body and milliseconds of a message that is answered in one piece."""
    body: dict[str, Any] = {"message": message, "stream": False}
    if session:
        body["session_id"] = session
    began = time.perf_counter()
    async with http.post(f"{service.address}/api/chat", json=body, headers=service.headers) as response:
        return response.status, await response.json(), (time.perf_counter() - began) * 1000


async def pair(
    http: aiohttp.ClientSession, services: Sequence[Service], session: str, number: int, paired: Paired
) -> None:
    """Send two messages at once."""
    messages = [f"{QUESTIONS[number % 2]} {number} {side}" for side in ("left", "right")]
    answers = await asyncio.gather(
        *(ask(http, service, session, message) for service, message in zip(services, messages, strict=True))
    )
    statuses = sorted(status for status, _, _ in answers)
    if statuses not in ([200, 409], [200, 200]):
        paired.faults.append(f"a pair was answered with {statuses}")
    for message, (status, _, took) in zip(messages, answers, strict=True):
        if status == 200:
            paired.accepted[session].append(message)
        else:
            paired.refused_ms.append(took)


async def send_pairs(services: Sequence[Service], count: int, say: Callable[[str], None]) -> Paired:
    paired = Paired()
    async with open_http() as http:
        for begun in range(0, count, PAIRS_A_SESSION):
            _, first, _ = await ask(http, services[0], None, "[[say hello]]")
            session = str(first["session_id"])
            paired.accepted[session] = ["[[say hello]]"]
            for number in range(begun, min(begun + PAIRS_A_SESSION, count)):
                await pair(http, services, session, number, paired)
            say(f"{min(begun + PAIRS_A_SESSION, count)} pairs sent")
    return paired


def check(paired: Paired, address: str) -> None:
    """Add to the faults what the database shows."""
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        for session, accepted in paired.accepted.items():
            rows = connection.execute(
                "select role, content, run_id, metadata from chat_messages where session_id = %s order by position",
                (session,),
            ).fetchall()
            paired.faults += faults_of(rows, accepted)


def faults_of(rows: Sequence[Row], accepted: Sequence[str]) -> list[str]:
    """What is wrong with a history into which these messages were accepted."""
    faults = []
    said = [row["content"] for row in rows if row["role"] == "user"]
    if sorted(said) != sorted(accepted):
        faults.append(f"{len(accepted)} messages were accepted, {len(said)} are stored")
    turns = [list(turn) for _, turn in groupby(rows, lambda row: row["run_id"])]
    if len(turns) != len({row["run_id"] for row in rows}):
        faults.append("the turns of a session are mixed up")
    for turn in turns:
        called = [call["id"] for row in turn for call in row["metadata"].get("tool_calls", ())]
        answered = [row["metadata"]["tool_call_id"] for row in turn if row["role"] == "tool"]
        if called != answered:
            faults.append("a tool call has no result")
        if [turn[0]["role"], turn[-1]["role"]] != ["user", "assistant"]:
            faults.append("a turn has no answer")
    return faults


async def run(count: int, say: Callable[[str], None]) -> Paired:
    """Send pairs to two processes on one database; how soon somebody is refused is no fault yet."""
    with ScriptedModel().serving() as model:
        async with set_up(say) as stage:
            scripted = replace(stage, model=model.address.removesuffix("/v1"))
            async with scripted.ours() as left, scripted.ours() as right:
                paired = await send_pairs((left, right), count, say)
            assert stage.addresses.migration
            check(paired, stage.addresses.migration)
    return paired


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000)
    count = parser.parse_args().pairs
    paired = asyncio.run(run(count, lambda line: print(line, flush=True)))
    if paired.refused_p95 > REFUSED_MS:
        paired.faults.append(f"who is refused learns it after {paired.refused_p95:.0f} ms")
    accepted = sum(len(messages) for messages in paired.accepted.values())
    print(
        f"{count} pairs over two processes: {accepted} messages accepted and stored, {len(paired.refused_ms)} refused "
        f"in {np.median(paired.refused_ms):.1f} ms (p95 {paired.refused_p95:.1f} ms), {len(paired.faults)} faults"
    )
    for fault in paired.faults[:20]:
        print(fault, file=sys.stderr)
    return bool(paired.faults)


if __name__ == "__main__":
    sys.exit(main())
