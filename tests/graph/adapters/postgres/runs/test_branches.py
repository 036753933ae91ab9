"""A question that is edited or answered anew leaves behind what followed it; what is read from then on is one branch."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.conversation.sessions import PostgresSessions
from graph.adapters.postgres.conversation.transcript import PostgresTranscript
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.errors import IdempotencyMismatch, NotFound, RunAbandoned, RunActive, TooManyTurns
from graph.jobs.queue import open_queue
from graph.jobs.summaries import QueuedSummaries, Summarizer
from graph.ports.memory import TurnRecord
from graph.ports.runs import OnConflict, Run, RunOutcome, RunRequest
from graph.state import Usage
from tests.graph.jobs.test_summaries import Level, answer
from tests.support.database import Sql, build_run_store
from tests.support.fakes.ports import FakeChatModel, words

USAGE = Usage(prompt=1, completion=1, total=2, cost="0", source="counted")

StoreWith = Callable[..., PostgresRunStore]


@pytest.fixture
def store_with(database: Database, cipher: VaultCipher) -> StoreWith:
    """A store with another lease."""

    def make(lease_seconds: float = 60.0) -> PostgresRunStore:
        return build_run_store(database, cipher, lease_seconds=lease_seconds)

    return make


@dataclass
class Talk:
    """A conversation of the owner, whose runs are begun and ended here."""

    sql: Sql
    database: Database
    store: PostgresRunStore
    user_id: str
    session: str

    async def ask(self, text: str, **fields: Any) -> Run:
        return await self.store.accept(RunRequest(self.user_id, text, session_id=self.session, **fields))

    async def end(self, run: Run, question: str, *answers: str) -> None:
        """The run has said something, and is over."""
        said: list[AnyMessage] = [HumanMessage(question), *(AIMessage(text) for text in answers)]
        record = TurnRecord(self.user_id, self.session, run.id, run.epoch, run.employee, "model", said, USAGE)
        await PostgresTranscript(self.database, words).record(record)
        await self.store.finish(run, [], RunOutcome())

    async def turn(self, text: str, **fields: Any) -> Run:
        """A question that is answered."""
        run = await self.ask(text, **fields)
        await self.end(run, text, f"answer to {text}")
        return run

    async def begin(self, run: Run) -> Run:
        """A run that has waited is claimed."""
        claim = await self.store.claim(self.user_id, run.id)
        assert claim
        return claim.run

    def question(self, run: Run) -> str:
        """The id of what a run asked."""
        [row] = self.sql(
            "select id::text from chat_messages where run_id = %(run)s and role = 'user' order by position", run=run.id
        )
        return str(row["id"])

    def branch(self) -> list[str]:
        """What is said in the current branch."""
        rows = self.sql(
            "select content from chat_messages where session_id = %(s)s and superseded_by is null order by position",
            s=self.session,
        )
        return [row["content"] for row in rows]

    def left_behind(self) -> dict[str, str]:
        """What was left behind, and the run that did it."""
        rows = self.sql(
            "select content, superseded_by::text from chat_messages "
            "where session_id = %(s)s and superseded_by is not null order by position",
            s=self.session,
        )
        return {row["content"]: row["superseded_by"] for row in rows}

    def summarised_to(self, run: Run) -> None:
        """A summary that covers all to the end of a run, and can be retrieved."""
        self.sql(
            "insert into chat_session_summaries "
            "(session_id, user_id, summary, last_summarized_message_id, last_summarized_position) "
            "select session_id, user_id, 'They spoke.', id, position from chat_messages "
            "where run_id = %(run)s order by position desc limit 1",
            run=run.id,
        )
        for source in (f"session:{self.session}", "note:other"):
            self.sql(
                "insert into memory_embeddings (user_id, source_id, chunk, embedding, embedding_model) "
                "values (%(user_id)s, %(source)s, 'They spoke.', array_fill(0.5, array[384])::vector, 'a-model')",
                user_id=self.user_id,
                source=source,
            )

    def remembered(self) -> tuple[int, list[str]]:
        """How many summaries there are, and of what there are passages."""
        summaries = self.sql("select 1 from chat_session_summaries where session_id = %(s)s", s=self.session)
        passages = self.sql("select source_id from memory_embeddings where user_id = %(o)s order by 1", o=self.user_id)
        return len(summaries), [row["source_id"].split(":")[0] for row in passages]


@pytest.fixture
def talk(sql: Sql, database: Database, store_with: StoreWith, user_id: str, session: str) -> Talk:
    return Talk(sql, database, store_with(), user_id, session)


# What is left behind --------------------------------------------------------------------------------------------------


async def test_an_edit_leaves_behind_its_message_and_all_that_followed(talk: Talk) -> None:
    _, two, _ = [await talk.turn(text) for text in ("one", "two", "three")]
    edit = await talk.turn("two and a half", edited_message_id=talk.question(two))
    assert talk.branch() == ["one", "answer to one", "two and a half", "answer to two and a half"]
    assert talk.left_behind() == dict.fromkeys(["two", "answer to two", "three", "answer to three"], edit.id)


async def test_the_branch_is_taken_when_the_run_is_accepted(talk: Talk) -> None:
    one = await talk.turn("one")
    await talk.ask("uno", edited_message_id=talk.question(one))
    assert talk.branch() == []


async def test_a_question_is_answered_anew_as_often_as_one_likes(talk: Talk) -> None:
    await talk.turn("one")
    for number in range(2, 5):
        last = await talk.store.last_question(talk.user_id, talk.session, "reject")
        assert last.text == "one"
        again = await talk.ask(last.text, regenerated_run_id=last.run_id)
        await talk.end(again, "one", f"answer {number}")
        assert talk.branch() == ["one", f"answer {number}"]
    assert list(talk.left_behind()) == ["one", "answer to one", "answer 2", "answer 3"]
    assert len(talk.sql("select 1 from chat_messages where session_id = %(s)s", s=talk.session)) == 8


async def test_an_edit_that_fails_leaves_the_new_branch_with_what_there_is_of_it(talk: Talk) -> None:
    one = await talk.turn("one")
    edit = await talk.ask("uno", edited_message_id=talk.question(one))
    await talk.end(edit, "uno")
    assert talk.branch() == ["uno"]


async def test_what_is_said_after_an_edit_belongs_to_its_branch(talk: Talk) -> None:
    one = await talk.turn("one")
    await talk.turn("uno", edited_message_id=talk.question(one))
    await talk.turn("due")
    assert talk.branch() == ["uno", "answer to uno", "due", "answer to due"]


# What cannot be edited ------------------------------------------------------------------------------------------------


async def test_only_a_question_of_the_current_branch_can_be_edited(talk: Talk, sql: Sql) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    uno = await talk.turn("uno", edited_message_id=talk.question(one))
    [reply] = sql("select id::text from chat_messages where run_id = %(r)s and role = 'assistant'", r=uno.id)
    before = talk.branch()
    for message_id in (str(uuid4()), reply["id"], talk.question(two), talk.question(one)):
        with pytest.raises(NotFound):
            await talk.ask("other", edited_message_id=message_id)
    assert talk.branch() == before
    assert await talk.store.active(talk.user_id, talk.session) == []


async def test_a_message_of_another_session_is_not_in_this_one(talk: Talk, sql: Sql) -> None:
    one = await talk.turn("one")
    [other] = sql(
        "insert into chat_sessions (user_id, employee_slug) values (%(o)s, 'tag-ai') returning id::text", o=talk.user_id
    )
    for session_id in (other["id"], None):
        with pytest.raises(NotFound):
            await talk.store.accept(
                RunRequest(talk.user_id, "uno", session_id=session_id, edited_message_id=talk.question(one))
            )
    assert talk.branch() == ["one", "answer to one"]
    assert len(sql("select 1 from chat_sessions where user_id = %(o)s", o=talk.user_id)) == 2


async def test_a_message_of_somebody_else_does_not_exist(talk: Talk, stranger: str) -> None:
    one = await talk.turn("one")
    theirs = await talk.store.accept(RunRequest(stranger, "hello"))
    await talk.store.finish(theirs, [], RunOutcome())
    for session_id in (talk.session, theirs.session_id):
        with pytest.raises(NotFound):
            await talk.store.accept(
                RunRequest(stranger, "uno", session_id=session_id, edited_message_id=talk.question(one))
            )
        with pytest.raises(NotFound):
            await talk.store.last_question(stranger, session_id, "reject")
    assert talk.branch() == ["one", "answer to one"]


async def test_a_session_in_which_nothing_was_said_has_no_last_question(talk: Talk) -> None:
    for session_id in (talk.session, str(uuid4())):
        with pytest.raises(NotFound):
            await talk.store.last_question(talk.user_id, session_id, "reject")


async def test_a_refused_edit_changes_nothing(talk: Talk) -> None:
    one = await talk.turn("one")
    talk.summarised_to(one)
    talk.sql(
        "update chat_rate_limits set next_turn_at = now() + interval '1 hour' where user_id = %(o)s", o=talk.user_id
    )
    with pytest.raises(TooManyTurns):
        await talk.ask("uno", edited_message_id=talk.question(one), employee="tag-ai")
    assert (talk.branch(), talk.remembered()) == (["one", "answer to one"], (1, ["note", "session"]))
    assert talk.sql("select employee_slug from chat_sessions where id = %(s)s", s=talk.session) == [
        {"employee_slug": "prime-boss"}
    ]


# Idempotency ----------------------------------------------------------------------------------------------------------


async def test_the_same_edit_with_the_same_key_is_the_same_run(talk: Talk) -> None:
    one = await talk.turn("one")
    edit = await talk.turn("uno", edited_message_id=talk.question(one), client_key="k")
    again = await talk.ask("uno", edited_message_id=talk.question(one), client_key="k")
    assert (again.id, again.created) == (edit.id, False)
    assert talk.branch() == ["uno", "answer to uno"]


async def test_the_same_edit_at_once_with_the_same_key_is_one_run(talk: Talk) -> None:
    one = await talk.turn("one")
    question = talk.question(one)
    runs = await asyncio.gather(*(talk.ask("uno", edited_message_id=question, client_key="k") for _ in range(5)))
    assert len({run.id for run in runs}) == 1
    assert [run.created for run in runs].count(True) == 1


async def test_the_same_words_for_another_message_are_another_request(talk: Talk) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    await talk.turn("new", edited_message_id=talk.question(two), client_key="k")
    for fields in ({}, {"edited_message_id": talk.question(one)}, {"regenerated_run_id": two.id}):
        with pytest.raises(IdempotencyMismatch):
            await talk.ask("new", client_key="k", **fields)


async def test_a_new_answer_with_the_same_key_is_the_same_run_whatever_was_said_since(talk: Talk) -> None:
    one = await talk.turn("one")
    again = await talk.turn("one", regenerated_run_id=one.id, client_key="k")
    two = await talk.turn("two")
    assert (await talk.ask("two", regenerated_run_id=two.id, client_key="k")).id == again.id


# Busy sessions --------------------------------------------------------------------------------------------------------


async def test_a_busy_session_refuses_an_edit_and_stays_as_it_is(talk: Talk) -> None:
    one = await talk.turn("one")
    two = await talk.ask("two")
    with pytest.raises(RunActive) as refused:
        await talk.ask("uno", edited_message_id=talk.question(one))
    assert refused.value.details == {"run_id": two.id}
    assert talk.branch() == ["one", "answer to one"]


async def test_an_edit_that_waits_takes_its_branch_when_it_begins(talk: Talk) -> None:
    one = await talk.turn("one")
    two = await talk.ask("two")
    edit = await talk.ask("uno", edited_message_id=talk.question(one), on_conflict="enqueue")
    await talk.end(two, "two", "answer to two")
    assert talk.branch() == ["one", "answer to one", "two", "answer to two"]
    begun = await talk.begin(edit)
    assert talk.branch() == []
    await talk.end(begun, "uno", "answer to uno")
    assert set(talk.left_behind().values()) == {edit.id}
    assert talk.branch() == ["uno", "answer to uno"]


async def test_an_edit_that_is_withdrawn_leaves_nothing_behind(talk: Talk) -> None:
    one = await talk.turn("one")
    two = await talk.ask("two")
    edit = await talk.ask("uno", edited_message_id=talk.question(one), on_conflict="enqueue")
    await talk.store.request_stop(talk.user_id, edit.id)
    await talk.end(two, "two", "answer to two")
    assert talk.branch() == ["one", "answer to one", "two", "answer to two"]


async def test_of_two_edits_that_wait_the_later_one_comes_in_the_place_of_the_first(talk: Talk) -> None:
    one = await talk.turn("one")
    two = await talk.ask("two")
    question = talk.question(one)
    edits = [await talk.ask(text, edited_message_id=question, on_conflict="enqueue") for text in ("uno", "un")]
    await talk.end(two, "two", "answer to two")
    for edit, text in zip(edits, ("uno", "un"), strict=True):
        await talk.end(await talk.begin(edit), text, f"answer to {text}")
        assert talk.branch() == [text, f"answer to {text}"]


async def test_an_edit_whose_message_was_left_behind_meanwhile_continues_the_current_branch(talk: Talk) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    busy = await talk.ask("three")
    questions = talk.question(one), talk.question(two)
    earlier, later = [
        await talk.ask(text, edited_message_id=question, on_conflict="enqueue")
        for text, question in zip(("uno", "due"), questions, strict=True)
    ]
    await talk.end(busy, "three")
    await talk.end(await talk.begin(earlier), "uno", "answer to uno")
    await talk.end(await talk.begin(later), "due", "answer to due")
    assert talk.branch() == ["uno", "answer to uno", "due", "answer to due"]


async def test_a_message_can_be_edited_again_while_its_edit_is_answered(talk: Talk) -> None:
    one = await talk.turn("one")
    question = talk.question(one)
    first = await talk.ask("uno", edited_message_id=question)
    with pytest.raises(RunActive):
        await talk.ask("un", edited_message_id=question)
    second = await talk.ask("un", edited_message_id=question, on_conflict="interrupt")
    await talk.end(first, "uno", "half an answ")
    await talk.end(await talk.begin(second), "un", "answer to un")
    assert talk.branch() == ["un", "answer to un"]
    assert talk.left_behind() == {
        **dict.fromkeys(["one", "answer to one"], first.id),
        **dict.fromkeys(["uno", "half an answ"], second.id),
    }


@pytest.mark.parametrize(("on_conflict", "text"), [("interrupt", "two"), ("enqueue", "four")])
async def test_what_is_answered_anew_in_a_busy_session_is_the_question_before_it(
    talk: Talk, on_conflict: OnConflict, text: str
) -> None:
    await talk.turn("one")
    two = await talk.ask("two")
    waiting = [await talk.ask(words, on_conflict="enqueue") for words in ("three", "four")]
    last = await talk.store.last_question(talk.user_id, talk.session, on_conflict)
    assert last.text == text
    again = await talk.ask(last.text, regenerated_run_id=last.run_id, on_conflict=on_conflict)
    await talk.end(two, "two", "half an answ")
    if on_conflict == "enqueue":
        for run, question in zip(waiting, ("three", "four"), strict=True):
            await talk.end(await talk.begin(run), question, f"answer to {question}")
    await talk.end(await talk.begin(again), text, "better")
    assert talk.branch()[-2:] == [text, "better"]
    assert list(talk.left_behind()) == [text, "half an answ" if text == "two" else "answer to four"]


async def test_a_text_that_does_not_decrypt_is_not_asked_again(talk: Talk) -> None:
    await talk.ask("one")
    talk.store.cipher = VaultCipher(b"o" * 32)
    with pytest.raises(RunAbandoned):
        await talk.store.last_question(talk.user_id, talk.session, "interrupt")


# Take-over ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waited", [False, True])
async def test_a_run_that_is_taken_over_leaves_nothing_more_behind(
    talk: Talk, store_with: StoreWith, *, waited: bool
) -> None:
    one = await talk.turn("one")
    question = talk.question(one)
    busy = await talk.ask("two") if waited else None
    talk.store = store_with(lease_seconds=0.0)
    edit = await talk.ask("uno", edited_message_id=question, on_conflict="enqueue")
    if busy:
        await talk.end(busy, "two")
        edit = await talk.begin(edit)
    await PostgresTranscript(talk.database, words).record(
        TurnRecord(talk.user_id, talk.session, edit.id, 1, edit.employee, "model", [HumanMessage("uno")], USAGE)
    )
    over = await talk.begin(edit)
    assert over.epoch == 2
    assert talk.branch() == ["uno"]
    assert set(talk.left_behind().values()) == {edit.id}


# What the model reads -------------------------------------------------------------------------------------------------


async def test_what_was_left_behind_is_not_recalled(talk: Talk) -> None:
    _, two = await talk.turn("one"), await talk.turn("two")
    await talk.ask("due", edited_message_id=talk.question(two))
    found = await PostgresMemory(talk.database, "a-model").load(talk.user_id, talk.session, "prime-boss")
    assert [message.text for message in found.history] == ["one", "answer to one"]


async def test_a_summary_of_what_was_left_behind_is_forgotten_with_its_passages(talk: Talk) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    talk.summarised_to(two)
    assert talk.remembered() == (1, ["note", "session"])
    await talk.ask("uno", edited_message_id=talk.question(one))
    assert talk.remembered() == (0, ["note"])


async def test_a_summary_that_ends_with_the_message_that_was_edited_is_forgotten(talk: Talk) -> None:
    two = [await talk.turn(text) for text in ("one", "two")][-1]
    talk.summarised_to(two)
    talk.sql(
        "update chat_session_summaries set last_summarized_position = position from chat_messages "
        "where chat_messages.id = %(question)s and chat_session_summaries.session_id = %(s)s",
        question=talk.question(two),
        s=talk.session,
    )
    await talk.ask("due", edited_message_id=talk.question(two))
    assert talk.remembered() == (0, ["note"])


async def test_a_summary_of_what_came_before_stays(talk: Talk) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    talk.summarised_to(one)
    await talk.ask("due", edited_message_id=talk.question(two))
    assert talk.remembered() == (1, ["note", "session"])


async def test_a_session_counts_what_is_in_its_current_branch(talk: Talk) -> None:
    one, two = await talk.turn("one"), await talk.turn("two")
    await talk.turn("due", edited_message_id=talk.question(two))
    [counted] = talk.sql("select message_count, token_count from chat_sessions where id = %(s)s", s=talk.session)
    assert counted == {"message_count": 4, "token_count": 1 + 3 + 1 + 3}
    await talk.ask("uno", edited_message_id=talk.question(one))
    [counted] = talk.sql("select message_count, token_count from chat_sessions where id = %(s)s", s=talk.session)
    assert counted == {"message_count": 0, "token_count": 0}


async def test_what_was_left_behind_makes_no_summary_due_and_is_in_none(talk: Talk, database_url: str) -> None:
    runs = [await talk.turn(text) for text in ("one", "two", "three")]
    await talk.turn("due", edited_message_id=talk.question(runs[1]))
    await talk.turn("tre")
    async with open_queue(database_url) as queue:
        state = await QueuedSummaries(talk.database, queue).backlog(talk.user_id, talk.session)
    assert (state["turns"], state["tokens"]) == (3, 3 * 4)
    model = FakeChatModel([answer("They spoke.")])
    assert await summarizer(talk, model).summarize(talk.user_id, talk.session)
    material = model.prompts[0][1].text
    assert "answer to one" in material
    assert "two" not in material


async def test_a_summary_that_was_under_way_when_its_messages_were_left_behind_is_not_stored(talk: Talk) -> None:
    runs = [await talk.turn(str(number)) for number in range(4)]

    class Overtaken(FakeChatModel):
        async def stream(self, *_: object) -> Any:
            await talk.ask("nil", edited_message_id=talk.question(runs[0]))
            yield answer("They spoke.")[0]

    job = summarizer(talk, Overtaken([]))
    assert await job.summarize(talk.user_id, talk.session)
    assert talk.remembered() == (0, [])


async def test_a_summary_that_is_being_stored_is_forgotten_by_the_edit_that_waits_for_it(
    talk: Talk, store_with: StoreWith
) -> None:
    runs = [await talk.turn(str(number)) for number in range(4)]
    question = talk.question(runs[0])
    editing: list[asyncio.Task[Run]] = []

    class Slow(EmbeddingStore):
        async def write(self, *arguments: Any) -> None:
            await super().write(*arguments)
            editing.append(asyncio.create_task(talk.ask("nil", edited_message_id=question)))
            await asyncio.sleep(0.2)
            assert not editing[0].done()

    job = summarizer(talk, FakeChatModel([answer("They spoke.")]))
    await replace(job, embeddings=Slow(talk.database, Level(), words)).summarize(talk.user_id, talk.session)
    await editing[0]
    assert talk.remembered() == (0, [])
    assert talk.branch() == []


def summarizer(talk: Talk, model: FakeChatModel) -> Summarizer:
    notes = EmbeddingStore(talk.database, Level(), words)
    return Summarizer(talk.database, model, notes, words, "Summarise.")


# The history ----------------------------------------------------------------------------------------------------------


async def test_the_history_shows_the_current_branch_or_all(talk: Talk) -> None:
    sessions = PostgresSessions(talk.database)
    one = await talk.turn("one")
    edit = await talk.turn("uno", edited_message_id=talk.question(one))
    current = await sessions.messages(talk.user_id, talk.session, 10, None)
    both = await sessions.messages(talk.user_id, talk.session, 10, None, all_branches=True)
    assert [row["content"] for row in current] == ["uno", "answer to uno"]
    assert [(row["content"], row["superseded_by"] and str(row["superseded_by"])) for row in both] == [
        ("one", edit.id),
        ("answer to one", edit.id),
        ("uno", None),
        ("answer to uno", None),
    ]


async def test_an_answer_that_was_left_behind_takes_feedback_and_stays_where_it_is(talk: Talk) -> None:
    one = await talk.turn("one")
    await talk.turn("uno", edited_message_id=talk.question(one))
    [old] = talk.sql("select id::text from chat_messages where run_id = %(r)s and role = 'assistant'", r=one.id)
    await PostgresSessions(talk.database).give_feedback(talk.user_id, talk.session, old["id"], {"type": "like"})
    [row] = talk.sql(
        "select metadata, superseded_by is null as current from chat_messages where id = %(i)s", i=old["id"]
    )
    assert row == {"metadata": {"feedback": {"type": "like"}}, "current": False}
    [counted] = talk.sql("select message_count from chat_sessions where id = %(s)s", s=talk.session)
    assert counted == {"message_count": 2}


async def test_a_deleted_session_takes_all_its_branches_with_it(talk: Talk) -> None:
    one = await talk.turn("one")
    await talk.turn("uno", edited_message_id=talk.question(one))
    await PostgresSessions(talk.database).delete(talk.user_id, talk.session)
    assert talk.sql("select 1 from chat_messages where user_id = %(o)s", o=talk.user_id) == []


async def test_a_run_begins_with_what_is_remembered_of_its_session(talk: Talk) -> None:
    memory = PostgresMemory(talk.database, "any")
    await talk.turn("one")
    run = await talk.ask("two")
    assert run.memory == await memory.load(talk.user_id, talk.session, run.employee)
    assert [message.text for message in run.memory.history] == ["one", "answer to one"]


async def test_a_run_begins_with_the_facts_of_whom_its_session_is_with(talk: Talk) -> None:
    for scope in ("prime-boss", "tag-ai"):
        talk.sql(
            "insert into user_memory_facts (user_id, fact, scope, is_pinned) values (%(o)s, %(s)s, %(s)s, true)",
            o=talk.user_id,
            s=scope,
        )
    run = await talk.ask("one", employee="tag-ai")
    assert run.memory
    assert run.memory.facts == ["tag-ai"]
    await talk.store.finish(run, [], RunOutcome())
    run = await talk.ask("two")
    assert run.memory
    assert run.memory.facts == ["tag-ai"]


async def test_what_an_edit_leaves_behind_is_not_remembered_when_it_is_accepted(talk: Talk) -> None:
    first = await talk.turn("one")
    edited = await talk.ask("one, but better", edited_message_id=talk.question(first))
    assert edited.memory is None
    assert (await PostgresMemory(talk.database, "any").load(talk.user_id, talk.session, edited.employee)).history == []


async def test_a_run_that_waits_remembers_nothing_yet(talk: Talk) -> None:
    first = await talk.ask("one")
    waiting = await talk.ask("two", on_conflict="enqueue")
    assert waiting.memory is None
    await talk.end(first, "one", "answer to one")
    assert (await talk.begin(waiting)).memory is None
