"""What every adapter of the port `RunQueue` does. A test module subclasses this and has a fixture `backend`."""

import asyncio
from dataclasses import replace

import pytest

from graph.errors import LeaseLost, NotFound, RunActive
from graph.ports.runs import WITHDRAWN, LoggedEvent, RunOutcome, RunRequest, first_seq
from tests.support.run_stores import (
    MAX_QUEUED,
    Backend,
    Contract,
    RunStore,
    claim,
    end,
    is_listed,
    send,
    text,
    wait_for_user,
)


class LeaseContract(Contract):
    async def test_a_lease_is_renewed_until_a_stop_is_requested(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        assert await store.renew(run) is False
        await store.request_stop(user_id, run.id)
        assert await store.renew(run) is True

    async def test_a_run_whose_lease_has_passed_is_claimable(self, backend: Backend, user_id: str) -> None:
        await backend.end_other_runs()
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.expire_lease(run)
        assert is_listed(run, await backend.store.list_claimable())

    async def test_a_run_whose_lease_lasts_is_not_claimable(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        assert not is_listed(run, await store.list_claimable())
        assert await store.claim(user_id, run.id) is None

    async def test_a_renewed_lease_lasts(self, backend: Backend, user_id: str) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.expire_lease(run)
        await backend.store.renew(run)
        assert await backend.store.claim(user_id, run.id) is None

    async def test_a_released_run_is_claimable(self, backend: Backend, user_id: str) -> None:
        await backend.end_other_runs()
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.store.release(run)
        assert is_listed(run, await backend.store.list_claimable())
        assert (await claim(backend.store, run)).run.epoch == 2

    async def test_a_claim_returns_the_text_the_log_and_the_next_epoch(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        run = await store.accept(RunRequest(user_id, "hello"))
        await store.append(run, [(1, text("hel"))])
        await backend.expire_lease(run)
        claimed = await claim(store, run)
        assert (claimed.text, list(claimed.logged), claimed.stop_requested) == ("hello", [(1, text("hel"))], False)
        assert claimed.run == replace(run, epoch=2)

    async def test_of_many_processes_one_claims_a_run(self, backend: Backend, user_id: str) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.expire_lease(run)
        claims = await asyncio.gather(*(backend.store.claim(user_id, run.id) for _ in range(4)))
        assert sum(claimed is not None for claimed in claims) == 1

    async def test_a_requested_stop_is_claimed_with_the_run(self, backend: Backend, user_id: str) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.store.request_stop(user_id, run.id)
        await backend.expire_lease(run)
        assert (await claim(backend.store, run)).stop_requested

    async def test_another_user_cannot_claim_a_run(self, backend: Backend, user_id: str, stranger: str) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await backend.expire_lease(run)
        assert await backend.store.claim(stranger, run.id) is None

    async def test_a_process_that_lost_the_lease_writes_nothing_more(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        lost = await store.accept(RunRequest(user_id, "hello"))
        await backend.expire_lease(lost)
        current = (await claim(store, lost)).run
        for attempt in (
            store.renew(lost),
            store.append(lost, [(1, text("late"))]),
            store.finish(lost, [(1, text("late"))], RunOutcome()),
        ):
            with pytest.raises(LeaseLost):
                await attempt
        await store.release(lost)
        assert await store.events(user_id, lost.id, 0) == []
        assert await store.claim(user_id, lost.id) is None
        assert await store.renew(current) is False

    async def test_a_run_is_in_one_epoch(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        with pytest.raises(LeaseLost):
            await store.renew(replace(run, epoch=run.epoch + 1))
        with pytest.raises(LeaseLost):
            await store.finish(replace(run, epoch=0), [], RunOutcome())


class FinishContract(Contract):
    async def test_a_run_ends_once(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        await store.finish(run, [(1, text("done"))], RunOutcome("stopped"))
        with pytest.raises(LeaseLost):
            await store.finish(run, [(2, text("again"))], RunOutcome())
        assert (await store.read(user_id, run.id)).status == "stopped"
        assert await store.events(user_id, run.id, 0) == [(1, text("done"))]

    async def test_a_stop_of_a_run_that_has_ended_changes_nothing(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        await end(store, run)
        await store.request_stop(user_id, run.id)
        assert (await store.read(user_id, run.id)).status == "complete"
        assert await store.events(user_id, run.id, 0) == []

    async def test_a_run_waits_for_its_user_until_all_is_decided(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        run = await store.accept(RunRequest(user_id, "hello"))
        assert not await wait_for_user(backend, run)
        assert (await store.read(user_id, run.id)).status == "waiting"
        assert await store.claim(user_id, run.id) is None
        await backend.decide_all(run)
        claimed = await claim(store, run)
        assert (claimed.run.epoch, claimed.text, claimed.stop_requested) == (2, "hello", False)

    async def test_a_run_whose_calls_are_decided_already_does_not_wait(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        assert await store.finish(run, [], RunOutcome("waiting"))
        assert (await store.read(user_id, run.id)).status == "queued"
        assert (await claim(store, run)).run.epoch == 2

    async def test_a_run_whose_user_does_not_decide_in_time_is_claimed_to_be_stopped(
        self, backend: Backend, user_id: str
    ) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await wait_for_user(backend, run)
        await backend.expire_lease(run)
        assert (await claim(backend.store, run)).stop_requested

    async def test_a_waiting_run_is_stopped_by_a_stop(self, backend: Backend, user_id: str) -> None:
        run = await backend.store.accept(RunRequest(user_id, "hello"))
        await wait_for_user(backend, run)
        await backend.store.request_stop(user_id, run.id)
        assert (await claim(backend.store, run)).stop_requested

    async def test_a_further_message_stops_a_waiting_run_and_comes_after_it(
        self, backend: Backend, user_id: str
    ) -> None:
        store = backend.store
        run = await store.accept(RunRequest(user_id, "one"))
        await wait_for_user(backend, run)
        second = await send(store, run, "two", "reject")
        assert second.status == "queued"
        assert await store.claim(user_id, second.id) is None
        claimed = await claim(store, run)
        assert claimed.stop_requested
        assert await end(store, claimed.run)
        assert (await claim(store, second)).text == "two"

    async def test_a_run_does_not_wait_for_its_user_while_others_wait_for_the_session(
        self, backend: Backend, user_id: str
    ) -> None:
        store = backend.store
        run = await store.accept(RunRequest(user_id, "one"))
        await send(store, run, "two")
        assert await wait_for_user(backend, run)
        assert (await claim(store, run)).stop_requested


class QueueContract(Contract):
    async def test_queued_runs_are_claimed_in_order_when_the_session_is_free(
        self, store: RunStore, user_id: str
    ) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        queued = [await send(store, run, words) for words in ("two", "three")]
        assert [(other.status, other.epoch) for other in queued] == [("queued", 0)] * 2
        assert [await store.claim(user_id, other.id) for other in queued] == [None, None]
        assert await end(store, run)
        assert await store.claim(user_id, queued[1].id) is None
        claimed = await claim(store, queued[0])
        assert (claimed.text, claimed.run.epoch) == ("two", 1)
        assert [other.id for other in await store.active(user_id, run.session_id)] == [run.id for run in queued]

    async def test_of_a_queue_only_the_first_run_is_claimable(self, backend: Backend, user_id: str) -> None:
        await backend.end_other_runs()
        store = backend.store
        run = await store.accept(RunRequest(user_id, "one"))
        queued = [await send(store, run, words) for words in ("two", "three")]
        claimable = await store.list_claimable()
        assert not any(is_listed(other, claimable) for other in queued)
        await end(store, run)
        claimable = await store.list_claimable()
        assert [is_listed(other, claimable) for other in queued] == [True, False]

    async def test_a_message_that_interrupts_comes_before_those_that_wait(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        patient = await send(store, run, "two")
        urgent = await send(store, run, "three", "interrupt")
        await end(store, run)
        assert await store.claim(user_id, patient.id) is None
        assert await store.claim(user_id, urgent.id)

    async def test_a_message_does_not_pass_those_that_wait(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        queued = await send(store, run, "two")
        await end(store, run)
        with pytest.raises(RunActive) as refused:
            await send(store, run, "three", "reject")
        assert refused.value.details == {"run_id": queued.id}

    async def test_a_session_has_a_limited_queue(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        for number in range(MAX_QUEUED):
            await send(store, run, str(number))
        with pytest.raises(RunActive):
            await send(store, run, "one too many")

    async def test_a_queued_run_is_withdrawn_by_a_stop(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        queued = await send(store, run, "two")
        await store.request_stop(user_id, queued.id)
        assert (await store.read(user_id, queued.id)).status == "stopped"
        assert await store.events(user_id, queued.id, 0) == [(1, WITHDRAWN)]
        assert not await end(store, run)

    async def test_a_session_that_does_not_exist_has_no_queue(
        self, store: RunStore, user_id: str, stranger: str
    ) -> None:
        run = await store.accept(RunRequest(user_id, "one"))
        with pytest.raises(NotFound):
            await send(store, replace(run, user_id=stranger), "two")
        with pytest.raises(NotFound):
            await store.active(stranger, run.session_id)


class LogContract(Contract):
    async def test_events_are_read_in_order_from_a_number_on(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        await store.append(run, [(2, text("b")), (1, text("a"))])
        await store.finish(run, [(3, text("c"))], RunOutcome())
        assert await store.events(user_id, run.id, 0) == [(1, text("a")), (2, text("b")), (3, text("c"))]
        assert await store.events(user_id, run.id, 2) == [(2, text("b")), (3, text("c"))]
        assert await store.events(user_id, run.id, 4) == []

    async def test_events_whose_writing_was_not_confirmed_are_written_once(self, store: RunStore, user_id: str) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        entries: list[LoggedEvent] = [(1, text("a")), (2, text("b"))]
        await store.append(run, entries[:1])
        await store.append(run, entries)
        assert await store.events(user_id, run.id, 0) == entries

    async def test_the_log_has_the_events_of_all_epochs(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        run = await store.accept(RunRequest(user_id, "hello"))
        await store.append(run, [(1, text("a"))])
        await backend.expire_lease(run)
        second = (await claim(store, run)).run
        await store.append(second, [(first_seq(2), text("b"))])
        assert await store.events(user_id, run.id, 0) == [(1, text("a")), (first_seq(2), text("b"))]

    async def test_a_run_of_another_user_does_not_exist(self, store: RunStore, user_id: str, stranger: str) -> None:
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

    async def test_a_user_cannot_write_into_the_log_of_another_user(
        self, store: RunStore, user_id: str, stranger: str
    ) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        with pytest.raises(LeaseLost):
            await store.append(replace(run, user_id=stranger), [(1, text("planted"))])
        assert await store.events(user_id, run.id, 0) == []


class RunQueueContract(LeaseContract, FinishContract, QueueContract, LogContract):
    """All of it."""
