"""Continues the trace of the client (W3C Trace Context)."""

import re

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.web.opaque_ids import is_random

TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}")


class ContinueTrace:
    """Makes the spans of a request children of the span that its `traceparent` header names.

    Spans carry these ids to the collector, so an id that could hold a personal value is ignored, and `tracestate` always is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        token = attach(self._propagator.extract(trace_parent(Headers(scope=scope))))
        try:
            await self.app(scope, receive, send)
        finally:
            detach(token)


def trace_parent(headers: Headers) -> dict[str, str]:
    """The `traceparent` header as a carrier; empty if the request has none whose ids look random."""
    header = headers.get("traceparent", "")
    match = TRACEPARENT.fullmatch(header)
    return {"traceparent": header} if match and is_random(match["trace"]) and is_random(match["parent"]) else {}
