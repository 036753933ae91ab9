"""One run in one process: how it ends, and what is stored of it."""

import asyncio

from langchain_core.messages import HumanMessage

from graph.errors import DatabaseUnavailable, ModelUnavailable
from graph.ports.runs import RunRequest
from graph.runs.runner import MAX_EPOCHS
from tests.support.run_processes import EMPLOYEE, USER, Cluster, last_of, text_of, types_of
from tests.support.waiting import eventually

WORDS = "one two three four five six"


async def test_an_answer_is_streamed_logged_and_stored(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow()
        entries = await process.follow(run)
    stored = cluster.stored(run)
    assert types_of(entries) == ["start", "text", "done"]
    assert text_of(entries) == WORDS
    assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1))
    assert cluster.log(run) == entries
    assert (cluster.questions(run), cluster.answers(run)) == (["hello"], [WORDS])
    assert stored.status == last_of(entries)["status"] == "complete"
    assert stored.outcome
    assert stored.outcome.message_id == last_of(entries)["message_id"] == cluster.store.transcript.turns[0].answer_id
    assert process.metrics.calls == [
        ("accepted",),
        ("began", 1, False),
        ("first_text",),
        ("ended", "complete", None),
    ]


async def test_the_trace_holds_the_path_and_the_model(cluster: Cluster) -> None:
    async with cluster.process("call look", WORDS) as process:
        run = await process.send("hello")
        process.model.allow()
        await process.follow(run)
    outcome = cluster.stored(run).outcome
    assert outcome
    assert outcome.trace
    assert [step["node"] for step in outcome.trace["path"]] == [
        *("redact", "load_memory", "retrieve", "reason", "call_tools", "reason", "persist", "summarize")
    ]
    assert (outcome.trace["model"], outcome.trace["version"]) == ("model-small", "1")
    assert outcome.trace["turn"]["today"] == "2026-11-29"
    assert "messages" not in outcome.trace["turn"]


