"""Chat: send a message, answer it again, follow a run, stop a run."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header
from fastapi.responses import JSONResponse, Response
from fastapi.sse import EventSourceResponse

from graph.errors import RunLogExpired, ServiceUnavailable, error_from_code
from graph.events import FINAL, answer_text, is_waiting
from graph.ports.runs import LoggedEvent, Run, RunRequest
from graph.web.auth import UserId
from graph.web.protocols.native import encode_frame, parse_last_event_id
from graph.web.schemas import AnswerOptions, ChatRequest, RegenerateRequest, error_responses, require_message
from graph.web.service import Service, ServiceDep
from graph.web.sse import event_stream

router = APIRouter(prefix="/api", tags=["chat"], responses=error_responses(409, 410, 429, 502))

FRAME_SCHEMA = {
    "type": "object",
    "required": ["id", "data"],
    "properties": {
        "id": {"type": "string", "description": "`<run>:<number>`"},
        "data": {"type": "string", "description": "One line of JSON with a `type`."},
    },
}
STREAM_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"itemSchema": FRAME_SCHEMA}}}
}
"""The `responses` of a route that streams."""

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]


@router.post("/chat", response_model=None, responses=STREAM_RESPONSE)
async def chat(
    body: ChatRequest, user_id: UserId, service: ServiceDep, idempotency_key: IdempotencyKey = None
) -> Response:
    """Send a message. The answer streams as Server-Sent Events, or comes as one JSON object with `stream: false`.

    Each event has an id `<run>:<number>` and one line of JSON with a `type`: start, text, tool_call, tool_result, citation,
    done or error. After a broken connection, follow the run at `/api/runs/{run_id}/events`.

    With `edit_message_id` the conversation continues from before that message. The message, its answer and everything after it
    stay in the history as a superseded branch, which no employee reads. This happens when the run begins. If the message was
    edited again while the run was queued, the run replaces the newest version; if the message was superseded by then, the run
    continues the current branch.
    """
    request = build_run_request(body, user_id, service, idempotency_key)
    return await start_answer(request, service, stream=body.stream)


@router.post("/sessions/{session_id}/regenerate", response_model=None, responses=STREAM_RESPONSE)
async def regenerate(
    session_id: UUID,
    body: Annotated[RegenerateRequest, Body(default_factory=RegenerateRequest)],
    user_id: UserId,
    service: ServiceDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Answer the last message of the session again, as `/api/chat` does. The previous answer is superseded.

    While the session is answering, the last message is the one being answered (`interrupt`) or the last one that is queued
    (`enqueue`). 404 if the session has no message.
    """
    employee, key = resolve_employee(body, service), idempotency_key or body.client_message_id
    last = await service.intake.last_question(user_id, str(session_id), body.on_conflict)
    text = await service.redactor.unmask(user_id, last.text)
    request = RunRequest(
        user_id, text, employee, str(session_id), key, body.on_conflict, regenerated_run_id=last.run_id
    )
    return await start_answer(request, service, stream=body.stream)


async def start_answer(request: RunRequest, service: Service, *, stream: bool) -> Response:
    """Accept the run, or find it by its idempotency key, and answer with its events.

    Raises:
        RunLogExpired: the events of the run that was found are deleted.
    """
    run = await service.runs.accept(request)
    if run.log_expired:
        raise RunLogExpired
    entries = service.runs.follow(run.user_id, run.id)
    if stream:
        return event_stream(run.user_id, entries, service.redactor, partial(encode_frame, run.id))
    return await json_answer(run, entries, service)


def build_run_request(body: ChatRequest, user_id: str, service: Service, key: str | None) -> RunRequest:
    """The run that a message asks for.

    Raises:
        MessageEmpty: the message has only white space.
        MessageTooLong: it has more characters than the setting allows.
        UnknownEmployee: no employee has this slug.
    """
    require_message(body.message, service.max_message_chars)
    return RunRequest(
        user_id,
        body.message,
        resolve_employee(body, service),
        str(body.session_id) if body.session_id else None,
        key or body.client_message_id,
        body.on_conflict,
        edited_message_id=str(body.edit_message_id) if body.edit_message_id else None,
        time_zone=body.time_zone,
    )


def resolve_employee(body: AnswerOptions, service: Service) -> str | None:
    """The slug of the requested employee; None if the request names none.

    Raises:
        UnknownEmployee: no employee has this slug.
    """
    return service.roster.find(body.employee_slug).slug if body.employee_slug else None


async def json_answer(run: Run, entries: AsyncIterator[LoggedEvent], service: Service) -> JSONResponse:
    """The run's last event as one JSON object, with the text of the answer and the employee.

    Raises:
        ServiceUnavailable: the stream ended before the run did; the client can follow it.
        ChatError: the error that ended the run.
    """
    events = [event async for _, event in entries]
    last = events[-1] if events else None
    if last is None or last["type"] not in FINAL:
        raise ServiceUnavailable(f"The run continues: follow it at /api/runs/{run.id}/events.", run_id=run.id)
    if last["type"] == "error":
        raise error_from_code(last["code"], last["error"])
    content = answer_text(events)
    employee = service.roster.find(run.employee)
    answer: dict[str, Any] = {
        **last,
        "content": content,
        "employee": employee.card,
        "session_id": run.session_id,
        "run_id": run.id,
    }
    if is_waiting(last):
        answer["approvals"] = [event for event in events if event["type"] == "approval_required"]
    del answer["type"]
    return JSONResponse(await service.redactor.unmask(run.user_id, answer))


@router.get("/runs/{run_id}/events", response_model=None, responses=STREAM_RESPONSE)
async def follow(
    run_id: UUID, user_id: UserId, service: ServiceDep, last_event_id: Annotated[str | None, Header()] = None
) -> EventSourceResponse:
    """Follow a run from its beginning, or from the event after `Last-Event-ID`, to its end."""
    if service.runs.closed:
        raise ServiceUnavailable(retry_after=1)
    run = await service.intake.read(user_id, str(run_id))
    if run.log_expired:
        raise RunLogExpired
    after = parse_last_event_id(last_event_id, run.id)
    entries = service.runs.follow(user_id, run.id, after)
    return event_stream(user_id, entries, service.redactor, partial(encode_frame, run.id))


@router.post("/runs/{run_id}/stop", status_code=202)
async def stop(run_id: UUID, user_id: UserId, service: ServiceDep) -> dict[str, str]:
    """Stop a run. Its text so far is stored. A run that has ended is not changed."""
    await service.runs.stop(user_id, str(run_id))
    return {"run_id": str(run_id)}
