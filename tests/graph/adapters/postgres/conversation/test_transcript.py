"""A turn is stored once, in order, with what it took, in one transaction."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graph.adapters.postgres.conversation.transcript import MAX_TITLE_CHARS, PostgresTranscript, to_title
from graph.adapters.postgres.database import Database
from graph.errors import LeaseLost
from graph.ports.memory import TurnRecord
from graph.state import Usage
from tests.support.database import Sql
from tests.support.fakes.ports import words

CALL = {"name": "totals", "args": {"month": "[PERSON_7K3Q9D]"}, "id": "call_0", "type": "tool_call"}
MESSAGES: list[AnyMessage] = [
    HumanMessage("how much did I spend"),
    AIMessage("let me look", tool_calls=[CALL]),
    ToolMessage('{"total": "12.00"}', tool_call_id="call_0", name="totals", status="success"),
    AIMessage("You spent 12."),
]


@pytest.fixture
def transcript(database: Database) -> PostgresTranscript:
    return PostgresTranscript(database, words)


NextTurn = Callable[..., TurnRecord]


@pytest.fixture
def next_turn(user_id: str, session: str, sql: Sql) -> NextTurn:
    """Makes another turn of the session, once the one before has ended."""

    def begin(**changes: Any) -> TurnRecord:
        sql("update chat_runs set status = 'complete' where session_id = %(session)s", session=session)
        run_id = str(uuid4())
        sql(
            "insert into chat_runs (id, session_id, user_id, employee_slug, request_hash, lease_expires_at, created_at) "
            "values (%(run)s, %(session)s, %(user_id)s, 'prime-boss', '', now() + interval '1 hour', "
            "now() - interval '2 seconds')",
            run=run_id,
            session=session,
            user_id=user_id,
        )
        usage = Usage(prompt=100, completion=20, total=120, cost="0.000027", source="provider")
        return replace(TurnRecord(user_id, session, run_id, 1, "prime-boss", "gpt-4o-mini", MESSAGES, usage), **changes)

    return begin


@pytest.fixture
def turn(next_turn: NextTurn) -> TurnRecord:
    return next_turn()


def messages_of(sql: Sql, session: str) -> list[dict[str, object]]:
    return sql(
        "select id::text, role, content, employee_slug, tokens, metadata from chat_messages "
        "where session_id = %(session)s order by position",
        session=session,
    )


async def test_how_an_answer_ended_that_is_no_whole_one_is_stored_and_read_again(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    cut = AIMessage("You spent", response_metadata={"finish": "length", "model_name": "m"})
    await transcript.record(replace(turn, messages=[HumanMessage("how much?"), cut]))
    assert messages_of(sql, turn.session_id)[-1]["metadata"] == {"finish": "length"}
    recorded = await transcript.find(turn.user_id, turn.run_id)
    assert recorded
    assert recorded.messages[-1].response_metadata == {"finish": "length"}


async def test_messages_are_stored_in_order_with_their_calls_and_results(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    await transcript.record(turn)
    stored = messages_of(sql, turn.session_id)
    assert [(row["role"], row["content"], row["employee_slug"], row["tokens"]) for row in stored] == [
        ("user", "how much did I spend", None, 5),
        ("assistant", "let me look", "prime-boss", 3),
        ("tool", '{"total": "12.00"}', "prime-boss", 2),
        ("assistant", "You spent 12.", "prime-boss", 3),
    ]
    assert [row["metadata"] for row in stored] == [
        {},
        {"tool_calls": [CALL]},
        {"tool_call_id": "call_0", "name": "totals", "status": "success"},
        {},
    ]


async def test_the_answers_id_is_given_back(transcript: PostgresTranscript, turn: TurnRecord, sql: Sql) -> None:
    message_id = await transcript.record(turn)
    assert messages_of(sql, turn.session_id)[-1]["id"] == message_id


async def test_a_conversation_keeps_what_brought_in_text_that_its_user_did_not_write(
    transcript: PostgresTranscript, next_turn: NextTurn, sql: Sql
) -> None:
    for sources in (["stored texts"], [], ["anomalies", "stored texts"]):
        turn = next_turn(untrusted_sources=sources)
        await transcript.record(turn)
    [session] = sql("select title, untrusted_sources from chat_sessions where id = %(id)s", id=turn.session_id)
    assert session == {"title": "how much did I spend", "untrusted_sources": ["anomalies", "stored texts"]}


async def test_a_run_is_stored_once_however_often_it_is_asked_for(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    first = await transcript.record(turn)
    assert await transcript.record(turn) == first
    assert await transcript.record(replace(turn, status="stopped", messages=MESSAGES[:1])) == first
    assert len(messages_of(sql, turn.session_id)) == 4
    [usage] = sql("select count(*), sum(total_tokens) as total from chat_usage_log where run_id = %(r)s", r=turn.run_id)
    assert (usage["count"], usage["total"]) == (1, 120)
    [spent] = sql("select day_tokens from chat_rate_limits where user_id = %(user_id)s", user_id=turn.user_id)
    assert spent["day_tokens"] == 120


async def test_asked_twice_at_once_a_run_is_stored_once(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    ids = await asyncio.gather(*(transcript.record(turn) for _ in range(4)))
    assert len(set(ids)) == 1
    assert len(messages_of(sql, turn.session_id)) == 4


async def test_the_sessions_counters_follow(transcript: PostgresTranscript, turn: TurnRecord, sql: Sql) -> None:
    await transcript.record(turn)
    [counted] = sql("select message_count, token_count from chat_sessions where id = %(id)s", id=turn.session_id)
    assert counted == {"message_count": 4, "token_count": 5 + 3 + 2 + 3}


async def test_what_the_turn_took_is_logged(transcript: PostgresTranscript, turn: TurnRecord, sql: Sql) -> None:
    await transcript.record(turn)
    [row] = sql("select * from chat_usage_log where run_id = %(run)s", run=turn.run_id)
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (100, 20, 120)
    assert (row["cost"], row["source"], row["model"]) == (Decimal("0.00002700"), "provider", "gpt-4o-mini")
    assert (row["tools_used"], row["success"], row["error_message"]) == (["totals"], True, None)
    assert 2000 <= row["latency_ms"] < 60_000


async def test_tokens_are_spent_from_the_users_day(
    transcript: PostgresTranscript, next_turn: NextTurn, user_id: str, sql: Sql
) -> None:
    for _ in range(2):
        await transcript.record(next_turn())
    [spent] = sql("select day_tokens, day from chat_rate_limits where user_id = %(user_id)s", user_id=user_id)
    assert spent["day_tokens"] == 240


async def test_a_new_day_begins_at_zero(
    transcript: PostgresTranscript, next_turn: NextTurn, user_id: str, sql: Sql
) -> None:
    await transcript.record(next_turn())
    sql("update chat_rate_limits set day = day - 1 where user_id = %(user_id)s", user_id=user_id)
    await transcript.record(next_turn())
    assert sql("select day_tokens from chat_rate_limits where user_id = %(user_id)s", user_id=user_id) == [
        {"day_tokens": 120}
    ]


@pytest.mark.parametrize(("status", "error"), [("stopped", None), ("failed", "model_timeout")])
async def test_how_a_broken_turn_ended_stands_on_its_last_message(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql, status: str, error: str | None
) -> None:
    await transcript.record(replace(turn, status=status, error=error, messages=MESSAGES[:1]))  # type: ignore[arg-type]
    [row] = messages_of(sql, turn.session_id)
    assert row["metadata"] == {"status": status, "error": error}
    [usage] = sql("select success, error_message from chat_usage_log where run_id = %(run)s", run=turn.run_id)
    assert usage == {"success": False, "error_message": error}


async def test_the_first_question_names_the_session_and_no_later_one(
    transcript: PostgresTranscript, next_turn: NextTurn, session: str, sql: Sql
) -> None:
    await transcript.record(next_turn())
    await transcript.record(next_turn(messages=[HumanMessage("another"), AIMessage("so")]))
    assert sql("select title from chat_sessions where id = %(id)s", id=session) == [{"title": "how much did I spend"}]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("short", "short"),
        ("  two\n lines\t", "two lines"),
        ("x" * MAX_TITLE_CHARS, "x" * MAX_TITLE_CHARS),
        ("x" * (MAX_TITLE_CHARS + 1), "x" * (MAX_TITLE_CHARS - 1) + "…"),
    ],
)
def test_a_title_is_one_short_line(text: str, title: str) -> None:
    assert to_title(text) == title


@pytest.mark.parametrize("before", range(MAX_TITLE_CHARS - 20, MAX_TITLE_CHARS + 2))
def test_a_title_never_ends_within_a_token(before: int) -> None:
    """A token that is cut stays a riddle to its owner."""
    title = to_title("x" * before + " [PERSON_7K3Q9D] and more words to make it long enough")
    assert "[PERSON_7K3Q9D]" in title or "[" not in title


async def test_a_session_of_somebody_else_takes_no_turn(
    transcript: PostgresTranscript, turn: TurnRecord, stranger: str, sql: Sql
) -> None:
    with pytest.raises((LeaseLost, psycopg.errors.ForeignKeyViolation)):
        await transcript.record(replace(turn, user_id=stranger))
    assert messages_of(sql, turn.session_id) == []


async def test_what_cannot_be_stored_whole_is_not_stored_at_all(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    broken = Usage(prompt=1, completion=1, total=2, cost="no number", source="provider")
    with pytest.raises(psycopg.Error):
        await transcript.record(replace(turn, usage=broken))
    assert messages_of(sql, turn.session_id) == []
    await transcript.record(turn)
    assert len(messages_of(sql, turn.session_id)) == 4


async def test_a_run_whose_session_was_deleted_is_not_stored_again(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    await transcript.record(turn)
    sql("delete from chat_sessions where id = %(id)s", id=turn.session_id)
    with pytest.raises(LeaseLost):
        await transcript.record(turn)


async def test_a_turn_of_a_run_that_another_process_has_is_not_stored(
    transcript: PostgresTranscript, turn: TurnRecord, sql: Sql
) -> None:
    sql("update chat_runs set epoch = 2 where id = %(run)s", run=turn.run_id)
    with pytest.raises(LeaseLost):
        await transcript.record(turn)
    assert messages_of(sql, turn.session_id) == []


async def test_a_stored_turn_is_found_as_it_was_stored(transcript: PostgresTranscript, turn: TurnRecord) -> None:
    assert await transcript.find(turn.user_id, turn.run_id) is None
    message_id = await transcript.record(turn)
    found = await transcript.find(turn.user_id, turn.run_id)
    assert found
    assert (found.message_id, found.status, found.error) == (message_id, "complete", None)
    assert [(message.type, message.text) for message in found.messages] == [
        (message.type, message.text) for message in MESSAGES
    ]
    assert found.usage == turn.usage


@pytest.mark.parametrize(("status", "error"), [("stopped", None), ("failed", "model_timeout")])
async def test_a_stored_turn_that_broke_off_is_found_so(
    transcript: PostgresTranscript, turn: TurnRecord, status: str, error: str | None
) -> None:
    await transcript.record(replace(turn, status=status, error=error, messages=MESSAGES[:1]))  # type: ignore[arg-type]
    found = await transcript.find(turn.user_id, turn.run_id)
    assert found
    assert (found.status, found.error) == (status, error)


async def test_another_users_stored_turn_is_not_found(
    transcript: PostgresTranscript, turn: TurnRecord, stranger: str
) -> None:
    await transcript.record(turn)
    assert await transcript.find(stranger, turn.run_id) is None
