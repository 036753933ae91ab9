"""Turns a minute and tokens a day, for each user."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running

TURNS = 3
TOKENS = 100
COSTLY = "[[rounds 5 account_balances_query {}]]"
"""Takes six calls of the model, 15 tokens each."""

STORED = ("chat_sessions", "chat_runs", "chat_messages", "chat_run_events", "chat_usage_log")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server with tight limits."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "RATE_LIMIT_PER_MINUTE": str(TURNS),
        "DAILY_TOKEN_BUDGET": str(TOKENS),
    }
    with running(tmp_path_factory.mktemp("strict") / "data", environment) as started:
        yield started


@pytest.fixture
def eager(strict: Server) -> Iterator[Client]:
    """A user of that server."""
    with strict.client() as client:
        yield client


def say(client: Client, message: str = "Hello", **fields: object) -> httpx.Response:
    return client.post("/api/chat", json={"message": message, "stream": False, **fields})


def stored(server: Server, user: str) -> Counter[str]:
    count = "select count(*) as rows from {} where user_id = %s"
    return Counter({table: server.sql(count.format(table), user)[0]["rows"] for table in STORED})


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.json().keys() == {"error"}
    return response.status_code, response.json()["error"]["code"]


def test_the_turn_after_the_last_of_a_minute_is_refused_and_says_when_to_come_back(eager: Client) -> None:
    assert [say(eager).status_code for _ in range(TURNS)] == [200] * TURNS
    refused = say(eager)
    assert code(refused) == (429, "too_many_turns")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 / TURNS


def test_another_user_has_a_limit_of_its_own(strict: Server, eager: Client) -> None:
    while say(eager).status_code == 200:
        pass
    with strict.client() as other:
        assert say(other).status_code == 200


def test_many_requests_at_once_never_exceed_the_limit(strict: Server, eager: Client) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = Counter(response.status_code for response in pool.map(lambda _: say(eager), range(20)))
    assert statuses == {200: TURNS, 429: 20 - TURNS}
    assert stored(strict, eager.user)["chat_runs"] == TURNS


def test_a_refused_turn_stores_nothing(strict: Server, eager: Client, scripted_model: ScriptedModel) -> None:
    _, session, _ = [say(eager).json()["session_id"] for _ in range(TURNS)]
    before = stored(strict, eager.user)
    assert say(eager, "a refused turn").status_code == 429
    assert say(eager, "a refused turn", session_id=session, client_message_id="again").status_code == 429
    assert stored(strict, eager.user) == before
    assert scripted_model.asked("a refused turn") == []


def test_a_refusal_postpones_nothing(strict: Server, eager: Client) -> None:
    while say(eager).status_code == 200:
        pass
    is_waiting = [int(say(eager).headers["Retry-After"]) for _ in range(10)]
    assert is_waiting == sorted(is_waiting, reverse=True)


def test_a_run_that_is_refused_for_another_reason_costs_no_turn(eager: Client) -> None:
    for _ in range(TURNS + 1):
        assert say(eager, employee_slug="nobody").status_code == 404
        assert say(eager, "").status_code == 422
    assert say(eager).status_code == 200


def test_reading_is_not_limited(eager: Client) -> None:
    while say(eager).status_code == 200:
        pass
    assert {eager.get("/api/sessions").status_code for _ in range(10)} == {200}


def test_when_the_days_tokens_are_spent_turns_are_refused_until_midnight(strict: Server, eager: Client) -> None:
    assert [say(eager, COSTLY).status_code for _ in range(2)] == [200, 200]
    before = stored(strict, eager.user)
    refused = say(eager)
    now = dt.datetime.now(dt.UTC)
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), dt.UTC)
    assert code(refused) == (429, "token_budget_spent")
    assert abs(int(refused.headers["Retry-After"]) - (midnight - now).total_seconds()) < 5
    assert stored(strict, eager.user) == before


def test_a_new_day_has_a_new_budget(strict: Server, eager: Client) -> None:
    for _ in range(2):
        say(eager, COSTLY)
    strict.sql("update chat_rate_limits set day = day - 1 where user_id = %s", eager.user)
    assert say(eager).status_code == 200
    [row] = strict.sql("select day_tokens from chat_rate_limits where user_id = %s", eager.user)
    assert row["day_tokens"] == 15
