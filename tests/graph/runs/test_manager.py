"""What a process accepts and claims, whatever goes wrong with one of its runs."""

import asyncio

import pytest

from graph.errors import DatabaseUnavailable, IdempotencyMismatch, NotFound, Overloaded, RunActive, ServiceUnavailable
from graph.ports.runs import RunRequest, first_seq
from tests.support.run_processes import EMPLOYEE, USER, Cluster, text_of
from tests.support.waiting import eventually

WORDS = "one two three"


async def test_the_same_request_again_follows_its_run(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        first, again = [await process.send("hello", client_key="key") for _ in range(2)]
        assert again.id == first.id
        process.model.allow()
        assert await process.follow(again) == await process.follow(first)
        with pytest.raises(IdempotencyMismatch):
            await process.send("goodbye", client_key="key")
    assert len(process.model.prompts) == 1
    assert process.metrics.calls.count(("accepted",)) == 1


async def test_many_equal_requests_at_once_are_one_run(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as one, cluster.process(WORDS) as other:
        sent = [process.send("hello", client_key="key") for process in (one, other) * 5]
        runs = await asyncio.gather(*sent)
        for process in (one, other):
            process.model.allow()
        assert len({run.id for run in runs}) == 1
        assert text_of(await one.follow(runs[0])) == WORDS
    assert len(one.model.prompts) + len(other.model.prompts) == 1


async def test_a_message_to_a_busy_session_is_refused_and_counted(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        with pytest.raises(RunActive):
            await process.send_next(run, "again")
        assert ("refused", "run_active") in process.metrics.calls


async def test_a_process_with_enough_runs_refuses_further_ones_and_claims_none(cluster: Cluster) -> None:
    async with cluster.process(WORDS, WORDS, max_active=1) as process:
        run = await process.send("hello")
        with pytest.raises(Overloaded):
            await process.send("more")
        abandoned = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
        cluster.store.expire_lease(abandoned.id)
        await process.manager.wake(abandoned.id)
        process.model.allow()
        await process.follow(run)
        assert text_of(await process.follow(abandoned)) == WORDS
    assert ("refused", "overloaded") in process.metrics.calls
    assert [turn.record.run_id for turn in cluster.store.transcript.turns] == [run.id, abandoned.id]


async def test_a_process_that_shuts_down_refuses_messages_and_claims_nothing(cluster: Cluster) -> None:
    async with cluster.process() as process:
        await process.manager.drain(0)
        with pytest.raises(ServiceUnavailable):
            await process.send("hello")
        abandoned = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
        cluster.store.expire_lease(abandoned.id)
        await process.manager.wake(abandoned.id)
    assert cluster.stored(abandoned).run.epoch == 1


async def test_a_run_of_another_user_is_neither_followed_nor_stopped(cluster: Cluster, stranger: str) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        with pytest.raises(NotFound):
            await anext(process.manager.follow(stranger, run.id))
        with pytest.raises(NotFound):
            await process.manager.stop(stranger, run.id)
        process.model.allow()
        assert text_of(await process.follow(run)) == WORDS


@pytest.mark.parametrize("failure", [DatabaseUnavailable(), LookupError("a fault of ours")])
async def test_a_run_that_cannot_be_claimed_holds_up_no_other(cluster: Cluster, failure: Exception) -> None:
    runs = [await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE)) for _ in range(2)]
    for run in runs:
        cluster.store.expire_lease(run.id)
    async with cluster.process(WORDS, WORDS) as process:
        process.connection.failures["claim"] = failure
        process.model.allow()
        await eventually(lambda: len(cluster.store.transcript.turns) == 2)
    assert {turn.record.run_id for turn in cluster.store.transcript.turns} == {run.id for run in runs}


async def test_a_look_for_claimable_runs_that_fails_is_not_the_last_one(cluster: Cluster) -> None:
    run = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
    async with cluster.process(WORDS) as process:
        process.connection.failures["list_claimable"] = LookupError("a fault of ours")
        await eventually(lambda: not process.connection.failures)
        cluster.store.expire_lease(run.id)
        process.model.allow()
        assert text_of(await process.follow(run)) == WORDS


@pytest.mark.parametrize(("queued", "prefetched"), [(True, ["hello"]), (False, [])])
async def test_a_claimed_run_prefetches_in_its_first_epoch_only(
    cluster: Cluster, queued: bool, prefetched: list[str]
) -> None:
    first = await cluster.store.accept(RunRequest(USER, "before", EMPLOYEE))
    run = first
    if queued:
        request = RunRequest(USER, "hello", session_id=first.session_id, on_conflict="enqueue")
        run = await cluster.store.accept(request)
        await cluster.store.request_stop(USER, first.id)
    cluster.store.expire_lease(first.id)
    async with cluster.process(WORDS) as process:
        process.model.allow()
        entries = await process.follow(run)
    assert process.prefetched == prefetched
    assert entries[0][0] == (1 if queued else first_seq(2))


async def test_an_accepted_run_prefetches_at_once(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        await process.send("hello")
        assert process.prefetched == ["hello"]
