"""What is recalled: the newest history after the summary, the pinned facts that an employee may know."""

from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from graph.adapters.postgres.conversation.memory import MAX_HISTORY_ROWS, PostgresMemory
from graph.adapters.postgres.database import Database
from graph.values.profile import Profile
from tests.support.database import Sql


@pytest.fixture
def memory(database: Database) -> PostgresMemory:
    return PostgresMemory(database, "a-model")


@pytest.fixture
def say(sql: Sql, user_id: str, session: str) -> "Say":
    return Say(sql, user_id, session)


class Say:
    """Puts messages into the session."""

    def __init__(self, sql: Sql, user_id: str, session: str) -> None:
        self.sql, self.user_id, self.session = sql, user_id, session

    def __call__(self, role: str, content: str, metadata: str = "{}") -> int:
        [row] = self.sql(
            "insert into chat_messages (session_id, user_id, role, content, metadata) "
            "values (%(session)s, %(user_id)s, %(role)s, %(content)s, %(metadata)s::jsonb) returning position",
            session=self.session,
            user_id=self.user_id,
            role=role,
            content=content,
            metadata=metadata,
        )
        return int(row["position"])

    def fact(self, fact: str, scope: str = "global", *, pinned: bool = True, age: int = 0) -> None:
        self.sql(
            "insert into user_memory_facts (user_id, fact, scope, is_pinned, created_at) "
            "values (%(user_id)s, %(fact)s, %(scope)s, %(pinned)s, now() - make_interval(days => %(age)s))",
            user_id=self.user_id,
            fact=fact,
            scope=scope,
            pinned=pinned,
            age=age,
        )

    def summary(self, position: int) -> None:
        self.sql(
            "insert into chat_session_summaries "
            "(session_id, user_id, summary, key_facts, last_summarized_message_id, last_summarized_position) "
            "values (%(session)s, %(user_id)s, 'They spoke.', '{one,two}', gen_random_uuid(), %(position)s)",
            session=self.session,
            user_id=self.user_id,
            position=position,
        )


async def test_a_new_conversation_remembers_nothing(memory: PostgresMemory, user_id: str, session: str) -> None:
    found = await memory.load(user_id, session, "prime-boss")
    assert (found.profile, found.facts, found.summary, found.history) == (Profile(), [], "", [])


async def test_history_comes_oldest_first_as_the_model_reads_it(
    memory: PostgresMemory, user_id: str, session: str, say: Say
) -> None:
    say("user", "question")
    say("assistant", "", '{"tool_calls": [{"name": "totals", "args": {}, "id": "c", "type": "tool_call"}]}')
    say("tool", "{}", '{"tool_call_id": "c", "name": "totals", "status": "success"}')
    say("assistant", "answer", '{"feedback": {"type": "like"}}')
    say("system", "note")
    found = await memory.load(user_id, session, "prime-boss")
    assert [type(message) for message in found.history] == [
        HumanMessage,
        AIMessage,
        ToolMessage,
        AIMessage,
        SystemMessage,
    ]
    call, result = found.history[1], found.history[2]
    assert isinstance(call, AIMessage)
    assert isinstance(result, ToolMessage)
    assert (call.tool_calls[0]["id"], result.tool_call_id, result.name) == ("c", "c", "totals")


async def test_only_the_newest_messages_are_read(memory: PostgresMemory, user_id: str, session: str, say: Say) -> None:
    for number in range(MAX_HISTORY_ROWS + 10):
        say("user", f"message {number}")
    history = (await memory.load(user_id, session, "prime-boss")).history
    assert [message.text for message in history] == [f"message {number}" for number in range(10, MAX_HISTORY_ROWS + 10)]


async def test_what_the_summary_covers_is_not_read_again(
    memory: PostgresMemory, user_id: str, session: str, say: Say
) -> None:
    say("user", "old")
    say.summary(say("assistant", "old answer"))
    say("user", "new")
    found = await memory.load(user_id, session, "prime-boss")
    assert [message.text for message in found.history] == ["new"]
    assert found.summary == "They spoke.\n- one\n- two"


async def test_history_is_of_this_session_only(
    memory: PostgresMemory, user_id: str, session: str, say: Say, sql: Sql
) -> None:
    [other] = sql(
        "insert into chat_sessions (user_id, employee_slug) values (%(o)s, 'tag-ai') returning id::text", o=user_id
    )
    say("user", "here")
    Say(sql, user_id, other["id"])("user", "elsewhere")
    history = (await memory.load(user_id, session, "prime-boss")).history
    assert [message.text for message in history] == ["here"]


async def test_an_employee_knows_the_global_facts_and_its_own_the_latest_first(
    memory: PostgresMemory, user_id: str, session: str, say: Say
) -> None:
    say.fact("older", age=2)
    say.fact("newer", age=1)
    say.fact("for tag", "tag-ai")
    say.fact("for prime", "prime-boss")
    say.fact("not pinned", pinned=False)
    assert (await memory.load(user_id, session, "prime-boss")).facts == ["for prime", "newer", "older"]
    assert (await memory.load(user_id, session, "tag-ai")).facts == ["for tag", "newer", "older"]


async def test_somebody_elses_memory_is_empty(
    memory: PostgresMemory, user_id: str, stranger: str, session: str, say: Say, sql: Sql
) -> None:
    say.fact("mine")
    say.summary(say("user", "mine"))
    say("user", "mine too")
    sql("insert into profiles (user_id, time_zone) values (%(user_id)s, 'Asia/Tokyo')", user_id=user_id)
    found = await memory.load(stranger, session, "prime-boss")
    assert (found.profile, found.facts, found.summary, found.history) == (Profile(), [], "", [])
    assert (await memory.load(user_id, session, "prime-boss")).profile == Profile(time_zone="Asia/Tokyo")


async def test_a_session_that_does_not_exist_remembers_the_user_only(
    memory: PostgresMemory, user_id: str, say: Say
) -> None:
    say.fact("likes tea")
    found = await memory.load(user_id, str(uuid4()), "prime-boss")
    assert (found.facts, found.history) == (["likes tea"], [])


async def test_it_says_whether_the_user_has_a_text_of_the_embedders_model(
    memory: PostgresMemory, sql: Sql, user_id: str, session: str
) -> None:
    embed = (
        "insert into memory_embeddings (user_id, source_id, chunk, embedding, embedding_model) "
        "values (%(user)s, 'note', 'text', array_fill(0.5, array[384])::vector, %(model)s)"
    )
    sql(embed, user=user_id, model="another-model")
    sql(embed, user=str(uuid4()), model="a-model")
    assert not (await memory.load(user_id, session, "prime-boss")).has_embeddings
    sql(embed, user=user_id, model="a-model")
    assert (await memory.load(user_id, session, "prime-boss")).has_embeddings
