"""The runs in Postgres: the contract of a run store, and what only this one has: limits, encryption, broken connections."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from psycopg import AsyncConnection, OperationalError

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.transcript import PostgresTranscript
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import (
    ChatError,
    RunActive,
    TokenBudgetSpent,
    TooManyTurns,
)
from graph.events import Text
from graph.ports.memory import TurnRecord
from graph.ports.runs import Run, RunOutcome, RunRequest
from graph.state import NO_USAGE
from tests.graph.ports.run_intake_contract import RunIntakeContract
from tests.graph.ports.run_queue_contract import RunQueueContract
from tests.support.database import DropsFirstReply, Sql, build_run_store
from tests.support.fakes.ports import words

Store = Callable[..., PostgresRunStore]


@pytest.fixture
def store_with(database: Database, cipher: VaultCipher) -> Store:
    """A store with other limits than those that never matter."""

    def make(**changes: float) -> PostgresRunStore:
        return build_run_store(database, cipher, **changes)

    return make


@pytest.fixture
def store(store_with: Store) -> PostgresRunStore:
    return store_with()


class PostgresBackend:
    def __init__(self, database: Database, store: PostgresRunStore, sql: Sql) -> None:
        self.database = database
        self.store = store
        self.sql = sql

    async def expire_lease(self, run: Run) -> None:
        self.sql("update chat_runs set lease_expires_at = now() - interval '1 second' where id = %(id)s", id=run.id)

    async def request_approval(self, run: Run) -> None:
        self.sql(
            "insert into tool_approvals (user_id, run_id, ordinal, tool, arguments, arguments_hash, expires_at) "
            "values (%(user_id)s, %(id)s, 0, 'a_tool', '{}', '', now() + interval '1 hour')",
            user_id=run.user_id,
            id=run.id,
        )

    async def decide_all(self, run: Run) -> None:
        self.sql("update tool_approvals set status = 'approved' where run_id = %(id)s", id=run.id)
        async with self.database.transaction(run.user_id) as connection:
            await connection.execute(adapter_queries("approvals")["resume_run"], {"run_id": run.id})

    async def record(self, run: Run, question: str, answer: str) -> str:
        messages: list[AnyMessage] = [HumanMessage(question), AIMessage(answer)]
        record = TurnRecord(run.user_id, run.session_id, run.id, run.epoch, run.employee, "model", messages, NO_USAGE)
        await PostgresTranscript(self.database, words).record(record)
        [row] = self.sql("select id::text from chat_messages where run_id = %(id)s and role = 'user'", id=run.id)
        return str(row["id"])

    async def branch(self, user_id: str, session_id: str) -> list[str]:
        rows = self.sql(
            "select content from chat_messages where session_id = %(id)s and role = 'user' and superseded_by is null "
            "order by position",
            id=session_id,
        )
        return [row["content"] for row in rows]

    async def end_other_runs(self) -> None:
        self.sql("update chat_runs set status = 'failed' where status in ('queued', 'running', 'waiting')")


@pytest.fixture
def backend(database: Database, store_with: Store, sql: Sql) -> PostgresBackend:
    return PostgresBackend(database, store_with(), sql)


class TestPostgresRunStore(RunIntakeContract, RunQueueContract):
    """The store keeps the contract."""


def text(content: str) -> Text:
    return Text(type="text", content=content)


async def end(store: PostgresRunStore, run: Run) -> None:
    await store.finish(run, [], RunOutcome())


# Accepting ------------------------------------------------------------------------------------------------------------


async def test_the_text_is_stored_encrypted_and_for_this_run_only(
    store: PostgresRunStore, user_id: str, cipher: VaultCipher, sql: Sql
) -> None:
    run = await store.accept(RunRequest(user_id, "my secret words"))
    [row] = sql("select encrypted_input from chat_runs where id = %(id)s", id=run.id)
    assert b"secret" not in bytes(row["encrypted_input"])
    assert cipher.decrypt(bytes(row["encrypted_input"]), f"{user_id}/{run.id}") == b"my secret words"
    with pytest.raises(ChatError):
        cipher.decrypt(bytes(row["encrypted_input"]), f"{user_id}/{uuid4()}")


async def test_the_encrypted_text_is_deleted_when_the_run_has_ended(
    store: PostgresRunStore, user_id: str, sql: Sql
) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    withdrawn = await store.accept(RunRequest(user_id, "more", session_id=run.session_id, on_conflict="enqueue"))
    await store.request_stop(user_id, withdrawn.id)
    await end(store, run)
    for ended in (run, withdrawn):
        rows = sql("select encrypted_input from chat_runs where id = %(id)s", id=ended.id)
        assert rows == [{"encrypted_input": None}]


async def test_a_refused_message_stores_nothing(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    first = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(RunActive):
        await store.accept(RunRequest(user_id, "again", session_id=first.session_id))
    assert sql("select count(*) from chat_runs where user_id = %(user_id)s", user_id=user_id) == [{"count": 1}]


# Limits ---------------------------------------------------------------------------------------------------------------


async def test_so_many_turns_a_minute_and_no_more(store_with: Store, user_id: str) -> None:
    store = store_with(turns_per_minute=3)
    for _ in range(3):
        await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(TooManyTurns) as refused:
        await store.accept(RunRequest(user_id, "hello"))
    assert refused.value.retry_after is not None
    assert 15 < refused.value.retry_after <= 20


async def test_turns_at_once_are_counted_one_by_one(store_with: Store, user_id: str) -> None:
    store = store_with(turns_per_minute=3)
    asked = [store.accept(RunRequest(user_id, "hello")) for _ in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == [*["Run"] * 3, *["TooManyTurns"] * 5]


async def test_a_turn_comes_back_with_time(store_with: Store, user_id: str, sql: Sql) -> None:
    store = store_with(turns_per_minute=3)
    for _ in range(3):
        await store.accept(RunRequest(user_id, "hello"))
    sql(
        "update chat_rate_limits set next_turn_at = next_turn_at - interval '21 seconds' where user_id = %(user_id)s",
        user_id=user_id,
    )
    await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(TooManyTurns):
        await store.accept(RunRequest(user_id, "hello"))


async def test_a_refused_turn_leaves_nothing(store_with: Store, user_id: str, sql: Sql) -> None:
    store = store_with(turns_per_minute=1)
    await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(TooManyTurns):
        await store.accept(RunRequest(user_id, "hello"))
    for table in ("chat_sessions", "chat_runs"):
        assert sql(f"select count(*) from {table} where user_id = %(user_id)s", user_id=user_id) == [{"count": 1}]  # noqa: S608


async def test_a_repeated_request_takes_no_turn(store_with: Store, user_id: str) -> None:
    store = store_with(turns_per_minute=1)
    runs = [await store.accept(RunRequest(user_id, "hello", client_key="one")) for _ in range(3)]
    assert len({run.id for run in runs}) == 1


async def test_a_refused_message_takes_no_turn(store_with: Store, user_id: str) -> None:
    store = store_with(turns_per_minute=2)
    run = await store.accept(RunRequest(user_id, "hello"))
    for _ in range(3):
        with pytest.raises(RunActive):
            await store.accept(RunRequest(user_id, "hello", session_id=run.session_id))
    await store.accept(RunRequest(user_id, "hello"))


async def test_limits_are_per_user(store_with: Store, user_id: str, stranger: str) -> None:
    store = store_with(turns_per_minute=1)
    runs = [await store.accept(RunRequest(user, "hello")) for user in (user_id, stranger)]
    assert [run.user_id for run in runs] == [user_id, stranger]


async def test_a_spent_day_is_refused_until_midnight(store_with: Store, user_id: str, sql: Sql) -> None:
    store = store_with(daily_tokens=100)
    await store.accept(RunRequest(user_id, "hello"))
    sql("update chat_rate_limits set day_tokens = 100 where user_id = %(user_id)s", user_id=user_id)
    with pytest.raises(TokenBudgetSpent) as refused:
        await store.accept(RunRequest(user_id, "hello"))
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 86_400


async def test_a_new_day_begins_with_a_new_budget(store_with: Store, user_id: str, sql: Sql) -> None:
    store = store_with(daily_tokens=100)
    await store.accept(RunRequest(user_id, "hello"))
    sql("update chat_rate_limits set day_tokens = 100, day = day - 1 where user_id = %(user_id)s", user_id=user_id)
    await store.accept(RunRequest(user_id, "hello"))
    assert sql("select day_tokens from chat_rate_limits where user_id = %(user_id)s", user_id=user_id) == [
        {"day_tokens": 0}
    ]


async def test_no_daily_budget_means_no_limit(store_with: Store, user_id: str, sql: Sql) -> None:
    store = store_with(daily_tokens=0)
    await store.accept(RunRequest(user_id, "hello"))
    sql("update chat_rate_limits set day_tokens = 10^12 where user_id = %(user_id)s", user_id=user_id)
    assert (await store.accept(RunRequest(user_id, "hello"))).created


# Leases and endings ---------------------------------------------------------------------------------------------------


async def test_a_run_is_taken_over_though_its_process_sleeps_in_the_middle_of_a_message(
    store_with: Store, user_id: str, database_url: str
) -> None:
    """It has sent a statement that holds the run, and not what ends the message: the server waits for the rest."""
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    claims = json.dumps({"sub": user_id, "role": "authenticated"})
    async with await AsyncConnection.connect(database_url, autocommit=True) as asleep:
        with contextlib.suppress(OperationalError):
            async with asleep.pipeline(), asleep.transaction():
                await asleep.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
                held = await asleep.execute("select id from chat_runs where id = %s for share", (run.id,))
                assert await held.fetchone()
                async with asyncio.timeout(2.5):
                    claim = await store_with().claim(user_id, run.id)
                assert claim
                assert claim.run.epoch == 2
                await asleep.execute("select 1")


async def test_a_run_whose_input_does_not_decrypt_is_taken_over_without_its_text(
    database: Database, store_with: Store, user_id: str
) -> None:
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    other_key = store_with()
    other_key.cipher = VaultCipher(b"o" * 32)
    claim = await other_key.claim(user_id, run.id)
    assert claim
    assert claim.text is None


async def test_an_acceptance_whose_reply_was_lost_is_not_made_twice(
    database: Database, store_with: Store, user_id: str, sql: Sql
) -> None:
    """The connection breaks after the commit: the second attempt finds what the first one stored."""
    store = store_with()
    store.database = DropsFirstReply(database.pool)
    run = await store.accept(RunRequest(user_id, "hello"))
    assert sql("select id::text, epoch from chat_runs where user_id = %(user_id)s", user_id=user_id) == [
        {"id": run.id, "epoch": 1}
    ]


async def test_how_a_run_failed_is_kept(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.finish(run, [], RunOutcome("failed", error_code="model_timeout"))
    assert (await store.read(user_id, run.id)).status == "failed"
    assert sql("select error_code from chat_runs where id = %(id)s", id=run.id) == [{"error_code": "model_timeout"}]


async def test_a_stop_of_a_run_that_has_ended_changes_nothing(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await end(store, run)
    await store.request_stop(user_id, run.id)
    assert sql("select status, stop_requested from chat_runs where id = %(id)s", id=run.id) == [
        {"status": "complete", "stop_requested": False}
    ]


# Events ---------------------------------------------------------------------------------------------------------------


async def test_an_event_keeps_every_character(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    content = "naïve 💶 \u2028 \\ \" ' %s {} \t\n [CARD_7K3Q9D]"
    await store.append(run, [(1, text(content))])
    assert await store.events(user_id, run.id, 0) == [(1, text(content))]


# The time zone of the client ------------------------------------------------------------------------------------------


async def test_the_clients_time_zone_becomes_the_profiles_and_the_turn_begins_with_it(
    store: PostgresRunStore, user_id: str
) -> None:
    run = await store.accept(RunRequest(user_id, "hello", time_zone="Asia/Tokyo"))
    assert run.memory
    assert run.memory.profile.time_zone == "Asia/Tokyo"


async def test_a_time_zone_that_the_user_has_stays(store: PostgresRunStore, sql: Sql, user_id: str) -> None:
    sql("insert into profiles (user_id, time_zone) values (%(user_id)s, 'Europe/Oslo')", user_id=user_id)
    await store.accept(RunRequest(user_id, "hello", time_zone="Asia/Tokyo"))
    assert sql("select time_zone from profiles where user_id = %(user_id)s", user_id=user_id) == [
        {"time_zone": "Europe/Oslo"}
    ]


async def test_the_time_zone_does_not_make_it_another_request(store: PostgresRunStore, user_id: str) -> None:
    first = await store.accept(RunRequest(user_id, "hello", client_key="one", time_zone="Asia/Tokyo"))
    assert (await store.accept(RunRequest(user_id, "hello", client_key="one", time_zone="UTC"))).id == first.id
