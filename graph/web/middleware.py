"""What every request passes: an id for it and its log lines, a limit on its body. Plain ASGI: streams are untouched."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.errors import BodyTooLarge, InvalidRequest
from graph.web.errors import answer

log = structlog.get_logger(__name__)

GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestId:
    """Binds a request id to the log lines of a request and names it in the answer; one line an answer in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid4().hex
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
            log.info("request", method=scope["method"], route=route, status=status, ms=took)


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
            refusal = answer(InvalidRequest("The length of the body is told in two ways."))
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self.limit:
            await answer(BodyTooLarge())(scope, receive, send)
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
