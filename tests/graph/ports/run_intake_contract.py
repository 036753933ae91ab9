"""What every adapter of the port `RunIntake` does. A test module subclasses this and has a fixture `backend`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from graph.errors import IdempotencyMismatch, NotFound, RunActive
from graph.ports.runs import RunRequest
from tests.support.run_stores import (
    DEFAULT_EMPLOYEE,
    OTHER_EMPLOYEE,
    Backend,
    Contract,
    RunStore,
    answer,
    claim,
    end,
    send,
)


class AcceptContract(Contract):
    async def test_a_first_message_opens_a_session_with_the_default_employee(
        self, store: RunStore, user_id: str
    ) -> None:
        run = await store.accept(RunRequest(user_id, "hello"))
        assert (run.employee, run.status, run.epoch, run.created) == (DEFAULT_EMPLOYEE, "running", 1, True)
        assert await store.read(user_id, run.id) == replace(run, created=False)

    async def test_a_message_in_a_session_goes_to_its_employee(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello", employee=OTHER_EMPLOYEE))
        await end(store, first)
        second = await store.accept(RunRequest(user_id, "more", session_id=first.session_id))
        assert (second.employee, second.session_id) == (OTHER_EMPLOYEE, first.session_id)

    async def test_another_employee_takes_the_session_over(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello"))
        await end(store, first)
        second = await store.accept(RunRequest(user_id, "more", employee=OTHER_EMPLOYEE, session_id=first.session_id))
        await end(store, second)
        third = await store.accept(RunRequest(user_id, "and more", session_id=first.session_id))
        assert (second.employee, third.employee) == (OTHER_EMPLOYEE, OTHER_EMPLOYEE)

    async def test_a_message_that_is_refused_hands_no_session_over(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello"))
        with pytest.raises(RunActive):
            await store.accept(RunRequest(user_id, "again", employee=OTHER_EMPLOYEE, session_id=first.session_id))
        await end(store, first)
        second = await store.accept(RunRequest(user_id, "more", session_id=first.session_id))
        assert second.employee == DEFAULT_EMPLOYEE

    @pytest.mark.parametrize("exists", [True, False])
    async def test_a_session_of_another_user_does_not_exist(
        self, store: RunStore, user_id: str, stranger: str, exists: bool
    ) -> None:
        theirs = await store.accept(RunRequest(user_id, "hello"))
        with pytest.raises(NotFound):
            await store.accept(RunRequest(stranger, "hello", session_id=theirs.session_id if exists else str(uuid4())))

    async def test_a_session_with_a_run_takes_no_second_one(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello"))
        with pytest.raises(RunActive) as refused:
            await send(store, first, "again", "reject")
        assert refused.value.details == {"run_id": first.id}
        assert [run.id for run in await store.active(user_id, first.session_id)] == [first.id]

    async def test_of_many_messages_at_once_in_a_session_one_is_accepted(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello"))
        await end(store, first)
        sent = [send(store, first, f"hello {number}", "reject") for number in range(6)]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["Run", *["RunActive"] * 5]

    async def test_two_sessions_of_a_user_have_runs_at_once(self, store: RunStore, user_id: str) -> None:
        one, two = [await store.accept(RunRequest(user_id, "hello")) for _ in range(2)]
        assert one.session_id != two.session_id

    async def test_a_run_that_was_not_accepted_does_not_exist(self, store: RunStore, user_id: str) -> None:
        with pytest.raises(NotFound):
            await store.read(user_id, str(uuid4()))


class IdempotencyContract(Contract):
    async def test_the_same_request_with_the_same_key_is_the_same_run(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello", client_key="one"))
        again = await store.accept(RunRequest(user_id, "hello", client_key="one"))
        assert (again.id, again.session_id, again.created) == (first.id, first.session_id, False)

    async def test_requests_at_once_with_the_same_key_are_one_run(self, store: RunStore, user_id: str) -> None:
        sent = [store.accept(RunRequest(user_id, "hello", client_key="one")) for _ in range(6)]
        runs = await asyncio.gather(*sent)
        assert len({run.id for run in runs}) == 1
        assert [run.created for run in runs].count(True) == 1

    async def test_a_known_key_returns_a_run_that_has_ended(self, store: RunStore, user_id: str) -> None:
        first = await store.accept(RunRequest(user_id, "hello", client_key="one"))
        await end(store, first)
        again = await store.accept(RunRequest(user_id, "hello", client_key="one"))
        assert (again.id, again.status) == (first.id, "complete")

    @pytest.mark.parametrize("change", [{"text": "other"}, {"employee": OTHER_EMPLOYEE}, {"session_id": str(uuid4())}])
    async def test_a_known_key_with_another_request_is_refused(
        self, store: RunStore, user_id: str, change: dict[str, Any]
    ) -> None:
        request = RunRequest(user_id, "hello", client_key="one")
        await store.accept(request)
        with pytest.raises(IdempotencyMismatch):
            await store.accept(replace(request, **change))

    async def test_a_key_belongs_to_its_user(self, store: RunStore, user_id: str, stranger: str) -> None:
        mine = await store.accept(RunRequest(user_id, "hello", client_key="one"))
        theirs = await store.accept(RunRequest(stranger, "something else", client_key="one"))
        assert theirs.created
        assert theirs.id != mine.id

    async def test_without_a_key_the_same_request_is_another_run(self, store: RunStore, user_id: str) -> None:
        one, two = [await store.accept(RunRequest(user_id, "hello")) for _ in range(2)]
        assert one.id != two.id


class BranchContract(Contract):
    async def test_an_edited_question_supersedes_what_follows_it(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        one = await store.accept(RunRequest(user_id, "one"))
        message_id = await answer(backend, one, "one")
        await answer(backend, await send(store, one, "two", "reject"), "two")
        edit = await store.accept(RunRequest(user_id, "uno", session_id=one.session_id, edited_message_id=message_id))
        assert await backend.branch(user_id, one.session_id) == []
        await answer(backend, edit, "uno")
        assert await backend.branch(user_id, one.session_id) == ["uno"]

    async def test_a_queued_edit_supersedes_when_it_begins(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        one = await store.accept(RunRequest(user_id, "one"))
        message_id = await answer(backend, one, "one")
        two = await send(store, one, "two", "reject")
        edit = await store.accept(
            RunRequest(user_id, "uno", session_id=one.session_id, edited_message_id=message_id, on_conflict="enqueue")
        )
        assert await backend.branch(user_id, one.session_id) == ["one"]
        await answer(backend, two, "two")
        await claim(store, edit)
        assert await backend.branch(user_id, one.session_id) == []

    async def test_a_message_that_is_not_in_the_session_cannot_be_edited(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        one = await store.accept(RunRequest(user_id, "one"))
        message_id = await answer(backend, one, "one")
        other = await store.accept(RunRequest(user_id, "other"))
        await answer(backend, other, "other")
        for session_id in (other.session_id, None):
            with pytest.raises(NotFound):
                await store.accept(RunRequest(user_id, "uno", session_id=session_id, edited_message_id=message_id))

    async def test_the_last_question_is_that_of_the_current_branch(self, backend: Backend, user_id: str) -> None:
        store = backend.store
        one = await store.accept(RunRequest(user_id, "one"))
        await answer(backend, one, "one")
        last = await store.last_question(user_id, one.session_id, "reject")
        assert (last.run_id, last.text) == (one.id, "one")
        again = await store.accept(
            RunRequest(user_id, last.text, session_id=one.session_id, regenerated_run_id=last.run_id)
        )
        assert await backend.branch(user_id, one.session_id) == []
        assert (await store.last_question(user_id, one.session_id, "reject")).run_id == again.id

    async def test_the_last_question_of_a_busy_session_is_that_of_the_run_before(
        self, store: RunStore, user_id: str
    ) -> None:
        one = await store.accept(RunRequest(user_id, "one"))
        await send(store, one, "two")
        three = await send(store, one, "three")
        enqueued = await store.last_question(user_id, one.session_id, "enqueue")
        interrupting = await store.last_question(user_id, one.session_id, "interrupt")
        assert (enqueued.run_id, enqueued.text) == (three.id, "three")
        assert (interrupting.run_id, interrupting.text) == (one.id, "one")

    async def test_a_session_without_a_question_has_no_last_one(
        self, store: RunStore, user_id: str, stranger: str
    ) -> None:
        one = await store.accept(RunRequest(user_id, "one"))
        for user, session_id in ((user_id, str(uuid4())), (stranger, one.session_id)):
            with pytest.raises(NotFound):
                await store.last_question(user, session_id, "reject")


class RunIntakeContract(AcceptContract, IdempotencyContract, BranchContract):
    """All of it."""
