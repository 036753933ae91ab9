"""A user decides on a call; the decision is validated and masked before it is stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel, Field

from graph.ports.approvals import Approval, Decision
from graph.tool import Tool, ToolContext
from tests.support.fakes.ports import NAME, OWNER, TOKEN, OneNameRedactor
from tests.support.web_client import web_client

RUN, APPROVAL = str(uuid4()), str(uuid4())


class Payment(BaseModel):
    payee: str
    amount: int = Field(gt=0)


async def remind(arguments: Payment, context: ToolContext) -> dict[str, Any]:
    """Remind the user of a payment."""
    return {}


async def pay(arguments: Payment, context: ToolContext) -> dict[str, Any]:
    """Pay somebody."""
    return {}


TOOLS = {tool.name: tool for tool in (Tool(remind, "write"), Tool(pay, "outbound"))}


@dataclass
class OneCall:
    """One call that waits, beside `others` that do (port `ApprovalDecisions`)."""

    tool: str = "remind"
    others: int = 0
    decisions: list[Decision] = field(default_factory=list)

    async def list_for_run(self, user_id: str, run_id: str) -> list[Approval]:
        return []

    async def tool_name(self, user_id: str, run_id: str, approval_id: str) -> str:
        return self.tool

    async def decide(self, user_id: str, run_id: str, approval_id: str, decision: Decision) -> int:
        self.decisions.append(decision)
        return self.others


async def decide(call: OneCall, body: Mapping[str, Any], woken: list[str] | None = None) -> httpx.Response:
    async def wake(run_id: str) -> None:
        if woken is not None:
            woken.append(run_id)

    parts = {"approvals": call, "tools": TOOLS, "redactor": OneNameRedactor(), "runs": SimpleNamespace(wake=wake)}
    async with web_client(OWNER, **parts) as client:
        return await client.post(f"/api/runs/{RUN}/approvals/{APPROVAL}", json=body)


async def test_the_arguments_and_the_comment_are_stored_masked() -> None:
    call = OneCall()
    arguments = {"payee": NAME, "amount": 5}
    response = await decide(call, {"decision": "approve", "arguments": arguments, "comment": f"to {NAME}"})
    assert response.status_code == 200
    assert call.decisions == [Decision(True, {"payee": TOKEN, "amount": 5}, f"to {TOKEN}", False)]


@pytest.mark.parametrize(("others", "woken"), [(0, [RUN]), (1, [])])
async def test_the_run_continues_when_all_its_calls_are_decided(others: int, woken: Sequence[str]) -> None:
    started: list[str] = []
    response = await decide(OneCall(others=others), {"decision": "reject"}, started)
    assert response.json()["undecided"] == others
    assert started == woken


@pytest.mark.parametrize(
    ("tool", "body", "reason"),
    [
        ("remind", {"decision": "approve", "arguments": {"payee": NAME, "amount": 0}}, "amount"),
        ("remind", {"decision": "reject", "arguments": {"payee": "x", "amount": 1}}, "arguments"),
        ("remind", {"decision": "reject", "trust": True}, "trust"),
        ("pay", {"decision": "approve", "trust": True}, "trust"),
    ],
)
async def test_a_decision_that_is_not_possible_is_refused_and_not_stored(
    tool: str, body: Mapping[str, Any], reason: str
) -> None:
    call = OneCall(tool)
    response = await decide(call, body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")
    assert reason in response.json()["error"]["message"]
    assert NAME not in json.dumps(response.json(), ensure_ascii=False)
    assert call.decisions == []


@pytest.mark.parametrize("more", [{"trust": True}, {"arguments": {"payee": "x", "amount": 1}}])
async def test_a_tool_whose_server_is_unreachable_is_neither_trusted_nor_called_with_other_arguments(
    more: Mapping[str, Any],
) -> None:
    call = OneCall("bank_transfer")
    response = await decide(call, {"decision": "approve", **more})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert call.decisions == []


async def test_a_call_of_a_tool_whose_server_is_unreachable_can_be_rejected() -> None:
    call = OneCall("bank_transfer")
    assert (await decide(call, {"decision": "reject"})).status_code == 200
    assert [decision.approve for decision in call.decisions] == [False]
