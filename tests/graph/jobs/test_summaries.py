"""Summaries grow with the conversation, in its owner's name; what a model gets wrong changes nothing."""

import json
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessageChunk

from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore
from graph.adapters.postgres.database import Database
from graph.errors import ModelError, ModelTimeout
from graph.jobs.queue import open_queue
from graph.jobs.summaries import VERBATIM_TURNS, QueuedSummaries, Summarizer, parse_summary, without_latest_turns
from graph.state import SummaryBacklog
from tests.graph.adapters.postgres.conversation.test_retriever import Compass
from tests.support.database import Sql
from tests.support.fakes.ports import FakeChatModel, words


class Level(Compass):
    """An embedder to which all texts are the same."""

    async def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, *([0.0] * 383)] for _ in texts]


def answer(summary: str, *facts: str) -> list[AIMessageChunk]:
    return [AIMessageChunk(content=json.dumps({"summary": summary, "key_facts": facts}))]


def rows(*roles: str) -> list[dict[str, object]]:
    return [{"role": role, "content": f"{role} {index}", "position": index} for index, role in enumerate(roles)]


# What is left out -----------------------------------------------------------------------------------------------------


def test_the_newest_exchanges_stay_word_for_word() -> None:
    said = rows("user", "assistant", "user", "assistant", "user", "tool", "assistant")
    assert [row["position"] for row in without_latest_turns(said)] == [0, 1]


@pytest.mark.parametrize("turns", range(VERBATIM_TURNS + 1))
def test_so_few_turns_leave_nothing_to_summarise(turns: int) -> None:
    assert without_latest_turns(rows(*["user", "assistant"] * turns)) == []


def test_messages_before_the_first_question_are_not_lost() -> None:
    said = rows("assistant", "user", "user", "user")
    assert [row["position"] for row in without_latest_turns(said)] == [0, 1]


# What a model answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"summary": "They spoke.", "key_facts": ["one"]}',
        '```json\n{"summary": "They spoke.", "key_facts": ["one"]}\n```',
        'Here it is:\n{"summary": "They spoke.", "key_facts": ["one"]}\nAnything else?',
        '{"key_facts": ["one"], "summary": "They spoke.", "mood": "good"}',
    ],
)
def test_a_summary_is_read_with_or_without_what_models_put_around_it(text: str) -> None:
    made = parse_summary(AIMessageChunk(content=text))
    assert (made.summary, made.key_facts) == ("They spoke.", ["one"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "They spoke.",
        "{}",
        '{"summary": ""}',
        '{"summary": "", "key_facts": []}',
        '{"summary": 7, "key_facts": []}',
        '{"summary": "a", "key_facts": "b"}',
        '{"summary": "a", "key_facts": [',
        '["a"]',
        "{" * 5000 + "}" * 5000,
    ],
    ids=lambda text: text[:40],
)
def test_an_answer_in_another_form_is_a_model_error(text: str) -> None:
    with pytest.raises(ModelError):
        parse_summary(AIMessageChunk(content=text))


def test_there_are_five_key_facts_at_most() -> None:
    made = parse_summary(
        AIMessageChunk(content=json.dumps({"summary": "a", "key_facts": [str(number) for number in range(9)]}))
    )
    assert made.key_facts == ["0", "1", "2", "3", "4"]


# The job --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def model() -> FakeChatModel:
    return FakeChatModel([])


@pytest.fixture
def summarizer(database: Database, model: FakeChatModel) -> Summarizer:
    return Summarizer(database, model, EmbeddingStore(database, Level(), words), words, "Summarise.")


@pytest.fixture
def talk(sql: Sql, user_id: str, session: str) -> "Talk":
    return Talk(sql, user_id, session)


class Talk:
    """Puts exchanges into the session."""

    def __init__(self, sql: Sql, user_id: str, session: str) -> None:
        self.sql, self.user_id, self.session = sql, user_id, session
        self.turns = 0

    def go_on(self, turns: int, filler: str = "") -> None:
        for _ in range(turns):
            self.turns += 1
            for role in ("user", "tool", "assistant"):
                self.sql(
                    "insert into chat_messages (session_id, user_id, role, content, tokens) "
                    "values (%(session)s, %(user_id)s, %(role)s, %(content)s, 10)",
                    session=self.session,
                    user_id=self.user_id,
                    role=role,
                    content=f"{role} says {self.turns} {filler}",
                )

    def stored(self) -> list[dict[str, object]]:
        return self.sql("select * from chat_session_summaries where session_id = %(s)s", s=self.session)


