"""One shape for everything that goes wrong: `{error: {code, message}}`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from graph.errors import (
    BodyTooLarge,
    ChatError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    UnprocessableRequest,
)
from graph.validation import validation_message

MAX_FAULTS = 10
"""That an answer tells of a request."""
MAX_NAME_CHARS = 64


def to_response(error: ChatError) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"error": {"code": error.code, "message": error.message, **error.details}}
    return JSONResponse(body, status_code=error.status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(ChatError)
    async def on_chat_error(request: Request, error: ChatError) -> JSONResponse:
        return to_response(error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        refusal = to_response(from_validation_error(error))
        clear_tracebacks(error, *raised_errors(error))
        return refusal

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        response = to_response(from_http_exception(error))
        response.headers.update(error.headers or {})
        clear_tracebacks(error)
        return response


def clear_tracebacks(*errors: Exception) -> None:
    """End the cycles between errors and the frames that raised them, which keep the error and the request's body by name.

    Up to ten megabytes hang on one, but so few objects that the collector would look for them long after.
    """
    for error in errors:
        error.__traceback__ = error.__cause__ = error.__context__ = None


def from_validation_error(error: RequestValidationError) -> ChatError:
    """What is wrong with which field, without the value that was sent."""
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return InvalidRequest("The body is not valid JSON.")
    for cause in raised_errors(error):
        if isinstance(cause, ChatError):
            return cause
    return UnprocessableRequest(
        "; ".join(format_fault(public_location(fault), fault["msg"]) for fault in faults[:MAX_FAULTS])
    )


def raised_errors(error: RequestValidationError) -> list[Exception]:
    """What our own checks of the body have raised."""
    told = (fault.get("ctx", {}).get("error") for fault in error.errors())
    return [cause for cause in told if isinstance(cause, Exception)]


def public_location(fault: Mapping[str, Any]) -> Sequence[str | int]:
    """Where a fault is, without the name of an unknown field: it is the caller's own, and may hold anything."""
    place: Sequence[str | int] = fault["loc"]
    return place[:-1] if fault["type"] == "extra_forbidden" else place


def format_fault(place: Sequence[str | int], message: str) -> str:
    """One fault; names within an object are the caller's own, and as long as they like."""
    return validation_message([str(part)[:MAX_NAME_CHARS] for part in place[1:]], message, "body")


def from_http_exception(error: HTTPException) -> ChatError:
    """One of Starlette's own errors as one of ours."""
    kinds: dict[int, type[ChatError]] = {
        400: InvalidRequest,
        404: NotFound,
        405: MethodNotAllowed,
        413: BodyTooLarge,
    }
    return kinds.get(error.status_code, ChatError)()
