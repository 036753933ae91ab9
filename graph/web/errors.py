"""Error responses. All have one shape: `{"error": {"code": ..., "message": ...}}`."""

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
"""Faults of a request body that one response lists."""
MAX_NAME_CHARS = 64
"""Characters of a field's name that a response repeats."""


def to_response(error: ChatError) -> JSONResponse:
    """The response to a request that failed with this error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"error": {"code": error.code, "message": error.message, **error.details}}
    return JSONResponse(body, status_code=error.status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every foreseen error in the one shape of this module."""

    @app.exception_handler(ChatError)
    async def on_chat_error(request: Request, error: ChatError) -> JSONResponse:
        return to_response(error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        response = to_response(from_validation_error(error))
        clear_tracebacks(error, *raised_errors(error))
        return response

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        response = to_response(from_http_exception(error))
        response.headers.update(error.headers or {})
        clear_tracebacks(error)
        return response


def clear_tracebacks(*errors: Exception) -> None:
    """Break the reference cycles between errors and the frames that raised them.

    A frame holds its error and the request's body. A cycle keeps up to ten megabytes alive, in so few objects that the garbage
    collector would run long after.
    """
    for error in errors:
        error.__traceback__ = error.__cause__ = error.__context__ = None


def from_validation_error(error: RequestValidationError) -> ChatError:
    """The error that names each invalid field, without the values that were sent."""
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
    """The exceptions that the validators of `graph.web.schemas` raised."""
    causes = (fault.get("ctx", {}).get("error") for fault in error.errors())
    return [cause for cause in causes if isinstance(cause, Exception)]


def public_location(fault: Mapping[str, Any]) -> Sequence[str | int]:
    """The location of a fault, without the name of an unknown field: the client chose that name, and it may be personal."""
    location: Sequence[str | int] = fault["loc"]
    return location[:-1] if fault["type"] == "extra_forbidden" else location


def format_fault(location: Sequence[str | int], message: str) -> str:
    """Format one fault; long names are shortened, since a client can choose those inside an object.

    Args:
        location: begins with the part of the request (`body`, `query`), which is left out.
        message: says why the value is refused.
    """
    return validation_message([str(part)[:MAX_NAME_CHARS] for part in location[1:]], message, "body")


def from_http_exception(error: HTTPException) -> ChatError:
    """The `ChatError` for an error that Starlette raised."""
    kinds: dict[int, type[ChatError]] = {
        400: InvalidRequest,
        404: NotFound,
        405: MethodNotAllowed,
        413: BodyTooLarge,
    }
    return kinds.get(error.status_code, ChatError)()
