"""Approvals: the calls that wait for their user's decision."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError

from graph.errors import ServiceUnavailable, UnprocessableRequest
from graph.ports.approvals import Approval, Decision
from graph.redaction.values.json_strings import strings_in, with_strings
from graph.tool import Tool
from graph.web.auth import UserId
from graph.web.errors import MAX_FAULTS, format_fault, public_location
from graph.web.schemas import DecisionBody
from graph.web.service import Service, ServiceDep

router = APIRouter(prefix="/api/runs/{run_id}/approvals", tags=["approvals"])


@router.get("")
async def list_approvals(run_id: UUID, user_id: UserId, service: ServiceDep) -> dict[str, Any]:
    """The calls of a run that wait for your decision or were decided."""
    run = await service.intake.read(user_id, str(run_id))
    approvals = await service.approvals.list_for_run(user_id, run.id)
    items = await service.redactor.unmask(user_id, [to_json(approval) for approval in approvals])
    return {"items": items, "next_cursor": None}


@router.post("/{approval_id}")
async def decide(
    run_id: UUID, approval_id: UUID, body: DecisionBody, user_id: UserId, service: ServiceDep
) -> dict[str, Any]:
    """Approve a call, with its own or other arguments, or reject it. A decision is final and concerns this call only.

    The run continues when all of its calls are decided: follow it at `/api/runs/{run_id}/events`. With `trust` the tool needs
    no approval in this conversation again, unless the employee has read text that others wrote. Outbound tools always need one.
    """
    tool = await service.approvals.tool_name(user_id, str(run_id), str(approval_id))
    decision = await build_decision(body, tool, user_id, service)
    undecided = await service.approvals.decide(user_id, str(run_id), str(approval_id), decision)
    if not undecided:
        await service.runs.wake(str(run_id))
    return {"approval_id": str(approval_id), "run_id": str(run_id), "decision": body.decision, "undecided": undecided}


async def build_decision(body: DecisionBody, tool: str, user_id: str, service: Service) -> Decision:
    """The decision, with its texts masked.

    Raises:
        UnprocessableRequest: the tool does not accept these arguments, or trust is not possible for this decision.
        ServiceUnavailable: the decision depends on a tool that is missing.
    """
    approve = body.decision == "approve"
    if body.trust and (not approve or resolve_tool(tool, service).risk == "outbound"):
        raise UnprocessableRequest("trust: only an approved call can be trusted, and no outbound one.")
    if body.arguments is not None and not approve:
        raise UnprocessableRequest("arguments: only an approved call can be changed.")
    arguments = await masked_arguments(body.arguments, tool, user_id, service) if body.arguments is not None else None
    comment = (await service.redactor.mask(user_id, [body.comment])).texts[0]
    return Decision(approve, arguments, comment, body.trust)


async def masked_arguments(arguments: dict[str, Any], tool: str, user_id: str, service: Service) -> Mapping[str, Any]:
    """The user's arguments, masked.

    Raises:
        UnprocessableRequest: the tool does not accept them.
        ServiceUnavailable: the tool is missing.
    """
    try:
        resolve_tool(tool, service).validate(await service.redactor.unmask(user_id, arguments))
    except ValidationError as error:
        faults = (format_fault(("", *public_location(fault)), fault["msg"]) for fault in error.errors()[:MAX_FAULTS])
        raise UnprocessableRequest(f"{tool} does not take these arguments: {'; '.join(faults)}") from None
    masked = await service.redactor.mask(user_id, list(strings_in(arguments)))
    changed: Mapping[str, Any] = with_strings(arguments, list(masked.texts))
    return changed


def resolve_tool(name: str, service: Service) -> Tool:
    """The tool that a call is for.

    Raises:
        ServiceUnavailable: the tool is missing, as its MCP server was unreachable when the service started.
    """
    if name not in service.tools:
        raise ServiceUnavailable(f"{name} is unavailable; reject the call, or try again later.")
    return service.tools[name]


def to_json(approval: Approval) -> dict[str, Any]:
    """An approval as the API returns it."""
    proposal = approval.proposal
    return {
        "approval_id": approval.id,
        "tool": proposal.tool,
        "args": approval.arguments,
        "preview": proposal.preview,
        "reason": proposal.reason,
        "status": approval.status,
        "comment": approval.comment,
        "expires_at": approval.expires_at,
    }
