"""Middleware for every request: a request id, a limit on the body, and a response to unhandled errors.

It is plain ASGI, so streams pass through it chunk by chunk.
"""

import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.errors import BodyTooLarge, ChatError, InvalidRequest, safe_summary
from graph.web.errors import to_response
from graph.web.opaque_ids import is_request_id

log = structlog.get_logger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are logged by name. A client can send any word as a method."""


class RequestId:
    """Binds a request id to the log lines of a request, sends it with the response, and logs one line for each response.

    A client's own id is used if it looks random; otherwise a new one is drawn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if is_request_id(sent) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            duration = round((time.perf_counter() - started) * 1000)
            method = scope["method"] if scope["method"] in METHODS else "other"
            log.info("request", method=method, route=route, status=status, ms=duration)


class UnhandledErrors:
    """Answers a request that failed with an unhandled exception.

    Starlette's own handler runs outside all other middleware, so its response lacks the CORS headers and a browser hides it
    from the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note_start)
        except Exception as error:
            log.error("unhandled_error", reason=safe_summary(error))
            if scope["type"] != "http" or started:
                raise
            await to_response(ChatError())(scope, receive, send)


class BodyLimit:
    """Refuses a body over `limit` bytes before it is parsed, whether or not its length is declared.

    A request with Content-Length and Transfer-Encoding is refused and its connection closed: a proxy in front may go by the
    other header and take the rest of the body for the next request (RFC 9112, 6.3).
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            refusal = to_response(InvalidRequest("Content-Length and Transfer-Encoding must not be combined."))
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self.limit:
            await to_response(BodyTooLarge())(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.limit:
                    raise HTTPException(BodyTooLarge.status)
            return message

        await self.app(scope, receive_within_limit, send)
