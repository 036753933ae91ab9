"""Notifications of runs through Postgres."""

import pytest
import structlog

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs import notifications
from graph.adapters.postgres.runs.notifications import PostgresNotifier
from graph.events import Text
from graph.ports.notifications import Notifier, RunNotification
from graph.ports.runs import RunOutcome, RunRequest
from tests.graph.ports.notifier_contract import Carrier, NotifierContract, subscribed
from tests.support.database import Sql, build_run_store
from tests.support.waiting import eventually

SAID = Text(type="text", content="hello")


class PostgresCarrier:
    def __init__(self, address: str, sql: Sql) -> None:
        self.address = address
        self.sql = sql

    def notifier(self) -> Notifier:
        return PostgresNotifier(self.address)

    async def publish(self, notification: RunNotification) -> None:
        self.sql("select pg_notify('chat_runs', %(payload)s)", payload=" ".join(notification))

    def break_connections(self) -> None:
        self.sql("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen chat_runs'")

    def mend(self) -> None:
        """The database is there all the time."""


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "PAUSE_SECONDS", 0.1)


@pytest.fixture
def carrier(database_url: str, sql: Sql) -> Carrier:
    return PostgresCarrier(database_url, sql)


class TestPostgresNotifier(NotifierContract):
    """The notifier keeps the contract."""


async def test_an_outage_is_logged_without_the_address(carrier: Carrier) -> None:
    notifier = carrier.notifier()
    with structlog.testing.capture_logs() as logs:
        async with subscribed(notifier):
            carrier.break_connections()
            await eventually(lambda: not notifier.connected)
            carrier.mend()
            await eventually(lambda: notifier.connected)
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "127.0.0.1" not in str(logs)


async def test_postgres_tells_what_is_written_of_a_run_when_it_is_committed(
    database: Database, database_url: str, cipher: VaultCipher, user_id: str
) -> None:
    store = build_run_store(database, cipher)
    run = await store.accept(RunRequest(user_id, "hello"))
    async with subscribed(PostgresNotifier(database_url)) as received:
        await store.append(run, [(1, SAID)])
        await store.request_stop(user_id, run.id)
        await store.finish(run, [(2, SAID)], RunOutcome())
        await eventually(lambda: len(received) >= 4)
    assert received[:2] == [("events", run.id), ("stop", run.id)]
    assert set(received[2:]) == {("due", run.id), ("events", run.id)}


async def test_behind_a_transaction_pooler_nothing_is_received_and_nothing_is_tried() -> None:
    process = PostgresNotifier("postgresql://nobody@127.0.0.1:6543/chat")
    assert [news async for news in process.subscribe()] == []
    assert not process.connected