async def test_a_summary_covers_all_but_the_newest_exchanges(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(5)
    model.answers = [answer("They spoke.", "one", "two")]
    assert await summarizer.summarize(talk.user_id, talk.session) is True
    [row] = talk.stored()
    assert (row["summary"], row["key_facts"], row["token_count"]) == ("They spoke.", ["one", "two"], 6)
    [covered] = talk.sql("select content from chat_messages where id = %(id)s", id=row["last_summarized_message_id"])
    assert covered["content"] == "assistant says 3 "


async def test_the_model_reads_what_people_said_and_no_tool_result(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(3)
    model.answers = [answer("They spoke.")]
    await summarizer.summarize(talk.user_id, talk.session)
    [[system, material]] = model.prompts
    assert system.text == "Summarise."
    assert "user: user says 1" in material.text
    assert "assistant: assistant says 1" in material.text
    assert "tool says" not in material.text
    assert "says 2" not in material.text
    assert model.offered == [[]]


async def test_the_next_summary_begins_with_the_last_one_and_adds_what_is_new(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(4)
    model.answers = [answer("First.", "fact one"), answer("Second.")]
    await summarizer.summarize(talk.user_id, talk.session)
    talk.go_on(2)
    await summarizer.summarize(talk.user_id, talk.session)
    material = model.prompts[1][1].text
    assert "First.\n- fact one" in material
    assert "says 2 " not in material
    assert "says 3 " in material
    assert "says 4 " in material
    assert "says 5 " not in material
    assert [row["summary"] for row in talk.stored()] == ["Second."]


async def test_nothing_new_is_nothing_to_do(summarizer: Summarizer, model: FakeChatModel, talk: Talk) -> None:
    assert await summarizer.summarize(talk.user_id, talk.session) is False
    talk.go_on(VERBATIM_TURNS)
    assert await summarizer.summarize(talk.user_id, talk.session) is False
    assert model.prompts == []


@pytest.mark.parametrize("bad", [[AIMessageChunk(content="no JSON")], [AIMessageChunk(content="")], answer("")])
async def test_an_unusable_answer_leaves_the_old_summary(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk, bad: list[AIMessageChunk]
) -> None:
    talk.go_on(4)
    model.answers = [answer("First."), bad, answer("Second.")]
    await summarizer.summarize(talk.user_id, talk.session)
    talk.go_on(4)
    with pytest.raises(ModelError):
        await summarizer.summarize(talk.user_id, talk.session)
    assert [row["summary"] for row in talk.stored()] == ["First."]
    await summarizer.summarize(talk.user_id, talk.session)
    assert [row["summary"] for row in talk.stored()] == ["Second."]


async def test_a_model_that_says_nothing_at_all_is_a_model_error(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(4)
    model.answers = [[]]
    with pytest.raises(ModelError):
        await summarizer.summarize(talk.user_id, talk.session)


async def test_a_model_that_fails_leaves_everything_as_it_was(
    database: Database,
    talk: Talk,
) -> None:
    class Failing(FakeChatModel):
        async def stream(self, *_: object) -> AsyncIterator[AIMessageChunk]:
            raise ModelTimeout
            yield

    talk.go_on(4)
    notes = EmbeddingStore(database, Level(), words)
    with pytest.raises(ModelTimeout):
        await Summarizer(database, Failing([]), notes, words, "Summarise.").summarize(talk.user_id, talk.session)
    assert talk.stored() == []


async def test_a_summary_can_be_retrieved_and_replaces_the_one_before(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(4)
    model.answers = [answer("First."), answer("Second.", "a fact")]
    await summarizer.summarize(talk.user_id, talk.session)
    talk.go_on(2)
    await summarizer.summarize(talk.user_id, talk.session)
    found = talk.sql(
        "select chunk, source_id, user_id::text from memory_embeddings where user_id = %(o)s", o=talk.user_id
    )
    assert found == [{"chunk": "Second.\n- a fact", "source_id": f"session:{talk.session}", "user_id": talk.user_id}]


async def test_the_job_acts_with_the_owners_claims(
    summarizer: Summarizer,
    model: FakeChatModel,
    talk: Talk,
    stranger: str,
) -> None:
    talk.go_on(5)
    model.answers = [answer("They spoke.")]
    assert await summarizer.summarize(stranger, talk.session) is False
    assert await summarizer.summarize(talk.user_id, str(uuid4())) is False
    assert model.prompts == []
    await summarizer.summarize(talk.user_id, talk.session)
    assert [str(row["user_id"]) for row in talk.stored()] == [talk.user_id]


async def test_a_slower_job_does_not_overwrite_what_a_faster_one_covered(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(5)

    class Overtaken(FakeChatModel):
        async def stream(self, *_: object) -> AsyncIterator[AIMessageChunk]:
            talk.sql(
                "insert into chat_session_summaries "
                "(session_id, user_id, summary, last_summarized_message_id, last_summarized_position) "
                "values (%(s)s, %(o)s, 'Faster.', gen_random_uuid(), 9223372036854775807)",
                s=talk.session,
                o=talk.user_id,
            )
            yield answer("Slower.")[0]

    slow = Summarizer(summarizer.database, Overtaken([]), summarizer.embeddings, words, "Summarise.")
    await slow.summarize(talk.user_id, talk.session)
    assert [row["summary"] for row in talk.stored()] == ["Faster."]
    assert talk.sql("select 1 from memory_embeddings where user_id = %(o)s", o=talk.user_id) == []


async def test_a_very_long_conversation_is_summarised_in_parts(
    summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(6, "word " * 2500)
    model.answers = [answer("Part."), answer("Whole.")]
    await summarizer.summarize(talk.user_id, talk.session)
    first = talk.stored()[0]["last_summarized_position"]
    await summarizer.summarize(talk.user_id, talk.session)
    assert talk.stored()[0]["last_summarized_position"] > first  # type: ignore[operator]
    assert [words(prompt[1].text) < 13_000 for prompt in model.prompts] == [True, True]


# The port -------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def summaries(database: Database, database_url: str) -> AsyncIterator[QueuedSummaries]:
    async with open_queue(database_url) as queue:
        queue.task(name="summarize")(lambda user_id, session_id: None)
        yield QueuedSummaries(database, queue)


async def test_turns_and_tokens_are_counted_since_the_last_summary(
    summaries: QueuedSummaries, summarizer: Summarizer, model: FakeChatModel, talk: Talk
) -> None:
    talk.go_on(5)
    state = await summaries.backlog(talk.user_id, talk.session)
    assert (state["turns"], state["tokens"]) == (5, 150)
    model.answers = [answer("They spoke.")]
    await summarizer.summarize(talk.user_id, talk.session)
    state = await summaries.backlog(talk.user_id, talk.session)
    assert (state["turns"], state["tokens"]) == (2, 60)
    assert state["seconds"] < 60


async def test_time_is_counted_from_the_beginning_of_the_session_at_first(
    summaries: QueuedSummaries, talk: Talk
) -> None:
    talk.sql("update chat_sessions set created_at = now() - interval '2 hours' where id = %(s)s", s=talk.session)
    state = await summaries.backlog(talk.user_id, talk.session)
    assert 7200 <= state["seconds"] < 7260


async def test_a_session_of_somebody_else_is_never_due(
    summaries: QueuedSummaries,
    talk: Talk,
    stranger: str,
) -> None:
    talk.go_on(20)
    assert await summaries.backlog(stranger, talk.session) == SummaryBacklog(turns=0, tokens=0, seconds=0)


async def test_a_session_that_is_asked_for_twice_waits_once(summaries: QueuedSummaries, talk: Talk) -> None:
    for _ in range(3):
        await summaries.request(talk.user_id, talk.session)
    jobs = talk.sql(
        "select task_name, args, lock from jobs.procrastinate_jobs where args ->> 'session_id' = %(s)s", s=talk.session
    )
    assert jobs == [
        {
            "task_name": "summarize",
            "args": {"user_id": talk.user_id, "session_id": talk.session},
            "lock": f"summary:{talk.session}",
        }
    ]
