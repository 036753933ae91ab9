"""The trace to which a request belongs, as its sender says."""

import re

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.web.opaque_ids import is_random

TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}")


class ContinueTrace:
    """What a request begins continues the trace that its `traceparent` names (W3C Trace Context).

    Spans carry these ids to the collector, so ids that can hold a value are passed over, and so is all of `tracestate`.
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
    """The one header by which the trace is continued, if there is a sound one."""
    given = headers.get("traceparent", "")
    found = TRACEPARENT.fullmatch(given)
    return {"traceparent": given} if found and is_random(found["trace"]) and is_random(found["parent"]) else {}
