"""A user's sessions, their messages, and the feedback on them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from graph.turn.links import history_without_foreign_links
from graph.web.auth import UserId
from graph.web.paging import Cursor, Limit, encode_cursor, parse_cursor, parse_position
from graph.web.schemas import NewFeedback, Page, RenameSession, error_responses
from graph.web.service import ServiceDep

router = APIRouter(prefix="/api", tags=["sessions"], responses=error_responses(409))

Branches = Annotated[
    Literal["current", "all"], Query(description="Only the current branch, or superseded messages too.")
]


@router.get("/sessions")
async def list_sessions(user_id: UserId, service: ServiceDep, limit: Limit = 20, cursor: Cursor = None) -> Page:
    """Your conversations, the most recent first."""
    rows = await service.sessions.page(user_id, limit + 1, parse_cursor(cursor))
    more = rows[limit - 1] if len(rows) > limit else None
    place = encode_cursor(f"{more['updated_at'].isoformat()} {more['id']}") if more else None
    return Page(items=await service.redactor.unmask(user_id, rows[:limit]), next_cursor=place)


@router.get("/sessions/{session_id}")
async def read_session(session_id: UUID, user_id: UserId, service: ServiceDep) -> dict[str, Any]:
    """One conversation. Its messages and tokens are counted in the current branch."""
    row = await service.sessions.read(user_id, str(session_id))
    return await service.redactor.unmask(user_id, row)


@router.patch("/sessions/{session_id}")
async def rename_session(session_id: UUID, body: RenameSession, user_id: UserId, service: ServiceDep) -> dict[str, Any]:
    """Rename a conversation."""
    masked = await service.redactor.mask(user_id, [body.title])
    await service.sessions.rename(user_id, str(session_id), masked.texts[0])
    return await read_session(session_id, user_id, service)


@router.delete("/sessions/{session_id}", status_code=204)
async def delete_session(session_id: UUID, user_id: UserId, service: ServiceDep) -> None:
    """Delete a conversation with its messages, runs, checkpoints and summary; 409 while it is answering."""
    await service.sessions.delete(user_id, str(session_id))


@router.get("/sessions/{session_id}/messages")
async def list_messages(
    session_id: UUID,
    user_id: UserId,
    service: ServiceDep,
    limit: Limit = 50,
    cursor: Cursor = None,
    branches: Branches = "current",
) -> Page:
    """The newest messages, oldest first within the page. The cursor leads to older ones.

    `superseded_by` is the id of the run whose messages replace this one, after an edit or a new answer. It is null in the
    current branch.
    """
    rows = await service.sessions.messages(
        user_id, str(session_id), limit + 1, parse_position(cursor), all_branches=branches == "all"
    )
    shown = history_without_foreign_links(rows[-limit:])
    place = encode_cursor(str(shown[0]["position"])) if len(rows) > limit else None
    return Page(items=await service.redactor.unmask(user_id, shown), next_cursor=place)


@router.get("/sessions/{session_id}/runs/active")
async def list_active_runs(session_id: UUID, user_id: UserId, service: ServiceDep) -> Page:
    """The running or waiting run of a conversation, then its queued runs, for a client that reconnects."""
    runs = await service.intake.active(user_id, str(session_id))
    return Page(items=[{"run_id": run.id, "status": run.status, "employee_slug": run.employee} for run in runs])


@router.put("/sessions/{session_id}/messages/{message_id}/feedback", status_code=204)
async def give_feedback(
    session_id: UUID, message_id: UUID, body: NewFeedback, user_id: UserId, service: ServiceDep
) -> None:
    """Rate an answer. A new rating replaces the previous one."""
    masked = await service.redactor.mask(user_id, [body.comment])
    feedback = {"type": body.type, "comment": masked.texts[0]}
    await service.sessions.give_feedback(user_id, str(session_id), str(message_id), feedback)
