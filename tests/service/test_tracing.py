"""Traces of turns: one span a run, below it the steps, the models and the tools, and nowhere a word of the user."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Answer, Client
from tests.support.fakes.collector import Collector, Received
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

CARD, MAIL, NAME, WORD = "4111 1111 1111 1111", "vera.quill@kestrelmail.com", "Vera Quillfeather", "zugunruhe"
CANARIES = (CARD, MAIL, NAME, WORD)
TEXT = f"{WORD}: my name is {NAME}, my card is {CARD} and my mail is {MAIL}"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector().serving() as serving:
        yield serving


def traced(data: Path, model: ScriptedModel, collector: Collector) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": model.address,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=a%20key",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel, collector: Collector
) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("traced") / "data"
    with running(data, traced(data, scripted_model, collector)) as started:
        yield started


@pytest.fixture
def user(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


def trace_of(answer: Answer, collector: Collector) -> list[Received]:
    """The spans of a run; its own is the last to end."""
    spans = collector.wait_for(lambda span: span.attributes.get("chat.run_id") == answer.run)
    return sorted(spans, key=lambda span: span.name)


def named(spans: list[Received], name: str) -> Received:
    return next(span for span in spans if span.name == name)


def test_a_turn_is_a_span_with_its_steps_their_models_and_their_tools_below(user: Client, collector: Collector) -> None:
    answer = user.ask("[[call account_balances_query {}]]")
    spans = trace_of(answer, collector)
    run, tools, reason = (named(spans, name) for name in ("run", "step call_tools", "step reason"))
    steps = ("redact", "load_memory", "retrieve", "reason", "reason", "call_tools", "persist", "summarize")
    assert [span.name for span in spans if span.parent == run.id] == sorted(f"step {step}" for step in steps)
    assert named(spans, "tool account_balances_query").parent == tools.id
    assert reason.id in {span.parent for span in spans if span.name.startswith("model ")}
    assert run.parent == ""
    assert (
        run.attributes.items()
        >= {
            "chat.run_id": answer.run,
            "chat.session_id": answer.session,
            "chat.employee": "prime-boss",
            "chat.epoch": 1,
            "chat.status": "complete",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 10,
        }.items()
    )
    assert not any(span.failed for span in spans)


def test_a_model_call_says_which_model_what_it_took_and_why_it_ended(user: Client, collector: Collector) -> None:
    spans = trace_of(user.ask("hello"), collector)
    [model] = [span for span in spans if span.name.startswith("model ")]
    assert model.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.response.finish_reasons": ["stop"],
    }


def test_a_turn_that_failed_shows_where_and_by_which_code(user: Client, collector: Collector) -> None:
    spans = trace_of(user.ask(f"[[status 400]] {TEXT}"), collector)
    failed = {span.name: span.attributes["error.type"] for span in spans if span.failed}
    assert failed == dict.fromkeys(("run", "step reason", "model gpt-4o-mini"), "model_refused")
    assert named(spans, "run").attributes["chat.status"] == "failed"


def test_no_span_holds_anything_that_was_typed_answered_asked_of_a_tool_or_found_by_it(
    user: Client, server: Server, collector: Collector
) -> None:
    server.sql(
        "insert into transactions (user_id, posted_at, amount, currency, merchant, category) "
        "values (%s, current_date, -12.34, 'USD', %s, 'Groceries')",
        user.user,
        WORD,
    )
    for message in (
        TEXT,
        f'[[call transactions_query {{"search": "{WORD}"}}]] {TEXT}',
        f'[[call transactions_query {{"{WORD}": "{NAME}"}}]] {TEXT}',
        f"[[call {WORD} {{}}]] {TEXT}",
        f"[[break]] [[say it began, {TEXT}]]",
        f"[[status 500]] {TEXT}",
    ):
        answer = user.ask(message)
        assert trace_of(answer, collector)
    sent = b"".join(collector.bodies)
    assert answer.run.encode() in sent
    assert [canary for canary in CANARIES if canary.encode() in sent or canary.replace(" ", "").encode() in sent] == []
    assert user.user.encode() not in sent


def test_a_trace_that_the_sender_has_begun_goes_on_in_the_run(user: Client, collector: Collector) -> None:
    answer = user.ask("hello", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    run = named(trace_of(answer, collector), "run")
    assert (run.trace, run.parent) == (TRACE, PARENT)


def test_a_traceparent_that_is_none_is_no_matter(user: Client, collector: Collector) -> None:
    answer = user.ask("hello", headers={"traceparent": "nonsense"})
    assert named(trace_of(answer, collector), "run").parent == ""


def test_what_the_collector_asks_for_is_sent_along(user: Client, collector: Collector) -> None:
    trace_of(user.ask("hello"), collector)
    assert collector.headers[-1]["x-api-key"] == "a key"


def test_a_collector_that_answers_nobody_changes_nothing_and_delays_the_end_by_little(
    tmp_path: Path, scripted_model: ScriptedModel
) -> None:
    with Collector().serving() as silent:
        silent.hangs = True
        with running(tmp_path / "data", traced(tmp_path, scripted_model, silent)) as server:
            with server.client() as user:
                assert [user.ask("hello").last["status"] for _ in range(5)] == ["complete"] * 5
            began = time.monotonic()
            server.stop()
            assert time.monotonic() - began < 10
            assert server.process.returncode == 0
