"""Spans on their way to a collector: they arrive, and a collector that does not take them costs nothing."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from graph.adapters.telemetry.tracing import LAST_SECONDS, mark_failed, open_tracer
from graph.errors import DatabaseUnavailable
from tests.support.fakes.collector import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector().serving() as serving:
        yield serving


async def test_spans_arrive_at_the_latest_when_the_process_ends(collector: Collector) -> None:
    async with open_tracer(f"{collector.address}/v1/traces", {"x-key": "a key"}, "a service") as tracer:
        with tracer.start_as_current_span("run"):
            tracer.start_span("step redact", attributes={"chat.epoch": 1}).end()
    step, run = sorted(collector.spans, key=lambda span: span.name, reverse=True)
    assert (step.name, step.attributes, step.parent) == ("step redact", {"chat.epoch": 1}, run.id)
    assert collector.headers[0]["x-key"] == "a key"
    [resource] = {str(each.resource) for request in collector.requests for each in request.resource_spans}
    assert "a service" in resource


async def test_an_error_is_marked_by_code_and_place_and_not_by_its_message(collector: Collector) -> None:
    async with open_tracer(f"{collector.address}/v1/traces", {}, "a service") as tracer:
        span = tracer.start_span("step persist")
        mark_failed(span, "database_unavailable", DatabaseUnavailable("Ana"))
        span.end()
    [received] = collector.spans
    assert received.failed
    assert received.attributes == {"chat.outcome": "database_unavailable", "error.type": "database_unavailable"}
    assert b"Ana" not in b"".join(collector.bodies)


async def test_a_collector_that_hangs_delays_neither_spans_nor_the_end_for_long(collector: Collector) -> None:
    collector.hangs = True
    async with open_tracer(f"{collector.address}/v1/traces", {}, "a service") as tracer:
        began = time.perf_counter()
        for _ in range(3000):
            tracer.start_span("step").end()
            await asyncio.sleep(0)
        assert time.perf_counter() - began < 2
        began = time.perf_counter()
    assert time.perf_counter() - began < LAST_SECONDS + 1


async def test_a_collector_that_is_away_delays_neither(collector: Collector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with open_tracer(f"http://127.0.0.1:{port}/v1/traces", {}, "a service") as tracer:
        tracer.start_span("step").end()
        began = time.perf_counter()
    assert time.perf_counter() - began < LAST_SECONDS + 1
