"""LangGraph Studio runs the service's graph; the tests drive it through the SDK."""

import json
import signal
import uuid
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import BadRequestError, NotFoundError

from migrations.demo.generate import DEMO_USER
from tests.support.studio import Studio, studio_server

NODES = ["redact", "load_memory", "retrieve", "reason", "call_tools", "persist", "summarize"]
PATH = ["redact", "load_memory", "retrieve", "reason", "call_tools", "reason", "persist", "summarize"]

GROCERIES = {"message": "How much did I spend on groceries last month?"}
"""The offline model calls a tool for this question."""

CARD = "4111 1111 1111 1111"


def stream_turn(
    client: SyncLangGraphClient, thread: str, turn_input: Any, *modes: str, **options: Any
) -> dict[str, list[Any]]:
    """Run a turn; return the streamed parts by event."""
    streamed: dict[str, list[Any]] = defaultdict(list)
    for part in client.runs.stream(thread, "chat", input=turn_input, stream_mode=cast(Any, list(modes)), **options):
        streamed[part.event].append(part.data)
    return streamed


def run_turn(client: SyncLangGraphClient, thread: str, turn_input: Any, **options: Any) -> dict[str, Any]:
    """Run a turn; return its last state."""
    last: dict[str, Any] = stream_turn(client, thread, turn_input, "values", **options)["values"][-1]
    return last


def run_error(client: SyncLangGraphClient, thread: str, turn_input: Any) -> dict[str, Any]:
    """Run a turn that fails; return its error."""
    error: dict[str, Any] = stream_turn(client, thread, turn_input, "values")["error"][0]
    return error


def state_before(client: SyncLangGraphClient, thread: str, node: str) -> Any:
    """The first state of the thread whose next node is this one."""
    return [state for state in client.threads.get_history(thread, limit=50) if state["next"] == [node]][-1]


def assistant_id(client: SyncLangGraphClient) -> str:
    (only,) = client.assistants.search()
    assert only["graph_id"] == "chat"
    return str(only["assistant_id"])


# What is shown -----------------------------------------------------------------------------------------------------------


def test_the_drawing_has_the_seven_nodes(client: SyncLangGraphClient) -> None:
    drawing = client.assistants.get_graph(assistant_id(client))
    assert [node["id"] for node in drawing["nodes"]] == ["__start__", *NODES, "__end__"]
    assert {"source": "call_tools", "target": "reason"} in drawing["edges"]


def test_the_form_asks_for_a_message_and_an_employee(client: SyncLangGraphClient) -> None:
    form = client.assistants.get_schemas(assistant_id(client))["input_schema"]
    assert form
    assert {name: field["type"] for name, field in form["properties"].items()} == {
        "message": "string",
        "employee": "string",
    }


def test_all_fields_of_the_context_are_plain_and_may_be_left_empty(client: SyncLangGraphClient) -> None:
    form = client.assistants.get_schemas(assistant_id(client))["context_schema"]
    assert form
    assert {(field["type"], field["default"]) for field in form["properties"].values()} == {
        ("string", ""),
        ("integer", 0),
    }


def test_the_state_has_a_schema(client: SyncLangGraphClient) -> None:
    state = client.assistants.get_schemas(assistant_id(client))["state_schema"]
    assert state
    assert {"question", "recollection", "passages", "messages", "usage"} <= set(state["properties"])


@pytest.mark.parametrize("origin", ["https://smith.langchain.com", "https://eu.smith.langchain.com"])
def test_the_page_of_studio_may_read_it(studio: Studio, origin: str) -> None:
    assert may_read(studio, origin)


@pytest.mark.parametrize("origin", ["https://example.com", "https://evilsmith.langchain.com"])
def test_no_other_page_may_read_it(studio: Studio, origin: str) -> None:
    assert not may_read(studio, origin)


