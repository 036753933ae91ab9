"""Approvals of tool calls in Postgres (ports `Approvals` and `ApprovalDecisions`)."""

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
    """Stores requested approvals and decisions; the last decision of a run queues the run again."""

    def __init__(self, database: Database, cipher: VaultCipher, *, seconds: float) -> None:
        """
        Args:
            database: holds the approvals.
            cipher: hashes the arguments of calls.
            seconds: how long a user may take to decide.
        """
        self.database = database
        self.cipher = cipher
        self.seconds = seconds

    async def state_of_run(self, context: TurnContext) -> ApprovalState:
        values = {"run_id": context.run_id, "session_id": context.session_id}
        async with self.database.transaction(context.user_id) as connection:
            approvals_of_run = await connection.execute(QUERIES["approvals_of_run"], values)
            trusted = await connection.execute(QUERIES["trusted_tools"], values)
            session = await connection.execute(QUERIES["untrusted_sources"], values)
        approvals = [to_approval(row) for row in await approvals_of_run.fetchall()]
        return ApprovalState(
            {approval.proposal.ordinal: approval for approval in approvals},
            frozenset(row["tool"] for row in await trusted.fetchall()),
            [source for row in await session.fetchall() for source in row["untrusted_sources"]],
        )

    async def request(self, context: TurnContext, proposals: Sequence[ProposedCall]) -> Mapping[int, Approval]:
        values = {
            "run_id": context.run_id,
            "seconds": self.seconds,
            "calls": json.dumps([self._call(proposal) for proposal in proposals]),
        }
        async with self.database.transaction(context.user_id) as connection:
            await fence(connection, context.run_id, context.epoch)
            await connection.execute(QUERIES["request_approvals"], values)
            approvals_of_run = await connection.execute(QUERIES["approvals_of_run"], values)
        approvals = [to_approval(row) for row in await approvals_of_run.fetchall()]
        return {approval.proposal.ordinal: approval for approval in approvals}

    def _call(self, proposal: ProposedCall) -> dict[str, Any]:
        arguments = json.dumps(proposal.arguments, sort_keys=True)
        return {
            "ordinal": proposal.ordinal,
            "tool": proposal.tool,
            "arguments": proposal.arguments,
            "hash": self.cipher.digest(proposal.tool, arguments).hex(),
            "preview": proposal.preview,
            "reason": proposal.reason,
        }

    async def list_for_run(self, user_id: str, run_id: str) -> list[Approval]:
        """The approvals of a run in the order of its calls; empty for another user's run."""
        return [
            to_approval(row)
            for row in await self.database.fetch_all(user_id, QUERIES["approvals_of_run"], {"run_id": run_id})
        ]

    async def tool_name(self, user_id: str, run_id: str, approval_id: str) -> str:
        """The name of the tool that an approval is for.

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
        """Store a decision, and resume the run after the last one; returns the number of undecided calls.

        Raises:
            NotFound: no such approval.
            ApprovalDecided: the call is decided already.
            ApprovalExpired: the decision is too late, or the run has ended.
        """
        values: dict[str, Any] = {"run_id": run_id, "approval_id": approval_id}
        async with self.database.transaction(user_id) as connection:
            run = await fetch_one(connection, QUERIES["lock_run"], values)
            approval = await fetch_one(connection, QUERIES["read_approval"], values)
            if run is None or approval is None:
                raise NotFound
            ensure_undecided(run, approval)
            await self._store(connection, {**values, "session_id": run["session_id"]}, approval["tool"], decision)
            [undecided] = await fetch_all(connection, QUERIES["resume_run"], values)
        return int(undecided["calls"])

    async def _store(self, connection: Connection, values: dict[str, Any], tool: str, decision: Decision) -> None:
        edited = Jsonb(decision.arguments) if decision.arguments is not None else None
        status = "approved" if decision.approve else "rejected"
        values = {**values, "status": status, "arguments": edited, "comment": decision.comment}
        await connection.execute(QUERIES["decide"], values)
        if decision.trust:
            await connection.execute(QUERIES["trust_tool"], {**values, "tool": tool})


def ensure_undecided(run: Mapping[str, Any], approval: Mapping[str, Any]) -> None:
    """
    Raises:
        ApprovalDecided: the call is decided already.
        ApprovalExpired: the time to decide is over, or the run has ended.
    """
    if approval["status"] in ("approved", "rejected"):
        raise ApprovalDecided
    if approval["is_late"] or approval["status"] == "expired" or run["status"] not in ("waiting", "running"):
        raise ApprovalExpired


def to_approval(row: Mapping[str, Any]) -> Approval:
    proposal = ProposedCall(row["ordinal"], row["tool"], row["arguments"], row["preview"], row["reason"])
    return Approval(
        id=str(row["id"]),
        proposal=proposal,
        status=row["status"],
        arguments=row["arguments"] if row["decided_arguments"] is None else row["decided_arguments"],
        comment=row["comment"],
        expires_at=row["expires_at"].isoformat(),
    )
