"""What an employee wants to do, put to its user."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError

from graph.errors import UnprocessableRequest
from graph.ports.approvals import Approval, Decision
from graph.redaction.json_strings import strings_in, with_strings
from graph.web.auth import Caller
from graph.web.errors import MOST_FAULTS, known, tell
from graph.web.schemas import Decided
from graph.web.service import Deps, Service

router = APIRouter(prefix="/api/runs/{run_id}/approvals", tags=["approvals"])


@router.get("")
async def approvals(run_id: UUID, caller: Caller, service: Deps) -> dict[str, Any]:
    """The calls of a run that wait for the caller's decision, or were decided on."""
    run = await service.store.read(caller, str(run_id))
    asked = await service.approvals.of_run(caller, run.id)
    items = await service.redactor.reveal(caller, [view(each) for each in asked])
    return {"items": items, "next_cursor": None}


@router.post("/{approval_id}")
async def decide(run_id: UUID, approval_id: UUID, body: Decided, caller: Caller, service: Deps) -> dict[str, Any]:
    """Approve a call, as it is or with other arguments, or reject it. A decision counts once, and for this call only.

    The run goes on when all of its calls are decided: follow it at `/api/runs/{run_id}/events`. With `trust` the tool does not
    ask again in this conversation, unless the employee has read what others wrote; tools that reach outside always ask.
    """
    tool = await service.approvals.tool_of(caller, str(run_id), str(approval_id))
    decision = await checked(body, tool, caller, service)
    undecided = await service.approvals.decide(caller, str(run_id), str(approval_id), decision)
    if not undecided:
        await service.runs.wake(str(run_id))
    return {"approval_id": str(approval_id), "run_id": str(run_id), "decision": body.decision, "undecided": undecided}


async def checked(body: Decided, tool: str, caller: str, service: Service) -> Decision:
    """The decision, masked.

    Raises:
        UnprocessableRequest: the tool does not take these arguments, or cannot be trusted.
    """
    approve = body.decision == "approve"
    if body.trust and (not approve or service.tools[tool].risk == "outbound"):
        raise UnprocessableRequest("trust: only a call that is approved can be trusted, and none that reaches outside.")
    if body.arguments is not None and not approve:
        raise UnprocessableRequest("arguments: only an approved call can be changed.")
    arguments = await masked_arguments(body.arguments, tool, caller, service) if body.arguments is not None else None
    comment = (await service.redactor.mask(caller, [body.comment])).texts[0]
    return Decision(approve, arguments, comment, body.trust)


async def masked_arguments(arguments: dict[str, Any], tool: str, caller: str, service: Service) -> Mapping[str, Any]:
    """Raises: UnprocessableRequest."""
    try:
        service.tools[tool].validate(await service.redactor.reveal(caller, arguments))
    except ValidationError as error:
        faults = (tell(("", *known(fault)), fault["msg"]) for fault in error.errors()[:MOST_FAULTS])
        raise UnprocessableRequest(f"{tool} does not take these arguments: {'; '.join(faults)}") from None
    masked = await service.redactor.mask(caller, list(strings_in(arguments)))
    changed: Mapping[str, Any] = with_strings(arguments, list(masked.texts))
    return changed


def view(approval: Approval) -> dict[str, Any]:
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