async def test_a_finished_run_streams_again_from_any_entry(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow()
        entries = await process.follow(run)
        for number in range(len(entries) + 1):
            assert await process.follow(run, after=number) == entries[number:]


async def test_a_run_is_followed_from_any_entry_while_it_streams(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow(2)
        seen = await process.follow_until(run, "one two ")
        rest = asyncio.create_task(process.follow(run, after=seen[-1][0]))
        whole = asyncio.create_task(process.follow(run))
        process.model.allow()
        assert [*seen, *await rest] == await whole == cluster.log(run)


async def test_a_run_continues_when_no_client_follows_it(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow()
        await eventually(lambda: cluster.stored(run).status == "complete")
        assert cluster.answers(run) == [WORDS]
        assert text_of(await process.follow(run)) == WORDS


# Stops


async def test_a_stopped_run_stores_its_partial_text(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow(2)
        seen = await process.follow_until(run, "one two ")
        await process.manager.stop(run.user_id, run.id)
        rest = await process.follow(run, after=seen[-1][0])
    stored = cluster.stored(run)
    assert (stored.status, last_of(rest)["status"]) == ("stopped", "stopped")
    assert cluster.answers(run) == [text_of([*seen, *rest])]
    assert cluster.answers(run)[0].startswith("one two ")
    assert last_of(rest)["message_id"] == cluster.store.transcript.turns[0].answer_id
    usage = cluster.store.transcript.turns[0].record.usage
    assert (usage["source"], usage["completion"] > 0) == ("counted", True)
    assert ("ended", "stopped", None) in process.metrics.calls


async def test_a_run_that_is_stopped_before_its_first_word_stores_the_masked_question(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("I am Ana Díaz")
        await eventually(lambda: process.model.prompts)
        await process.manager.stop(run.user_id, run.id)
        assert last_of(await process.follow(run))["status"] == "stopped"
    [turn] = cluster.store.transcript.turns
    assert turn.record.messages == [HumanMessage("I am [PERSON_7K3Q9D]")]
    assert turn.record.status == "stopped"


async def test_a_run_that_is_stopped_while_it_starts_calls_no_model(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("I am Ana Díaz")
        await process.manager.stop(run.user_id, run.id)
        entries = await process.follow(run)
    assert types_of(entries) == ["start", "done"]
    assert last_of(entries)["status"] == cluster.stored(run).status == "stopped"
    assert process.model.prompts == []
    assert cluster.questions(run) == ["I am [PERSON_7K3Q9D]"]


async def test_a_run_that_is_stopped_during_a_round_of_tools_has_a_result_for_each_call(cluster: Cluster) -> None:
    async with cluster.process("call look", WORDS) as process:
        run = await process.send("hello")
        await eventually(lambda: len(process.model.prompts) == 2)
        await process.manager.stop(run.user_id, run.id)
        await process.follow(run)
    [turn] = cluster.store.transcript.turns
    assert [message.type for message in turn.record.messages] == ["human", "ai", "tool"]


async def test_a_further_stop_changes_nothing(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow(1)
        await process.follow_until(run, "one ")
        for _ in range(3):
            await process.manager.stop(run.user_id, run.id)
        entries = await process.follow(run)
        await process.manager.stop(run.user_id, run.id)
        assert await process.follow(run) == entries
    assert types_of(entries) == ["start", "text", "done"]
    assert len(cluster.store.transcript.turns) == 1


async def test_a_stop_of_a_finished_run_changes_nothing(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.model.allow()
        entries = await process.follow(run)
        await process.manager.stop(run.user_id, run.id)
        assert await process.follow(run) == entries
    assert cluster.stored(run).status == "complete"


# Failures


async def test_an_error_of_the_model_ends_the_run_and_the_question_is_stored(cluster: Cluster) -> None:
    async with cluster.process(ModelUnavailable()) as process:
        run = await process.send("hello")
        entries = await process.follow(run)
    stored = cluster.stored(run)
    assert last_of(entries)["code"] == "model_unavailable"
    assert (stored.status, stored.outcome and stored.outcome.error_code) == ("failed", "model_unavailable")
    [turn] = cluster.store.transcript.turns
    assert (turn.question, turn.record.status, turn.record.error) == ("hello", "failed", "model_unavailable")
    assert ("ended", "failed", "model_unavailable") in process.metrics.calls


async def test_a_fault_in_the_code_ends_the_run_with_the_general_error(cluster: Cluster) -> None:
    async with cluster.process(LookupError("a secret")) as process:
        run = await process.send("hello")
        entries = await process.follow(run)
    assert last_of(entries)["code"] == "internal_error"
    assert "secret" not in str(entries)


async def test_a_run_that_takes_too_long_ends_with_its_partial_text(cluster: Cluster) -> None:
    async with cluster.process(WORDS, run_timeout_seconds=0.3) as process:
        run = await process.send("hello")
        process.model.allow(2)
        entries = await process.follow(run)
    assert last_of(entries)["code"] == "run_timeout"
    assert cluster.answers(run)[0].startswith("one two ")


async def test_a_run_whose_text_cannot_be_decrypted_is_abandoned(cluster: Cluster) -> None:
    async with cluster.process() as process:
        first = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
        cluster.stored(first).text = None
        cluster.store.expire_lease(first.id)
        entries = await process.follow(first)
    assert last_of(entries)["code"] == "run_lost"
    assert cluster.store.transcript.turns == []


async def test_a_run_that_each_process_died_with_is_abandoned(cluster: Cluster) -> None:
    run = await cluster.store.accept(RunRequest(USER, "hello", EMPLOYEE))
    for _ in range(MAX_EPOCHS - 1):
        cluster.store.expire_lease(run.id)
        assert await cluster.store.claim(run.user_id, run.id)
    cluster.store.expire_lease(run.id)
    async with cluster.process(WORDS) as process:
        entries = await process.follow(run)
    assert last_of(entries)["code"] == "run_lost"
    assert process.model.prompts == []
    [turn] = cluster.store.transcript.turns
    assert (turn.question, turn.record.error) == ("hello", "run_lost")


async def test_events_that_could_not_be_logged_are_logged_later(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        process.connection.failures["append"] = DatabaseUnavailable()
        run = await process.send("hello")
        process.model.allow(2)
        await process.follow_until(run, "one two ")
        await eventually(lambda: cluster.log(run))
        process.model.allow()
        entries = await process.follow(run)
    assert ("write_retried", "log") in process.metrics.calls
    assert cluster.log(run) == entries


async def test_a_lease_that_could_not_be_renewed_is_renewed_later(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        run = await process.send("hello")
        process.connection.failures["renew"] = DatabaseUnavailable()
        await eventually(lambda: ("write_retried", "lease") in process.metrics.calls)
        process.model.allow()
        assert last_of(await process.follow(run))["status"] == "complete"


async def test_an_end_that_is_tried_again_is_stored_once(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        process.connection.failures["finish"] = DatabaseUnavailable()
        run = await process.send("hello")
        process.model.allow()
        entries = await process.follow(run)
    assert cluster.stored(run).status == "complete"
    assert cluster.log(run) == entries


async def test_followers_get_an_error_if_the_end_cannot_be_stored(cluster: Cluster) -> None:
    async with cluster.process(WORDS) as process:
        process.connection.failures["finish"] = LookupError("a secret")
        run = await process.send("hello")
        process.model.allow()
        entries = await process.follow(run)
    assert (text_of(entries), last_of(entries)["code"]) == (WORDS, "internal_error")
    assert "secret" not in str(entries)


# Waits


async def test_a_run_waits_for_its_user_and_continues_with_the_decision(cluster: Cluster) -> None:
    async with cluster.process("call change", WORDS) as process:
        run = await process.send("hello")
        waiting = await process.follow(run)
        assert types_of(waiting) == ["start", "tool_call", "approval_required", "done"]
        assert (last_of(waiting)["status"], cluster.stored(run).status) == ("waiting", "waiting")
        assert process.tool_calls == []
        cluster.approvals.decide(run.id, "approved")
        await process.manager.wake(run.id)
        process.model.allow()
        entries = await process.follow(run)
    assert types_of(entries) == ["start", "tool_call", "approval_required", "tool_result", "text", "done"]
    assert process.tool_calls == ["change"]
    assert ("began", 2, True) in process.metrics.calls
    assert [call for call in process.metrics.calls if call[0] == "ended"] == [
        ("ended", "waiting", None),
        ("ended", "complete", None),
    ]


async def test_a_stop_ends_a_run_that_waits_for_its_user(cluster: Cluster) -> None:
    async with cluster.process("call change") as process:
        run = await process.send("hello")
        await process.follow(run)
        await process.manager.stop(run.user_id, run.id)
        await eventually(lambda: cluster.stored(run).status == "stopped")
        assert last_of(await process.follow(run))["status"] == "stopped"
    assert process.tool_calls == []


async def test_a_further_message_stops_a_run_that_waits_for_its_user(cluster: Cluster) -> None:
    async with cluster.process("call change", WORDS) as process:
        run = await process.send("hello")
        await process.follow(run)
        further = await process.send_next(run, "something else")
        process.model.allow()
        assert text_of(await process.follow(further)) == WORDS
    assert cluster.stored(run).status == "stopped"
    assert cluster.questions(run) == ["hello", "something else"]
    assert process.tool_calls == []
