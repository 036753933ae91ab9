"""Runs are accepted once, within limits, by one transaction; somebody else's run does not exist."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, OperationalError

from graph.adapters.crypto.cipher import Sealer
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.run_store import MOST_QUEUED, PostgresRunStore
from graph.errors import (
    ChatError,
    IdempotencyMismatch,
    LeaseLost,
    NotFound,
    RunActive,
    TokenBudgetSpent,
    TooManyTurns,
)
from graph.events import Text
from graph.ports.runs import OnConflict, Run, RunOutcome, RunRequest
from tests.graph.conftest import LosesTheFirstReply, Sql, store_of_runs

pytestmark = pytest.mark.anyio

Store = Callable[..., PostgresRunStore]


@pytest.fixture
def store_with(database: Database, sealer: Sealer) -> Store:
    """A store with other limits than those that never matter."""

    def make(**changes: float) -> PostgresRunStore:
        return store_of_runs(database, sealer, **changes)

    return make


@pytest.fixture
def store(store_with: Store) -> PostgresRunStore:
    return store_with()


def text(content: str) -> Text:
    return Text(type="text", content=content)


async def end(store: PostgresRunStore, run: Run) -> None:
    await store.finish(run, [], RunOutcome())


# Accepting ------------------------------------------------------------------------------------------------------------


async def test_a_first_message_opens_a_session_with_the_default_employee(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    assert (run.employee, run.status, run.created, run.user_id) == ("prime-boss", "running", True, user_id)
    assert await store.read(user_id, run.id) == replace(run, created=False)


async def test_a_message_in_a_session_goes_to_its_employee(store: PostgresRunStore, user_id: str) -> None:
    first = await store.accept(RunRequest(user_id, "hello", employee="tag-ai"))
    await end(store, first)
    second = await store.accept(RunRequest(user_id, "more", session_id=first.session_id))
    assert (second.employee, second.session_id) == ("tag-ai", first.session_id)


async def test_another_employee_takes_the_session_over(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    first = await store.accept(RunRequest(user_id, "hello"))
    await end(store, first)
    second = await store.accept(RunRequest(user_id, "more", employee="tag-ai", session_id=first.session_id))
    assert second.employee == "tag-ai"
    assert sql("select employee_slug from chat_sessions where id = %(id)s", id=first.session_id) == [
        {"employee_slug": "tag-ai"}
    ]


async def test_the_text_is_stored_sealed_and_for_this_run_only(
    store: PostgresRunStore, user_id: str, sealer: Sealer, sql: Sql
) -> None:
    run = await store.accept(RunRequest(user_id, "my secret words"))
    [row] = sql("select encrypted_input from chat_runs where id = %(id)s", id=run.id)
    assert b"secret" not in bytes(row["encrypted_input"])
    assert sealer.unseal(bytes(row["encrypted_input"]), f"{user_id}/{run.id}") == b"my secret words"
    with pytest.raises(ChatError):
        sealer.unseal(bytes(row["encrypted_input"]), f"{user_id}/{uuid4()}")


async def test_the_sealed_text_is_gone_when_the_run_has_ended(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await end(store, run)
    assert sql("select encrypted_input from chat_runs where id = %(id)s", id=run.id) == [{"encrypted_input": None}]


@pytest.mark.parametrize("whose", ["nobody", "somebody else"])
async def test_a_session_that_is_not_ones_own_does_not_exist(
    store: PostgresRunStore, user_id: str, stranger: str, whose: str
) -> None:
    theirs = await store.accept(RunRequest(user_id, "hello"))
    session_id = theirs.session_id if whose == "somebody else" else str(uuid4())
    with pytest.raises(NotFound):
        await store.accept(RunRequest(stranger, "hello", session_id=session_id))


async def test_a_session_with_a_run_takes_no_second_one(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    first = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(RunActive):
        await store.accept(RunRequest(user_id, "again", session_id=first.session_id))
    assert sql("select count(*) from chat_runs where user_id = %(user_id)s", user_id=user_id) == [{"count": 1}]


async def test_of_many_messages_at_once_in_a_session_one_is_accepted(
    store: PostgresRunStore, user_id: str, session: str
) -> None:
    asked = [store.accept(RunRequest(user_id, f"hello {number}", session_id=session)) for number in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Run", *["RunActive"] * 5]


async def test_a_message_that_is_refused_hands_no_session_over(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    first = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(RunActive):
        await store.accept(RunRequest(user_id, "again", employee="tag-ai", session_id=first.session_id))
    assert sql("select employee_slug from chat_sessions where id = %(id)s", id=first.session_id) == [
        {"employee_slug": "prime-boss"}
    ]


async def test_two_sessions_of_a_user_can_have_runs_at_once(store: PostgresRunStore, user_id: str) -> None:
    one, two = [await store.accept(RunRequest(user_id, "hello")) for _ in range(2)]
    assert one.session_id != two.session_id


# Idempotency ----------------------------------------------------------------------------------------------------------


async def test_the_same_request_with_the_same_key_is_the_same_run(store: PostgresRunStore, user_id: str) -> None:
    first = await store.accept(RunRequest(user_id, "hello", client_key="one"))
    again = await store.accept(RunRequest(user_id, "hello", client_key="one"))
    assert (again.id, again.session_id, again.created) == (first.id, first.session_id, False)


async def test_requests_at_once_with_the_same_key_are_one_run(store: PostgresRunStore, user_id: str) -> None:
    asked = [store.accept(RunRequest(user_id, "hello", client_key="one")) for _ in range(6)]
    runs = await asyncio.gather(*asked)
    assert len({run.id for run in runs}) == 1
    assert [run.created for run in runs].count(True) == 1


async def test_a_known_key_finds_a_run_that_has_ended(store: PostgresRunStore, user_id: str) -> None:
    first = await store.accept(RunRequest(user_id, "hello", client_key="one"))
    await end(store, first)
    again = await store.accept(RunRequest(user_id, "hello", client_key="one"))
    assert (again.id, again.status) == (first.id, "complete")


@pytest.mark.parametrize("change", [{"text": "other"}, {"employee": "tag-ai"}, {"session_id": str(uuid4())}])
async def test_a_known_key_with_another_request_is_refused(
    store: PostgresRunStore, user_id: str, change: dict[str, str]
) -> None:
    request = RunRequest(user_id, "hello", client_key="one")
    await store.accept(request)
    with pytest.raises(IdempotencyMismatch):
        await store.accept(replace(request, **change))


async def test_a_key_belongs_to_its_user(store: PostgresRunStore, user_id: str, stranger: str) -> None:
    mine = await store.accept(RunRequest(user_id, "hello", client_key="one"))
    theirs = await store.accept(RunRequest(stranger, "something else", client_key="one"))
    assert theirs.created
    assert theirs.id != mine.id


async def test_without_a_key_the_same_request_is_another_run(store: PostgresRunStore, user_id: str) -> None:
    one, two = [await store.accept(RunRequest(user_id, "hello")) for _ in range(2)]
    assert one.id != two.id


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


async def test_a_lease_is_renewed_until_somebody_asks_for_a_stop(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    assert await store.renew(run) is False
    await store.request_stop(user_id, run.id)
    assert await store.renew(run) is True


@pytest.fixture
def nobody_else_waits(sql: Sql) -> None:
    """What other tests left behind would be due before: a process is shown so many runs and no more."""
    sql("update chat_runs set status = 'failed' where status in ('queued', 'running', 'waiting')")


@pytest.mark.usefixtures("nobody_else_waits")
async def test_a_run_whose_lease_has_passed_waits_for_a_process(store_with: Store, user_id: str) -> None:
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    assert (run.id, user_id) in await store_with().list_claimable()


async def test_a_run_whose_lease_lasts_waits_for_nobody(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    assert (run.id, user_id) not in await store.list_claimable()
    assert await store.claim(user_id, run.id) is None


@pytest.mark.usefixtures("nobody_else_waits")
async def test_a_released_run_waits_for_a_process(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.release(run)
    assert (run.id, user_id) in await store.list_claimable()


async def test_who_takes_a_run_over_gets_its_text_its_log_and_its_next_epoch(store_with: Store, user_id: str) -> None:
    store = store_with(lease_seconds=0.0)
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.append(run, [(1, text("hel"))])
    claim = await store.claim(user_id, run.id)
    assert claim
    assert (claim.text, claim.logged, claim.stop_requested) == ("hello", [(1, text("hel"))], False)
    assert claim.run == replace(run, epoch=2)


async def test_of_many_processes_one_takes_a_run_over(store_with: Store, user_id: str) -> None:
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    store = store_with()
    claims = await asyncio.gather(*(store.claim(user_id, run.id) for _ in range(4)))
    assert sum(claim is not None for claim in claims) == 1


async def test_who_lost_a_run_can_write_nothing_more(store_with: Store, user_id: str) -> None:
    lost = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    store = store_with()
    assert await store.claim(user_id, lost.id)
    for attempt in (
        store.renew(lost),
        store.append(lost, [(1, text("late"))]),
        store.finish(lost, [(1, text("late"))], RunOutcome()),
    ):
        with pytest.raises(LeaseLost):
            await attempt
    assert await store.events(user_id, lost.id, 0) == []


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


async def test_another_user_cannot_take_a_run_over(store_with: Store, user_id: str, stranger: str) -> None:
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    assert await store_with().claim(stranger, run.id) is None


async def test_a_run_whose_seal_does_not_open_is_taken_over_without_its_text(
    database: Database, store_with: Store, user_id: str
) -> None:
    run = await store_with(lease_seconds=0.0).accept(RunRequest(user_id, "hello"))
    other_key = store_with()
    other_key.sealer = Sealer(b"o" * 32)
    claim = await other_key.claim(user_id, run.id)
    assert claim
    assert claim.text is None


# Queues ---------------------------------------------------------------------------------------------------------------


async def ask(store: PostgresRunStore, run: Run, words: str, on_conflict: OnConflict = "enqueue") -> Run:
    return await store.accept(RunRequest(run.user_id, words, session_id=run.session_id, on_conflict=on_conflict))


async def test_who_is_refused_learns_which_run_is_active(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(RunActive) as refused:
        await ask(store, run, "again", "reject")
    assert refused.value.details == {"run_id": run.id}


async def test_runs_that_wait_are_taken_in_order_when_the_session_is_free(
    store: PostgresRunStore, user_id: str
) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    waiting = [await ask(store, run, words) for words in ("two", "three")]
    assert [(each.status, each.epoch) for each in waiting] == [("queued", 0)] * 2
    assert [await store.claim(user_id, each.id) for each in waiting] == [None, None]
    assert await store.finish(run, [], RunOutcome())
    assert await store.claim(user_id, waiting[1].id) is None
    claim = await store.claim(user_id, waiting[0].id)
    assert claim
    assert (claim.text, claim.run.epoch) == ("two", 1)
    assert [each.id for each in await store.active(user_id, run.session_id)] == [waiting[0].id, waiting[1].id]


@pytest.mark.usefixtures("nobody_else_waits")
async def test_of_a_queue_only_the_first_waits_for_a_process(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    waiting = [await ask(store, run, words) for words in ("two", "three")]
    assert not {each.id for each in waiting} & {run_id for run_id, _ in await store.list_claimable()}
    await end(store, run)
    assert {each.id for each in waiting} & {run_id for run_id, _ in await store.list_claimable()} == {waiting[0].id}


async def test_who_interrupts_comes_before_those_that_wait(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    patient = await ask(store, run, "two")
    urgent = await ask(store, run, "three", "interrupt")
    await end(store, run)
    assert await store.claim(user_id, patient.id) is None
    assert await store.claim(user_id, urgent.id)


async def test_a_message_does_not_pass_those_that_wait(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    waiting = await ask(store, run, "two")
    await end(store, run)
    with pytest.raises(RunActive) as refused:
        await ask(store, run, "three", "reject")
    assert refused.value.details == {"run_id": waiting.id}


async def test_a_session_lets_so_many_wait_and_no_more(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    for number in range(MOST_QUEUED):
        await ask(store, run, str(number))
    with pytest.raises(RunActive):
        await ask(store, run, "one too many")


async def test_a_run_that_waits_is_withdrawn_by_a_stop(store: PostgresRunStore, user_id: str, sql: Sql) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    waiting = await ask(store, run, "two")
    await store.request_stop(user_id, waiting.id)
    assert (await store.read(user_id, waiting.id)).status == "stopped"
    assert [event["type"] for _, event in await store.events(user_id, waiting.id, 0)] == ["done"]
    assert not await store.finish(run, [], RunOutcome())
    assert sql("select encrypted_input from chat_runs where id = %(id)s", id=waiting.id) == [{"encrypted_input": None}]


async def test_a_session_that_does_not_exist_has_no_queue(store: PostgresRunStore, user_id: str, stranger: str) -> None:
    run = await store.accept(RunRequest(user_id, "one"))
    with pytest.raises(NotFound):
        await ask(store, replace(run, user_id=stranger), "two")
    with pytest.raises(NotFound):
        await store.active(stranger, run.session_id)


async def test_an_acceptance_whose_reply_was_lost_is_not_made_twice(
    database: Database, store_with: Store, user_id: str, sql: Sql
) -> None:
    """The connection breaks after the commit: the second attempt finds what the first one stored."""

    store = store_with()
    store.database = LosesTheFirstReply(database.pool)
    run = await store.accept(RunRequest(user_id, "hello"))
    assert sql("select id::text, epoch from chat_runs where user_id = %(user_id)s", user_id=user_id) == [
        {"id": run.id, "epoch": 1}
    ]


async def test_a_worker_of_an_earlier_epoch_has_lost_the_run(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(LeaseLost):
        await store.renew(replace(run, epoch=run.epoch + 1))
    with pytest.raises(LeaseLost):
        await store.finish(replace(run, epoch=0), [], RunOutcome())


async def test_a_run_ends_once(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.finish(run, [(1, text("done"))], RunOutcome("stopped"))
    with pytest.raises(LeaseLost):
        await store.finish(run, [(2, text("again"))], RunOutcome())
    assert (await store.read(user_id, run.id)).status == "stopped"
    assert await store.events(user_id, run.id, 0) == [(1, text("done"))]


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


async def test_events_are_read_in_order_from_the_one_seen_last_on(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.append(run, [(2, text("b")), (1, text("a"))])
    await store.finish(run, [(3, text("c"))], RunOutcome())
    assert await store.events(user_id, run.id, 0) == [(1, text("a")), (2, text("b")), (3, text("c"))]
    assert await store.events(user_id, run.id, 2) == [(2, text("b")), (3, text("c"))]
    assert await store.events(user_id, run.id, 4) == []


async def test_events_whose_place_in_the_log_was_not_confirmed_are_written_once(
    store: PostgresRunStore, user_id: str
) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.append(run, [(1, text("a"))])
    await store.append(run, [(1, text("a")), (2, text("b"))])
    assert await store.events(user_id, run.id, 0) == [(1, text("a")), (2, text("b"))]


async def test_an_event_keeps_every_character(store: PostgresRunStore, user_id: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    content = "naïve 💶 \u2028 \\ \" ' %s {} \t\n [CARD_7K3Q9D]"
    await store.append(run, [(1, text(content))])
    assert await store.events(user_id, run.id, 0) == [(1, text(content))]


async def test_another_users_run_does_not_exist(store: PostgresRunStore, user_id: str, stranger: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    await store.append(run, [(1, text("a"))])
    theirs = replace(run, user_id=stranger)
    with pytest.raises(NotFound):
        await store.read(stranger, run.id)
    assert await store.events(stranger, run.id, 0) == []
    await store.request_stop(stranger, run.id)
    for attempt in (store.renew(theirs), store.finish(theirs, [], RunOutcome("failed"))):
        with pytest.raises(LeaseLost):
            await attempt
    assert await store.renew(run) is False


async def test_nobody_can_write_into_another_users_log(store: PostgresRunStore, user_id: str, stranger: str) -> None:
    run = await store.accept(RunRequest(user_id, "hello"))
    with pytest.raises(LeaseLost):
        await store.append(replace(run, user_id=stranger), [(1, text("planted"))])
    assert await store.events(user_id, run.id, 0) == []


async def test_a_run_that_nobody_accepted_does_not_exist(store: PostgresRunStore, user_id: str) -> None:
    with pytest.raises(NotFound):
        await store.read(user_id, str(uuid4()))