def may_read(studio: Studio, origin: str) -> bool:
    """Whether a browser lets a page of this origin post to the server."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = httpx.options(f"{studio.address}/threads", headers=headers)
    return answer.is_success and answer.headers["access-control-allow-origin"] == origin


# A turn ------------------------------------------------------------------------------------------------------------------


def test_a_turn_streams_through_all_nodes_in_every_mode(client: SyncLangGraphClient, thread: str) -> None:
    streamed = stream_turn(client, thread, GROCERIES, "values", "updates", "messages", "custom")
    assert [node for update in streamed["updates"] for node in update] == PATH
    answer = streamed["values"][-1]["messages"][-1]["content"]
    assert "Groceries" in answer
    events = streamed["custom"]
    assert [event["type"] for event in events[:2]] == ["tool_call", "tool_result"]
    assert "".join(event["content"] for event in events[2:]) == answer
    assert streamed["messages/partial"][-1][0]["content"] == answer


def test_the_answer_is_streamed_in_chunks_and_each_message_once(client: SyncLangGraphClient, thread: str) -> None:
    streamed = stream_turn(client, thread, GROCERIES, "messages")
    words = [message["content"] for (message,) in streamed["messages/partial"] if message["content"]]
    assert len(words) > 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(words))
    names = [name for format_differences in streamed["messages/metadata"] for name in format_differences]
    assert len(names) == len(set(names)) == 4  # the question, the call, its result, the answer


def test_the_history_has_a_state_before_each_node(client: SyncLangGraphClient, thread: str) -> None:
    run_turn(client, thread, GROCERIES)
    history = client.threads.get_history(thread, limit=50)
    assert [state["next"] for state in reversed(history)] == [["__start__"], *([node] for node in PATH), []]


def test_a_turn_is_stored_for_the_demo_user_in_a_session_with_the_threads_id(
    client: SyncLangGraphClient, studio: Studio, thread: str
) -> None:
    stored = run_turn(client, thread, GROCERIES)["message_id"]
    rows = studio.sql(
        "select id::text, user_id::text, role from chat_messages where session_id = %s order by position", thread
    )
    assert [role for _, _, role in rows] == ["user", "assistant", "tool", "assistant"]
    assert {user_id for _, user_id, _ in rows} == {DEMO_USER}
    assert rows[-1][0] == stored


def test_the_next_turn_of_a_thread_remembers_the_one_before(client: SyncLangGraphClient, thread: str) -> None:
    run_turn(client, thread, GROCERIES)
    history = run_turn(client, thread, {"message": "And on rent?"})["recollection"]["history"]
    assert history[0]["content"] == GROCERIES["message"]


def test_an_employee_chosen_by_an_alias_stays(client: SyncLangGraphClient, studio: Studio, thread: str) -> None:
    run_turn(client, thread, {"message": "hello", "employee": "Crystal"})
    run_turn(client, thread, {"message": "hello again", "employee": ""})
    query = "select employee_slug from chat_messages where session_id = %s and role = 'assistant'"
    assert studio.sql(query, thread) == [("crystal-ai",), ("crystal-ai",)]


def test_a_user_in_the_context_takes_the_demo_users_place(
    client: SyncLangGraphClient, studio: Studio, thread: str
) -> None:
    other_user = str(uuid.uuid4())
    result = run_turn(client, thread, GROCERIES, context={"user_id": other_user})["messages"][-2]["content"]
    assert json.loads(result)["matches"] == 0
    assert studio.sql("select user_id::text from chat_sessions where id = %s", thread) == [(other_user,)]


def test_a_card_number_in_the_form_is_masked_by_the_first_node(
    client: SyncLangGraphClient, studio: Studio, thread: str
) -> None:
    state = run_turn(client, thread, {"message": f"My card is {CARD}."})
    assert state["question"].startswith("My card is [CARD_")
    assert CARD not in json.dumps(client.threads.get_state(thread))
    assert CARD not in str(studio.sql("select content from chat_messages where session_id = %s", thread))


def test_no_call_blocks_the_event_loop(client: SyncLangGraphClient, studio: Studio, thread: str) -> None:
    """`langgraph dev` raises an error at any blocking call."""
    run_turn(client, thread, GROCERIES)
    assert "Blocking call" not in studio.log


# Stepping ----------------------------------------------------------------------------------------------------------------


def test_a_turn_pauses_before_a_node_and_resumes(client: SyncLangGraphClient, thread: str) -> None:
    paused = stream_turn(client, thread, GROCERIES, "updates", interrupt_before=["reason"])
    assert [node for update in paused["updates"] for node in update] == [*PATH[:3], "__interrupt__"]
    assert client.threads.get_state(thread)["next"] == ["reason"]
    resumed = stream_turn(client, thread, None, "updates")
    assert [node for update in resumed["updates"] for node in update] == PATH[3:]


def test_a_tool_call_can_be_edited_before_it_runs(client: SyncLangGraphClient, thread: str) -> None:
    messages = run_turn(client, thread, GROCERIES, interrupt_after=["reason"])["messages"]
    messages[-1]["tool_calls"][0]["args"]["category"] = "Entertainment"
    client.threads.update_state(thread, {"messages": messages})
    assert client.threads.get_state(thread)["next"] == ["call_tools"]
    assert "Entertainment" in run_turn(client, thread, None)["messages"][-1]["content"]


def test_the_loaded_memory_can_be_edited_before_the_model_is_called(client: SyncLangGraphClient, thread: str) -> None:
    recollection = run_turn(client, thread, GROCERIES, interrupt_before=["reason"])["recollection"]
    recollection["history"] = [{"type": "human", "content": "hi"}, {"type": "ai", "content": "hello"}]
    client.threads.update_state(thread, {"recollection": recollection})
    state = run_turn(client, thread, None)
    assert [message["content"] for message in state["recollection"]["history"]] == ["hi", "hello"]
    assert "Groceries" in state["messages"][-1]["content"]


def test_an_edit_that_does_not_fit_the_state_is_refused(client: SyncLangGraphClient, thread: str) -> None:
    run_turn(client, thread, GROCERIES, interrupt_before=["reason"])
    with pytest.raises(BadRequestError, match="Field required"):
        client.threads.update_state(thread, {"recollection": {"facts": []}})
    with pytest.raises(BadRequestError, match="type"):
        client.threads.update_state(thread, {"messages": [{"content": "no type"}]})


def test_a_fork_from_an_earlier_state_answers_another_question(client: SyncLangGraphClient, thread: str) -> None:
    first = run_turn(client, thread, GROCERIES)["messages"][-1]["content"]
    earlier = state_before(client, thread, "load_memory")
    question = "How much did I spend on entertainment last month?"
    edit = {"question": question, "messages": [{"type": "human", "content": question}]}
    forked = client.threads.update_state(thread, edit, checkpoint=earlier["checkpoint"])
    second = run_turn(client, thread, None, checkpoint=forked["checkpoint"])["messages"][-1]["content"]
    assert "Groceries" in first
    assert "Entertainment" in second
    assert first in json.dumps(client.threads.get_history(thread, limit=50))


def test_the_same_state_gives_the_same_answer_again(client: SyncLangGraphClient, thread: str) -> None:
    first = run_turn(client, thread, GROCERIES)["messages"][-1]["content"]
    earlier = state_before(client, thread, "reason")
    assert run_turn(client, thread, None, checkpoint=earlier["checkpoint"])["messages"][-1]["content"] == first


# Approvals ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def new_user() -> dict[str, str]:
    """The context of a new user. The number of changes a minute is limited for each user."""
    return {"user_id": str(uuid.uuid4())}


def test_a_write_call_waits_for_an_approval(
    client: SyncLangGraphClient, studio: Studio, thread: str, new_user: dict[str, str]
) -> None:
    streamed = stream_turn(client, thread, goal_named(thread), "custom", "updates", context=new_user)
    [request] = [event for event in streamed["custom"] if event["type"] == "approval_required"]
    assert (request["tool"], request["args"]["name"]) == ("create_goal", thread)
    assert streamed["updates"][-1]["__interrupt__"][0]["value"] == ["create_goal"]
    assert client.threads.get_state(thread)["next"] == ["call_tools"]
    assert goals(studio, thread) == 0


def test_the_word_approve_makes_the_call_once(
    client: SyncLangGraphClient, studio: Studio, thread: str, new_user: dict[str, str]
) -> None:
    run_turn(client, thread, goal_named(thread), context=new_user)
    messages = run_turn(client, thread, None, context=new_user, command={"resume": "approve"})["messages"]
    assert [message["status"] for message in messages if message["type"] == "tool"] == ["success"]
    assert client.threads.get_state(thread)["next"] == []
    assert goals(studio, thread) == 1


@pytest.mark.parametrize("word", ["reject", True, {"approve": True}])
def test_any_other_resume_value_rejects_the_call(
    client: SyncLangGraphClient, studio: Studio, thread: str, new_user: dict[str, str], word: object
) -> None:
    run_turn(client, thread, goal_named(thread), context=new_user)
    messages = run_turn(client, thread, None, context=new_user, command={"resume": word})["messages"]
    [result] = [message for message in messages if message["type"] == "tool"]
    assert (result["status"], "the user rejected this call" in result["content"]) == ("error", True)
    assert goals(studio, thread) == 0


def goal_named(name: str) -> dict[str, str]:
    """A message for which the offline model creates a goal with this name."""
    arguments = json.dumps({"name": name, "target_amount": "100.00", "currency": "USD"})
    return {"message": f"CALL:create_goal:{arguments}", "employee": "goalie-ai"}


def goals(studio: Studio, name: str) -> int:
    [(count,)] = studio.sql("select count(*) from goals where name = %s", name)
    return int(count)


# What goes wrong ---------------------------------------------------------------------------------------------------------


def test_an_unknown_employee_is_an_error_that_names_the_known_ones(client: SyncLangGraphClient, thread: str) -> None:
    error = run_error(client, thread, {"message": "hello", "employee": "nobody"})
    assert error["error"] == "UnknownEmployee"
    assert "prime-boss" in error["message"]


def test_a_thread_whose_session_belongs_to_another_user_is_an_error(
    client: SyncLangGraphClient, studio: Studio, thread: str
) -> None:
    user_id = str(uuid.uuid4())
    studio.sql("insert into chat_sessions (id, user_id, employee_slug) values (%s, %s, 'prime-boss')", thread, user_id)
    error = run_error(client, thread, GROCERIES)
    assert error["error"] == "NotFound"
    assert "another user" in error["message"]
    assert studio.sql("select user_id::text from chat_sessions where id = %s", thread) == [(user_id,)]


def test_a_deleted_thread_is_an_error(client: SyncLangGraphClient, thread: str) -> None:
    client.threads.delete(thread)
    with pytest.raises(NotFoundError, match="not found"):
        run_turn(client, thread, GROCERIES)


# Its process -------------------------------------------------------------------------------------------------------------


def test_ctrl_c_stops_everything_that_was_started(tmp_path: Path) -> None:
    with studio_server(tmp_path) as studio:
        assert studio.sql("select count(*) > 0 from transactions where user_id = %s", DEMO_USER) == [(True,)]
        studio.interrupt()
    assert studio.process.returncode in (0, -signal.SIGINT)
    assert "Stopping PostgreSQL" in studio.log
    assert not (tmp_path / "data" / "postgres" / "data" / "postmaster.pid").exists()
