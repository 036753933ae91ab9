"""Runs that several processes work on, one after the other: claims, lost leases, hand-overs, stops from elsewhere."""

import asyncio

import pytest

from graph.errors import LeaseLost, ModelRefused
from graph.ports.runs import LoggedEvent, Run, RunRequest, first_seq
from tests.support.run_processes import EMPLOYEE, USER, Cluster, Process, last_of, text_of, types_of
from tests.support.waiting import eventually

WORDS = "one two three four five six"


async def sleep_after(process: Process, cluster: Cluster, run: Run, text: str) -> list[LoggedEvent]:
    """Let the process stream and log so much, then sleep until its lease has passed; the entries that it has logged."""
    process.model.allow(len(text.split()))
    await process.follow_until(run, text)
    await eventually(lambda: text_of(cluster.log(run)) == text)
    process.connection.freeze()
    cluster.store.expire_lease(run.id)
    return cluster.log(run)


async def claimed_by(process: Process) -> None:
    await eventually(lambda: any(call[0] == "began" for call in process.metrics.calls))


# Following elsewhere


async def test_a_run_is_followed_on_another_process(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as one, cluster.process() as other:
        run = await one.send("hello")
        following = asyncio.create_task(other.follow(run))
        one.model.allow()
        assert await following == cluster.log(run)
        assert text_of(await following) == WORDS


async def test_a_run_is_followed_on_another_process_while_notifications_get_lost(cluster: Cluster) -> None:
    cluster.bus.break_connections()
    async with cluster.process(WORDS) as one, cluster.process() as other:
        run = await one.send("hello")
        following = asyncio.create_task(other.follow(run))
        one.model.allow()
        assert text_of(await following) == WORDS


@pytest.mark.parametrize("notified", [True, False])
async def test_a_stop_reaches_the_process_that_has_the_run(cluster: Cluster, notified: bool) -> None:
    if not notified:
        cluster.bus.break_connections()
    async with cluster.process(WORDS) as one, cluster.process() as other:
        run = await one.send("hello")
        one.model.allow(2)
        await one.follow_until(run, "one two ")
        await other.manager.stop(run.user_id, run.id)
        assert last_of(await one.follow(run))["status"] == "stopped"
        assert last_of(await other.follow(run))["status"] == "stopped"
    assert cluster.answers(run)[0].startswith("one two ")


# Take-overs


async def test_of_two_claimers_one_works_on_the_run(cluster: Cluster) -> None:
    run = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
    cluster.store.expire_lease(run.id)
    async with cluster.process(WORDS) as one, cluster.process(WORDS) as other:
        for process in (one, other):
            process.model.allow()
        assert text_of(await one.follow(run)) == text_of(await other.follow(run)) == WORDS
    assert len(one.model.prompts) + len(other.model.prompts) == 1
    assert cluster.stored(run).run.epoch == 2
    assert len(cluster.store.transcript.turns) == 1


async def test_a_run_is_taken_over_and_its_stream_continues(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process(WORDS) as other:
        run = await sleeping.send("hello")
        seen = await sleep_after(sleeping, cluster, run, "one two ")
        other.model.allow()
        rest = await other.follow(run, after=seen[-1][0])
        assert text_of([*seen, *rest]) == WORDS
        assert types_of(rest) == ["text", "done"]
        assert rest[0][0] == first_seq(2)
        assert text_of(await other.follow(run)) == WORDS
    assert cluster.answers(run) == [WORDS]


async def test_a_run_that_answers_otherwise_restarts_the_stream(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process("un deux") as other:
        run = await sleeping.send("hello")
        seen = await sleep_after(sleeping, cluster, run, "one two ")
        other.model.allow()
        rest = await other.follow(run, after=seen[-1][0])
    assert types_of(rest) == ["restart", "text", "done"]
    assert text_of([*seen, *rest]) == "un deux"
    assert cluster.answers(run) == ["un deux"]


async def test_a_follower_whose_last_event_was_not_logged_gets_the_stream_from_its_beginning(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process(WORDS) as other:
        run = await sleeping.send("hello")
        await sleep_after(sleeping, cluster, run, "one two ")
        other.model.allow()
        rest = await other.follow(run, after=900)
    assert rest[0] == (0, {"type": "restart"})
    assert types_of(rest) == ["restart", "start", "text", "done"]
    assert text_of(rest) == WORDS


async def test_a_tool_whose_result_is_in_a_checkpoint_is_not_called_again(cluster: Cluster) -> None:
    async with cluster.process("call look", WORDS) as sleeping, cluster.process(WORDS) as other:
        run = await sleeping.send("hello")
        seen = await sleep_after(sleeping, cluster, run, "one two ")
        other.model.allow()
        rest = await other.follow(run, after=seen[-1][0])
    assert types_of([*seen, *rest]) == ["start", "tool_call", "tool_result", "text", "done"]
    assert cluster.tool_calls == ["look"]
    outcome = cluster.stored(run).outcome
    assert outcome
    assert outcome.trace
    assert [step["node"] for step in outcome.trace["path"]][3:] == [
        *("reason", "call_tools", "reason", "persist", "summarize")
    ]


async def test_a_process_that_wakes_up_without_its_lease_leaves_the_run(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process("un deux") as other:
        run = await sleeping.send("hello")
        following = asyncio.create_task(sleeping.follow(run))
        await sleep_after(sleeping, cluster, run, "one two ")
        other.model.allow()
        await eventually(lambda: cluster.stored(run).status == "complete")
        sleeping.model.allow()
        sleeping.connection.thaw()
        await eventually(lambda: ("detached", 1) in sleeping.metrics.calls)
        assert text_of(await following) == "un deux"
    assert cluster.answers(run) == ["un deux"]
    assert [call for call in sleeping.metrics.calls if call[0] == "ended"] == []
    assert text_of(cluster.log(run)) == "un deux"


async def test_a_process_whose_run_is_still_being_cancelled_lets_followers_read_the_log(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process("un deux") as other:
        run = await sleeping.send("hello")
        await sleep_after(sleeping, cluster, run, "one two ")
        following = asyncio.create_task(sleeping.follow_until(run, "un deux"))
        sleeping.model.may_close.clear()
        sleeping.model.allow(1)
        other.model.allow()
        whole = await other.follow(run)
        sleeping.connection.thaw()
        await following
        assert await sleeping.follow(run) == whole
        sleeping.model.may_close.set()
        await eventually(lambda: ("detached", 1) in sleeping.metrics.calls)


@pytest.mark.parametrize("write", ["append", "renew", "finish"])
async def test_each_write_tells_a_process_that_its_lease_is_lost(cluster: Cluster, write: str) -> None:
    async with cluster.process(WORDS) as process:
        process.connection.failures[write] = LeaseLost()
        run = await process.send("hello")
        process.model.allow(10 if write == "finish" else 1)
        await eventually(lambda: ("detached", 1) in process.metrics.calls)
        assert cluster.stored(run).status == "running"


@pytest.mark.parametrize("has_checkpoint", [True, False])
async def test_a_run_whose_answer_was_stored_before_its_process_died_is_not_answered_again(
    cluster: Cluster, has_checkpoint: bool
) -> None:
    async with cluster.process(WORDS) as sleeping:
        sleeping.connection.failures["finish"] = LeaseLost()
        run = await sleeping.send("hello")
        sleeping.model.allow()
        await eventually(lambda: ("detached", 1) in sleeping.metrics.calls)
        sleeping.connection.freeze()
        if not has_checkpoint:
            await cluster.checkpoints.saver.adelete_thread(run.session_id)
        async with cluster.process() as other:
            cluster.store.expire_lease(run.id)
            assert text_of(await other.follow(run)) == WORDS
            assert other.model.prompts == []
    assert cluster.answers(run) == [WORDS]
    assert cluster.stored(run).status == "complete"


async def test_a_run_whose_failure_was_stored_before_its_process_died_ends_with_the_same_error(
    cluster: Cluster,
) -> None:
    async with cluster.process(ModelRefused()) as sleeping:
        sleeping.connection.failures["finish"] = LeaseLost()
        run = await sleeping.send("hello")
        await eventually(lambda: ("detached", 1) in sleeping.metrics.calls)
        sleeping.connection.freeze()
        async with cluster.process() as other:
            cluster.store.expire_lease(run.id)
            assert last_of(await other.follow(run))["code"] == "model_refused"
            assert other.model.prompts == []
    assert cluster.stored(run).status == "failed"


async def test_a_stop_that_a_dead_process_did_not_learn_of_stops_the_run_elsewhere(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as sleeping, cluster.process(WORDS) as other:
        run = await sleeping.send("hello")
        await sleep_after(sleeping, cluster, run, "one two ")
        await cluster.store.request_stop(run.user_id, run.id)
        entries = await other.follow(run)
        assert last_of(entries)["status"] == "stopped"
        assert other.model.prompts == []
    assert cluster.answers(run) == ["one two "]


# Hand-overs


async def test_a_process_that_shuts_down_hands_its_runs_over(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as ending:
        run = await ending.send("hello")
        ending.model.allow(2)
        seen = await ending.follow_until(run, "one two ")
        async with cluster.process(WORDS) as other:
            other.model.allow()
            await ending.manager.drain(0)
            assert ending.manager.closed
            rest = await other.follow(run, after=seen[-1][0])
            assert text_of([*seen, *rest]) == WORDS
            assert ("began", 2, False) in other.metrics.calls
    assert [call for call in ending.metrics.calls if call[0] in ("ended", "detached")] == []


async def test_a_run_that_ends_in_time_is_not_handed_over(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as ending:
        run = await ending.send("hello")
        draining = asyncio.create_task(ending.manager.drain(10))
        ending.model.allow()
        assert text_of(await ending.follow(run)) == WORDS
        await draining
    assert cluster.stored(run).run.epoch == 1


async def test_a_run_that_is_handed_over_before_it_starts_is_started_elsewhere(cluster: Cluster) -> None:
    async with cluster.process() as ending, cluster.process(WORDS) as other:
        run = await ending.send("hello")
        await ending.manager.drain(0)
        other.model.allow()
        assert text_of(await other.follow(run)) == WORDS
        assert ending.model.prompts == []


async def test_a_stop_outranks_a_hand_over(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as ending:
        run = await ending.send("hello")
        ending.model.allow(2)
        await ending.follow_until(run, "one two ")
        await asyncio.gather(ending.manager.stop(run.user_id, run.id), ending.manager.drain(0))
    assert cluster.stored(run).status == "stopped"


async def test_followers_are_released_when_their_process_closes(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as ending:
        run = await ending.send("hello")
        following = asyncio.create_task(ending.follow(run))
        await asyncio.sleep(0)
        await ending.manager.drain(0)
        assert "done" not in types_of(await following)


# Waits


async def test_a_decision_is_carried_out_by_any_process(cluster: Cluster) -> None:
    async with cluster.process("call change") as one:
        run = await one.send("hello")
        waiting = await one.follow(run)
    async with cluster.process(WORDS) as other:
        cluster.approvals.decide(run.id, "approved")
        await other.manager.wake(run.id)
        other.model.allow()
        rest = await other.follow(run, after=waiting[-1][0])
    assert types_of(rest) == ["tool_result", "text", "done"]
    assert other.tool_calls == ["change"]


async def test_a_run_whose_user_does_not_decide_in_time_is_stopped(cluster: Cluster) -> None:
    async with cluster.process("call change") as one, cluster.process() as other:
        run = await one.send("hello")
        await one.follow(run)
        cluster.store.expire_lease(run.id)
        await eventually(lambda: cluster.stored(run).status == "stopped")
        entries = await other.follow(run)
    assert last_of(entries)["status"] == "stopped"
    assert types_of(entries)[-1] == "done"
    assert types_of(entries).count("done") == 1
    assert cluster.tool_calls == []


# Queues


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_enqueued_message_is_answered_when_the_session_is_free(cluster: Cluster, elsewhere: bool) -> None:
    async with cluster.process(WORDS, "second") as one, cluster.process("second") as other:
        run = await one.send("hello")
        one.model.allow(2)
        await one.follow_until(run, "one two ")
        second = await (other if elsewhere else one).send_next(run, "and then", "enqueue")
        assert second.status == "queued"
        assert cluster.stored(run).status == "running"
        one.model.allow()
        other.model.allow()
        assert text_of(await other.follow(second)) == "second"
        assert text_of(await one.follow(run)) == WORDS
    assert cluster.questions(run) == ["hello", "and then"]


async def test_enqueued_messages_are_answered_in_order(cluster: Cluster) -> None:
    async with cluster.process(WORDS, "second", "third") as process:
        run = await process.send("hello")
        others = [await process.send_next(run, text, "enqueue") for text in ("two", "three")]
        process.model.allow()
        assert [text_of(await process.follow(other)) for other in others] == ["second", "third"]
    assert cluster.questions(run) == ["hello", "two", "three"]


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_interrupting_message_stops_the_run_and_is_answered_next(cluster: Cluster, elsewhere: bool) -> None:
    async with cluster.process(WORDS, "answer", "answer") as one, cluster.process("answer", "answer") as other:
        run = await one.send("hello")
        one.model.allow(2)
        await one.follow_until(run, "one two ")
        patient = await one.send_next(run, "patient", "enqueue")
        urgent = await (other if elsewhere else one).send_next(run, "urgent", "interrupt")
        assert last_of(await one.follow(run))["status"] == "stopped"
        one.model.allow()
        other.model.allow()
        assert text_of(await one.follow(urgent)) == text_of(await one.follow(patient)) == "answer"
    assert cluster.questions(run) == ["hello", "urgent", "patient"]
    assert cluster.answers(run)[0].startswith("one two ")


async def test_a_withdrawn_message_is_not_answered(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        queued = await process.send_next(run, "never mind", "enqueue")
        await process.manager.stop(queued.user_id, queued.id)
        assert types_of(await process.follow(queued)) == ["done"]
        process.model.allow()
        await process.follow(run)
    assert cluster.questions(run) == ["hello"]


# Branches


async def test_an_edited_question_supersedes_what_follows_it(cluster: Cluster) -> None:
    async with cluster.process("first", "second", "better") as process:
        process.model.allow()
        run = await process.send("one")
        await process.follow(run)
        await process.follow(await process.send_next(run, "two"))
        question_id = cluster.store.transcript.turns[0].question_id
        edit = await process.send_next(run, "uno", edited_message_id=question_id)
        assert text_of(await process.follow(edit)) == "better"
    assert (cluster.questions(run), cluster.answers(run)) == (["uno"], ["better"])


async def test_an_edit_that_interrupts_supersedes_the_answer_that_it_stopped(cluster: Cluster) -> None:
    async with cluster.process("first", WORDS, "better") as process:
        run = await process.send("one")
        process.model.allow()
        await process.follow(run)
        process.model.allowed = asyncio.Semaphore(0)
        busy = await process.send_next(run, "two")
        process.model.allow(2)
        await process.follow_until(busy, "one two ")
        question_id = cluster.store.transcript.turns[0].question_id
        edit = await process.send_next(run, "uno", "interrupt", edited_message_id=question_id)
        await process.follow(busy)
        process.model.allow()
        await process.follow(edit)
    assert (cluster.questions(run), cluster.answers(run)) == (["uno"], ["better"])


async def test_an_edit_that_is_taken_over_supersedes_nothing_more(cluster: Cluster) -> None:
    async with cluster.process("first", WORDS) as sleeping, cluster.process(WORDS, "last") as other:
        sleeping.model.allow(1)
        run = await sleeping.send("one")
        await sleeping.follow(run)
        question_id = cluster.store.transcript.turns[0].question_id
        edit = await sleeping.send_next(run, "uno", edited_message_id=question_id)
        await sleep_after(sleeping, cluster, edit, "one two ")
        further = await other.send_next(run, "two", "enqueue")
        other.model.allow()
        await other.follow(edit)
        await other.follow(further)
    assert cluster.questions(run) == ["uno", "two"]
