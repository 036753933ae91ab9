"""What users decide on calls that change something (port `Approvals`), in Postgres."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Connection, Database, fetch_all, fetch_one
from graph.adapters.postgres.fencing import fence
from graph.adapters.postgres.named_queries import adapter_queries
from graph.context import TurnContext
from graph.errors import ApprovalDecided, ApprovalExpired, NotFound
from graph.ports.approvals import Approval, ApprovalState, Decision, ProposedCall

QUERIES = adapter_queries("approvals")


class PostgresApprovals:
    def __init__(self, database: Database, cipher: VaultCipher, *, seconds: float) -> None:
        """
        Args:
            database: where they are.
            sealer: makes the hash of a call's arguments.
            seconds: how long a user may think about a call.
        """
        self.database = database
        self.cipher = cipher
        self.seconds = seconds

    async def state_of_run(self, caller: TurnContext) -> ApprovalState:
        values = {"run_id": caller.run_id, "session_id": caller.session_id}
        async with self.database.transaction(caller.user_id) as connection:
            known = await connection.execute(QUERIES["approvals_of_run"], values)
            trusted = await connection.execute(QUERIES["trusted_tools"], values)
            session = await connection.execute(QUERIES["untrusted_sources"], values)
        approvals = [approval_of(row) for row in await known.fetchall()]
        return ApprovalState(
            {approval.proposal.ordinal: approval for approval in approvals},
            frozenset(row["tool"] for row in await trusted.fetchall()),
            [source for row in await session.fetchall() for source in row["untrusted_sources"]],
        )

    async def request(self, caller: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        values = {
            "run_id": caller.run_id,
            "seconds": self.seconds,
            "calls": json.dumps([self._call(proposal) for proposal in proposals]),
        }
        async with self.database.transaction(caller.user_id) as connection:
            await fence(connection, caller.run_id, caller.epoch)
            await connection.execute(QUERIES["request_approvals"], values)
            known = await connection.execute(QUERIES["approvals_of_run"], values)
        approvals = [approval_of(row) for row in await known.fetchall()]
        return {approval.proposal.ordinal: approval for approval in approvals}

    def _call(self, proposal: ProposedCall) -> dict[str, Any]:
        written = json.dumps(proposal.arguments, sort_keys=True)
        return {
            "ordinal": proposal.ordinal,
            "tool": proposal.tool,
            "arguments": proposal.arguments,
            "hash": self.cipher.digest(proposal.tool, written).hex(),
            "preview": proposal.preview,
            "reason": proposal.reason,
        }

    async def list_for_run(self, user_id: str, run_id: str) -> list[Approval]:
        """What of a run was put to its user; of somebody else's run that is nothing."""
        return [
            approval_of(row)
            for row in await self.database.fetch_all(user_id, QUERIES["approvals_of_run"], {"run_id": run_id})
        ]

    async def tool_name(self, user_id: str, run_id: str, approval_id: str) -> str:
        """The tool of a call.

        Raises:
            NotFound: no such approval.
        """
        row = await self.database.fetch_one(
            user_id, QUERIES["read_approval"], {"run_id": run_id, "approval_id": approval_id}
        )
        if row is None:
            raise NotFound
        return str(row["tool"])

    async def decide(self, user_id: str, run_id: str, approval_id: str, decision: Decision) -> int:
        """Store a decision; the run goes on when all are made. How many are not.

        Raises:
            NotFound: no such approval.
            ApprovalDecided: it was decided before.
            ApprovalExpired: it came too late, or the run has ended.
        """
        values: dict[str, Any] = {"run_id": run_id, "approval_id": approval_id}
        async with self.database.transaction(user_id) as connection:
            run = await fetch_one(connection, QUERIES["lock_run"], values)
            asked = await fetch_one(connection, QUERIES["read_approval"], values)
            if run is None or asked is None:
                raise NotFound
            check(run, asked)
            await self._store(connection, {**values, "session_id": run["session_id"]}, asked["tool"], decision)
            [left] = await fetch_all(connection, QUERIES["resume_run"], values)
        return int(left["calls"])

    async def _store(self, connection: Connection, values: dict[str, Any], tool: str, decision: Decision) -> None:
        edited = Jsonb(decision.arguments) if decision.arguments is not None else None
        status = "approved" if decision.approve else "rejected"
        more = {"status": status, "arguments": edited, "comment": decision.comment}
        await connection.execute(QUERIES["decide"], {**values, **more})
        if decision.trust:
            await connection.execute(QUERIES["trust_tool"], {**values, "tool": tool})


def check(run: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """See that a call can still be decided on.

    Raises:
        ApprovalDecided, ApprovalExpired
    """
    if asked["status"] in ("approved", "rejected"):
        raise ApprovalDecided
    if asked["is_late"] or asked["status"] == "expired" or run["status"] not in ("waiting", "running"):
        raise ApprovalExpired


def approval_of(row: Mapping[str, Any]) -> Approval:
    proposal = ProposedCall(row["ordinal"], row["tool"], row["arguments"], row["preview"], row["reason"])
    return Approval(
        id=str(row["id"]),
        proposal=proposal,
        status=row["status"],
        arguments=row["arguments"] if row["decided_arguments"] is None else row["decided_arguments"],
        comment=row["comment"],
        expires_at=row["expires_at"].isoformat(),
    )
