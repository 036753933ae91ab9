"""A collector of OpenTelemetry's spans on loopback."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE = 10.0


@dataclass(frozen=True)
class Received:
    """A span that arrived."""

    name: str
    id: str
    parent: str
    trace: str
    failed: bool
    attributes: dict[str, Any]


class Collector:
    """Takes what is sent to it over OTLP/HTTP; while it `hangs` it answers nobody."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.address = ""
        self.hangs = False

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    @property
    def spans(self) -> list[Received]:
        return [
            received(span)
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait_for(self, wanted: Callable[[Received], bool]) -> list[Received]:
        """All spans of the trace of one that is wanted, as soon as that one is there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            spans = self.spans
            if found := next((span for span in spans if wanted(span)), None):
                return [span for span in spans if span.trace == found.trace]
            time.sleep(0.05)
        raise AssertionError([span.name for span in self.spans])

    @contextmanager
    def serving(self) -> Iterator["Collector"]:
        collector, over = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.hangs:
                    over.wait(60)
                    return
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                collector.bodies.append(body)
                self.send_response(200 if self.path == "/v1/traces" else 404)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.address = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield self
            finally:
                over.set()
                server.shutdown()
                thread.join()


def received(span: Any) -> Received:
    return Received(
        name=span.name,
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        trace=span.trace_id.hex(),
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        attributes={each.key: plain(each.value) for each in span.attributes},
    )


def plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [plain(each) for each in found.values] if kind == "array_value" else found
