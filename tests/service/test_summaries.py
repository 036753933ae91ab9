"""Summaries of long conversations: made by a job, read by the next turn, never in its way."""

from typing import Any

from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server
from tests.support.waiting import wait_until

DUE = 12
"""Turns after which a conversation is summarised."""


def talk(client: Client, word: str, turns: int) -> str:
    """A conversation of so many turns; the session."""
    session = client.ask(f"{word} number 1").session
    for number in range(2, turns + 1):
        assert client.ask(f"{word} number {number}", session_id=session).last["status"] == "complete"
    return session


def summary_of(server: Server, session: str, seconds: float = 15) -> dict[str, Any]:
    """The summary, as soon as there is one."""
    query = "select * from chat_session_summaries where session_id = %s"
    return wait_until(lambda: server.sql(query, session), seconds, "there is no summary")[0]


def test_a_long_conversation_is_summarised_and_the_next_prompt_holds_the_summary_and_the_rest(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = talk(scripted_user, "thistle", DUE)
    row = summary_of(scripted, session)
    covered = scripted.sql(
        "select content from chat_messages where session_id = %s and position <= %s and role = 'user' order by position",
        session,
        row["last_summarized_position"],
    )
    scripted_user.ask("burdock", session_id=session)
    [request] = scripted_model.asked("burdock")
    system, *said = [message["content"] for message in request["messages"]]
    assert row["summary"] == "They spoke of a heliotrope plan."
    assert row["key_facts"] == ["The plan is heliotrope."]
    assert [each["content"] for each in covered] == [f"thistle number {number}" for number in range(1, DUE - 1)]
    assert "They spoke of a heliotrope plan." in system
    assert "The plan is heliotrope." in system
    assert said == [
        f"thistle number {DUE - 1}",
        f"thistle number {DUE - 1}",
        f"thistle number {DUE}",
        f"thistle number {DUE}",
        "burdock",
    ]


def test_a_summary_can_be_found_from_another_conversation(scripted: Server, scripted_user: Client) -> None:
    session = talk(scripted_user, "sorrel", DUE)
    summary_of(scripted, session)
    [row] = scripted.sql("select * from memory_embeddings where user_id = %s", scripted_user.user)
    assert "heliotrope" in row["chunk"]
    assert row["source_id"] == f"session:{session}"


def test_a_deleted_session_takes_its_summary_with_it(scripted: Server, scripted_user: Client) -> None:
    session = talk(scripted_user, "yarrow", DUE)
    summary_of(scripted, session)
    assert scripted_user.delete(f"/api/sessions/{session}").status_code == 204
    assert scripted.sql("select * from chat_session_summaries where session_id = %s", session) == []
    assert scripted.sql("select * from memory_embeddings where user_id = %s", scripted_user.user) == []


def test_a_short_conversation_is_not_summarised(scripted: Server, scripted_user: Client) -> None:
    session = talk(scripted_user, "comfrey", DUE - 1)
    jobs = scripted.sql("select id from jobs.procrastinate_jobs where args ->> 'session_id' = %s", session)
    assert jobs == []


def test_a_summary_that_fails_harms_no_turn(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = talk(scripted_user, "[[no summary]] tansy", DUE)
    wait_until(lambda: failed_summaries(scripted_model, "tansy"), failure="no summary was asked for")
    answer = scripted_user.ask("mugwort", session_id=session)
    [request] = scripted_model.asked("mugwort")
    assert answer.last["status"] == "complete"
    assert len(request["messages"]) == 2 + 2 * DUE
    assert scripted.sql("select * from chat_session_summaries where session_id = %s", session) == []


def failed_summaries(model: ScriptedModel, word: str) -> list[dict[str, Any]]:
    """The requests for a summary of a conversation in which a word occurs."""
    return [
        body for body in model.requests if "previous_summary" in body["messages"][-1]["content"] and word in str(body)
    ]
