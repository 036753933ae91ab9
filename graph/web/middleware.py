"""What every request passes: an id for it and its log lines, a limit on its body, an answer if it fails in a way that nobody
foresaw. Plain ASGI: streams are untouched."""

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
"""What is logged by name; a client can send any word for a method."""


class RequestId:
    """Binds a request id to the log lines of a request and names it in the answer; one line an answer in the log.

    The id is the client's own if it is one that could be drawn at random; else it is drawn here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if is_request_id(given) else uuid4().hex
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
            took = round((time.perf_counter() - started) * 1000)
            method = scope["method"] if scope["method"] in METHODS else "other"
            log.info("request", method=method, route=route, status=status, ms=took)


class UnhandledErrors:
    """Answers a request whose handling raised what nobody foresaw.

    Starlette would answer outside of all other middleware, without the headers that they add: a browser then hides the answer
    from its page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noticing(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noticing)
        except Exception as error:
            log.error("unhandled_error", reason=safe_summary(error))
            if scope["type"] != "http" or started:
                raise
            await to_response(ChatError())(scope, receive, send)


class BodyLimit:
    """Refuses a body over `limit` bytes before it is parsed, whether its length is declared or not.

    A body whose length is told in two ways is refused with its connection: a proxy in front may have taken the other one, and
    what is left of the body for the next request (RFC 9112, 6.3).
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
            refusal = to_response(InvalidRequest("The length of the body is told in two ways."))
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
