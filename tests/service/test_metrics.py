"""What the service tells those who watch it: each turn moves the counters by what it did, and by nothing else."""

import json
import signal
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.clients import Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running
from tests.support.waiting import wait_until

TOKEN = "what Prometheus knows"
EMPLOYEE = "prime-boss"
OF = {"employee": EMPLOYEE, "model": "gpt-4o"}

Moved = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server that nobody else uses, so that its counters move for these tests only."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "OPENAI_MODEL_LARGE": "gpt-4o",
        "METRICS_TOKEN": TOKEN,
        "RATE_LIMIT_PER_MINUTE": "3",
    }
    with running(tmp_path_factory.mktemp("watched") / "data", environment) as started:
        yield started


@pytest.fixture
def user(watched: Server) -> Iterator[Client]:
    with watched.client() as client:
        yield client


def scrape(server: Server) -> str:
    response = httpx.get(f"{server.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return response.text


def figures(server: Server) -> Moved:
    """The counters, and how often each histogram was told something."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(scrape(server))
        for sample in family.samples
        if sample.name.startswith("chat_") and sample.name.endswith(("_total", "_count"))
        if not sample.name.startswith(("chat_database", "chat_job"))
    }


class Watch:
    """What moved while something happened."""

    def __init__(self) -> None:
        self.moved: Moved = {}

    def of(self, *prefixes: str) -> Moved:
        return {key: by for key, by in self.moved.items() if key[0].startswith(prefixes)}


@contextmanager
def watching(server: Server) -> Iterator[Watch]:
    watch, before = Watch(), figures(server)
    yield watch
    after = figures(server)
    watch.moved = {key: by for key, now in after.items() if (by := now - before.get(key, 0.0))}


def counts(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def gauge(server: Server, name: str, labels: Mapping[str, str] | None = None) -> float:
    [value] = [
        sample.value
        for family in text_string_to_metric_families(scrape(server))
        for sample in family.samples
        if sample.name == name and sample.labels == (labels or {})
    ]
    return value


def test_a_complete_turn_with_a_tool_moves_what_it_did_and_nothing_else(watched: Server, user: Client) -> None:
    with watching(watched) as watch:
        answer = user.ask("[[call account_balances_query {}]]")
    usage = answer.last["usage"]
    steps = {"redact": 1, "load_memory": 1, "retrieve": 1, "reason": 2, "call_tools": 1, "persist": 1, "summarize": 1}
    assert watch.moved == {
        ("chat_runs_accepted_total", counts(employee=EMPLOYEE)): 1,
        ("chat_runs_ended_total", counts(employee=EMPLOYEE, status="complete", code="")): 1,
        ("chat_run_seconds_count", counts(status="complete")): 1,
        ("chat_first_text_seconds_count", counts()): 1,
        ("chat_tokens_total", counts(kind="prompt", **OF)): 20,
        ("chat_tokens_total", counts(kind="completion", **OF)): 10,
        ("chat_cost_dollars_total", counts(**OF)): pytest.approx(float(usage["cost"])),
        ("chat_model_calls_total", counts(model="gpt-4o", outcome="complete")): 2,
        ("chat_model_call_seconds_count", counts(model="gpt-4o")): 2,
        ("chat_model_first_token_seconds_count", counts(model="gpt-4o")): 2,
        ("chat_model_attempts_total", counts(provider="chosen", outcome="sent")): 2,
        ("chat_tool_calls_total", counts(tool="account_balances_query", outcome="complete")): 1,
        ("chat_tool_call_seconds_count", counts(tool="account_balances_query")): 1,
        **{("chat_step_seconds_count", counts(step=step)): times for step, times in steps.items()},
    }
    assert float(usage["cost"]) > 0


def test_a_turn_whose_model_fails_shows_the_code_and_the_attempts(watched: Server, user: Client) -> None:
    with watching(watched) as watch:
        user.ask("[[status 500]]")
    assert watch.of("chat_runs", "chat_model", "chat_step_failures", "chat_first_text") == {
        ("chat_runs_accepted_total", counts(employee=EMPLOYEE)): 1,
        ("chat_runs_ended_total", counts(employee=EMPLOYEE, status="failed", code="model_unavailable")): 1,
        ("chat_model_calls_total", counts(model="gpt-4o", outcome="model_unavailable")): 1,
        ("chat_model_call_seconds_count", counts(model="gpt-4o")): 1,
        ("chat_model_attempts_total", counts(provider="chosen", outcome="sent")): 2,
        ("chat_step_failures_total", counts(step="reason", code="model_unavailable")): 1,
    }


def test_a_run_is_active_until_it_is_stopped_and_a_second_one_of_its_session_is_refused(
    watched: Server, user: Client
) -> None:
    body = {"message": "[[slow 0.2]] [[say one two three four five six seven eight nine ten eleven twelve]]"}
    with watching(watched) as watch, user.stream("POST", "/api/chat", json=body) as stream:
        events = events_of(stream)
        _, start = next(events)
        assert gauge(watched, "chat_runs_active") == 1
        refused = user.post("/api/chat", json={"message": "and now?", "session_id": start["session_id"]})
        while next(events)[1]["type"] != "text":
            pass
        user.post(f"/api/runs/{start['run_id']}/stop")
        [*_, (_, last)] = events
    assert (refused.status_code, last["status"]) == (409, "stopped")
    assert watch.of("chat_runs", "chat_model_calls", "chat_step_failures") == {
        ("chat_runs_accepted_total", counts(employee=EMPLOYEE)): 1,
        ("chat_runs_refused_total", counts(code="run_active")): 1,
        ("chat_runs_ended_total", counts(employee=EMPLOYEE, status="stopped", code="")): 1,
        ("chat_model_calls_total", counts(model="gpt-4o", outcome="stopped")): 1,
    }


def test_a_turn_above_the_limit_is_refused_and_nothing_else_moves(watched: Server, user: Client) -> None:
    for _ in range(3):
        user.ask("hello")
    with watching(watched) as watch:
        assert user.post("/api/chat", json={"message": "hello"}).status_code == 429
    assert watch.moved == {("chat_runs_refused_total", counts(code="too_many_turns")): 1}


def test_a_message_that_is_sent_twice_is_one_run(watched: Server, user: Client) -> None:
    with watching(watched) as watch:
        for _ in range(2):
            user.ask("hello", headers={"Idempotency-Key": "once"})
    assert watch.of("chat_runs_accepted") == {("chat_runs_accepted_total", counts(employee=EMPLOYEE)): 1}


def test_a_job_is_counted_when_it_is_done(watched: Server) -> None:
    def done() -> float:
        return jobs(watched).get(counts(job="drop_logs", outcome="complete"), 0.0)

    before = done()
    with psycopg.connect(watched.admin_url(), options="-c search_path=jobs", autocommit=True) as connection:
        connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args) "
            """values ('default', 'drop_logs', '{"timestamp": 0}')"""
        )
    wait_until(lambda: done() == before + 1)


def jobs(server: Server) -> dict[frozenset[tuple[str, str]], float]:
    return {
        frozenset(sample.labels.items()): sample.value
        for family in text_string_to_metric_families(scrape(server))
        for sample in family.samples
        if sample.name == "chat_jobs_total"
    }


def test_a_run_whose_process_died_is_counted_by_the_one_that_takes_it_over(
    tmp_path: Path, scripted_model: ScriptedModel
) -> None:
    environment = {"OPENAI_BASE_URL": scripted_model.address, "METRICS_TOKEN": TOKEN, "LEASE_SECONDS": "1"}
    with running(tmp_path / "data", environment) as died, died.client() as user:
        body = {"message": "[[slow 0.3]] [[say one two three four]]"}
        with user.stream("POST", "/api/chat", json=body) as stream:
            next(events_of(stream))
            died.stop(signal.SIGKILL)
        with running(tmp_path / "data", environment) as heir:
            wait_until(lambda: ended(heir) == 1)
            assert gauge(heir, "chat_runs_taken_over_total") == 1
            assert gauge(heir, "chat_runs_active") == 0


def ended(server: Server) -> float:
    return sum(by for (name, _), by in figures(server).items() if name == "chat_runs_ended_total")


def test_what_is_at_the_moment_is_shown(watched: Server) -> None:
    assert gauge(watched, "chat_runs_active") == 0
    assert gauge(watched, "chat_runs_claimable") == 0
    assert gauge(watched, "chat_notifications_connected") == 1
    assert gauge(watched, "chat_model_breaker_open", {"provider": "chosen"}) == 0
    assert gauge(watched, "chat_database_pool_max") == 16
    assert 1 <= gauge(watched, "chat_database_pool_available") <= gauge(watched, "chat_database_pool_size") <= 16
    assert gauge(watched, "chat_database_pool_waiting") == 0
    assert gauge(watched, "process_open_fds") > 0


def test_with_a_token_set_nobody_reads_them_without_it(watched: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {TOKEN}"}):
        response = httpx.get(f"{watched.address}/metrics", headers=headers)
        assert response.status_code == 401
        assert "chat_" not in response.text


def test_a_users_token_does_not_open_them(user: Client) -> None:
    assert user.get("/metrics").status_code == 401


def test_without_a_token_whoever_reaches_the_port_reads_them(server: Server) -> None:
    response = httpx.get(f"{server.address}/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert response.headers["Cache-Control"] == "no-store"
    assert "chat_runs_active " in response.text


def test_they_are_for_operators_and_not_in_the_documentation_of_the_api(server: Server) -> None:
    assert "/metrics" not in httpx.get(f"{server.address}/openapi.json").json()["paths"]


def test_they_hold_nothing_of_a_user(watched: Server, user: Client) -> None:
    name = f"Quillon{uuid.uuid4().hex[:6]}"
    answer = user.ask(f"[[call no_such_{name} {{}}]]")
    user.ask(f"[[call account_balances_query {json.dumps({name: name})}]]")
    user.get(f"/api/employees/{name}")
    text = scrape(watched)
    assert not any(part in text for part in (name, user.user, answer.run, answer.session))
