"""Spans of OpenTelemetry, sent to a collector over OTLP/HTTP.

A span holds ids, names of ours, codes and counts: nothing of a message, an answer, an argument or a result. So an exception
is not recorded as the library would do it, with its message; its code, type and place are.
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
"""How long spans may be on their way to the collector, attempts included; then they are dropped."""
LAST_SECONDS = 2.0
"""How long the last spans may delay the end of the process."""


@asynccontextmanager
async def open_tracer(endpoint: str, headers: Mapping[str, str], service: str) -> AsyncIterator[Tracer]:
    """A tracer whose spans are sent in batches by a thread of its own.

    A collector that is slow or away costs spans, and no time.

    Args:
        endpoint: where the collector takes spans.
        headers: what is sent along, such as a key.
        service: what the spans are said to be of.
    """
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=EXPORT_SECONDS)
    processor = BatchSpanProcessor(exporter)
    origin = Resource.create({SERVICE_NAME: service, SERVICE_INSTANCE_ID: str(uuid4())})
    provider = TracerProvider(resource=origin, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    try:
        yield provider.get_tracer("chat")
    finally:
        # The library waits for half a minute: it does so in a thread that nobody waits for any longer than this.
        ending = Thread(target=processor.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, LAST_SECONDS)
        if ending.is_alive():
            exporter.shutdown()  # type: ignore[no-untyped-call]  # ends the attempts that are still to come


def mark(span: Span, outcome: str, error: BaseException) -> None:
    """Say in a span how something ended that did not complete; a stop is no error, nor is a step that waits for its user."""
    span.set_attribute("chat.outcome", outcome)
    if outcome not in ("stopped", "waiting"):
        span.set_attribute("error.type", outcome)
        span.set_status(StatusCode.ERROR, safe_summary(error))
