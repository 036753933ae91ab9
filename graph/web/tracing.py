"""The trace to which a request belongs, as its sender says."""

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send


class ContinueTrace:
    """What a request begins continues the trace that its `traceparent` names (W3C Trace Context)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        token = attach(self._propagator.extract(Headers(scope=scope)))
        try:
            await self.app(scope, receive, send)
        finally:
            detach(token)
