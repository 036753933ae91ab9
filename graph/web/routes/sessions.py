"""A user's sessions, their messages, and the feedback on them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from graph.turn.links import history_without_foreign_links
from graph.web.auth import Caller
from graph.web.paging import Cursor, Limit, read_place, read_position, write_cursor
from graph.web.schemas import Feedback, Page, Rename, refusals
from graph.web.service import Deps

router = APIRouter(prefix="/api", tags=["sessions"], responses=refusals(409))

Branches = Annotated[
    Literal["current", "all"], Query(description="Only what the employees read, or also what was left behind.")
]


@router.get("/sessions")
async def list_sessions(caller: Caller, service: Deps, limit: Limit = 20, cursor: Cursor = None) -> Page:
    """The caller's conversations, the latest first."""
    rows = await service.sessions.page(caller, limit + 1, read_place(cursor))
    more = rows[limit - 1] if len(rows) > limit else None
    place = write_cursor(f"{more['updated_at'].isoformat()} {more['id']}") if more else None
    return Page(items=await service.redactor.reveal(caller, rows[:limit]), next_cursor=place)


@router.get("/sessions/{session_id}")
async def read_session(session_id: UUID, caller: Caller, service: Deps) -> dict[str, Any]:
    """One conversation; messages and tokens are counted in its current branch."""
    row = await service.sessions.read(caller, str(session_id))
    return await service.redactor.reveal(caller, row)


@router.patch("/sessions/{session_id}")
async def rename_session(session_id: UUID, body: Rename, caller: Caller, service: Deps) -> dict[str, Any]:
    """Give a conversation another title."""
    masked = await service.redactor.mask(caller, [body.title])
    await service.sessions.rename(caller, str(session_id), masked.texts[0])
    return await read_session(session_id, caller, service)


@router.delete("/sessions/{session_id}", status_code=204)
async def delete_session(session_id: UUID, caller: Caller, service: Deps) -> None:
    """Delete a conversation with its messages, runs, checkpoints and summary; 409 while it is answering."""
    await service.sessions.delete(caller, str(session_id))


@router.get("/sessions/{session_id}/messages")
async def list_messages(
    session_id: UUID,
    caller: Caller,
    service: Deps,
    limit: Limit = 50,
    cursor: Cursor = None,
    branches: Branches = "current",
) -> Page:
    """The newest messages, oldest first within the page; the cursor leads to older ones.

    `superseded_by` names the run that left a message behind, by an edit or a new answer; what that run said comes in its place.
    It is null in the current branch.
    """
    rows = await service.sessions.messages(
        caller, str(session_id), limit + 1, read_position(cursor), all_branches=branches == "all"
    )
    shown = history_without_foreign_links(rows[-limit:])
    place = write_cursor(str(shown[0]["position"])) if len(rows) > limit else None
    return Page(items=await service.redactor.reveal(caller, shown), next_cursor=place)


@router.get("/sessions/{session_id}/runs/active")
async def list_active_runs(session_id: UUID, caller: Caller, service: Deps) -> Page:
    """The run that keeps a conversation busy, then those that wait for it: what a page that was reloaded may follow."""
    runs = await service.store.active(caller, str(session_id))
    return Page(items=[{"run_id": run.id, "status": run.status, "employee_slug": run.employee} for run in runs])


@router.put("/sessions/{session_id}/messages/{message_id}/feedback", status_code=204)
async def give_feedback(session_id: UUID, message_id: UUID, body: Feedback, caller: Caller, service: Deps) -> None:
    """Say what an answer was worth; the last word counts."""
    masked = await service.redactor.mask(caller, [body.comment])
    feedback = {"type": body.type, "comment": masked.texts[0]}
    await service.sessions.give_feedback(caller, str(session_id), str(message_id), feedback)
