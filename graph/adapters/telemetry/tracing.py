"""OpenTelemetry spans, sent to a collector over OTLP/HTTP.

A span holds ids, our own names, codes and counts, and no text of a message, an answer, an argument or a result. An exception
is recorded by code, type and place, not with its message.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from threading import Thread
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer

from graph.errors import safe_summary

EXPORT_SECONDS = 5.0
"""Timeout of an export, retries included; then its spans are dropped."""
LAST_SECONDS = 2.0
"""How long the export of the last spans may delay the end of the process."""


@asynccontextmanager
async def open_tracer(endpoint: str, headers: Mapping[str, str], service: str) -> AsyncIterator[Tracer]:
    """A tracer whose spans a thread sends in batches. An unreachable collector costs spans, not time.

    Args:
        endpoint: the collector's URL for spans.
        headers: HTTP headers for the collector, such as its API key.
        service: the OpenTelemetry service name.
    """
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=EXPORT_SECONDS)
    processor = BatchSpanProcessor(exporter)
    origin = Resource.create({SERVICE_NAME: service, SERVICE_INSTANCE_ID: str(uuid4())})
    provider = TracerProvider(resource=origin, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    try:
        yield provider.get_tracer("chat")
    finally:
        # The library may wait for half a minute, so it shuts down in a thread that is joined for a shorter time.
        ending = Thread(target=processor.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, LAST_SECONDS)
        if ending.is_alive():
            exporter.shutdown()  # type: ignore[no-untyped-call]  # ends its remaining retries


def mark_failed(span: Span, outcome: str, error: BaseException) -> None:
    """Write an outcome into a span. A stop and a step that waits for its user are no errors."""
    span.set_attribute("chat.outcome", outcome)
    if outcome not in ("stopped", "waiting"):
        span.set_attribute("error.type", outcome)
        span.set_status(StatusCode.ERROR, safe_summary(error))
