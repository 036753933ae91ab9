"""A turn on the wire: its events, its answer, what the model was asked, what it took."""

import json
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from employees.roster import Employee, read_roster
from graph.adapters.models.langchain import LangChainModel, openai_model
from graph.adapters.models.pricing import read_prices
from graph.ports.models import ModelSettings
from migrations.demo.generate import DEMO_USER
from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import ROOT, Server
from tools.catalog import by_name

GROCERIES = "How much did I spend on groceries last month?"
BALANCES = "[[call account_balances_query {}]]"

SPENT = """
select -sum(amount) as spent from transactions
where user_id = %s and category = 'Groceries' and flow = 'expense' and currency = 'USD'
  and posted_at >= date_trunc('month', (now() at time zone 'utc')) - interval '1 month'
  and posted_at < date_trunc('month', (now() at time zone 'utc'))
"""


@pytest.fixture
def demo(server: Server) -> Iterator[Client]:
    with server.client(DEMO_USER) as client:
        yield client


def roles(request: dict[str, Any]) -> list[str]:
    """Who said what in a request to the model, without the system message."""
    assert request["messages"][0]["role"] == "system"
    return [said["role"] for said in request["messages"][1:]]


def employee(slug: str) -> Employee:
    return read_roster(ROOT / "employees", by_name()).find(slug)


# The stream


def test_a_turn_streams_start_call_result_text_and_done_in_this_order(demo: Client) -> None:
    kinds = [event["type"] for event in demo.ask(GROCERIES).events]
    assert re.fullmatch(r"start tool_call tool_result( text)+ done", " ".join(kinds))


def test_every_event_has_an_id_of_run_and_number_counted_from_one(demo: Client) -> None:
    answer = demo.ask(GROCERIES)
    assert [event_id for event_id, _ in answer.frames] == [
        f"{answer.run}:{number}" for number in range(1, len(answer.frames) + 1)
    ]


def test_a_stream_is_an_event_stream_that_nobody_may_store_or_buffer(user: Client) -> None:
    with user.stream("POST", "/api/chat", json={"message": "Hello"}) as response:
        response.read()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["X-Request-Id"]


def test_a_frame_is_an_id_line_and_one_line_of_json(user: Client) -> None:
    text = user.post("/api/chat", json={"message": "Hello"}).text
    *frames, rest = text.split("\n\n")
    assert rest == ""
    for frame in frames:
        event_id, data = frame.split("\n")
        assert event_id.startswith("id: ")
        assert json.loads(data.removeprefix("data: "))["type"]


def test_start_names_the_session_the_run_and_the_employee(server: Server, user: Client) -> None:
    start = user.ask("Hello").events[0]
    [run] = server.sql("select id, session_id from chat_runs where user_id = %s", user.user)
    boss = employee("prime-boss")
    assert start == {
        "type": "start",
        "session_id": str(run["session_id"]),
        "run_id": str(run["id"]),
        "employee": {"slug": "prime-boss", "title": boss.title, "emoji": boss.emoji},
    }


def test_a_tool_call_shows_its_arguments_and_its_result_carries_its_id(demo: Client) -> None:
    answer = demo.ask(GROCERIES)
    [call], [result] = answer.of("tool_call"), answer.of("tool_result")
    assert call.keys() == {"type", "tool"}
    assert call["tool"].keys() == {"id", "name", "args"}
    assert call["tool"]["name"] == "transactions_query"
    assert call["tool"]["args"]["category"] == "Groceries"
    assert result.keys() == {"type", "tool_call_id", "result", "display"}
    assert result["tool_call_id"] == call["tool"]["id"]
    assert result["result"]["status"] == "ok"


def test_done_names_the_stored_answer_and_what_it_took(server: Server, user: Client) -> None:
    answer = user.ask("Hello")
    done = answer.last
    assert done.keys() == {"type", "message_id", "total_tokens", "usage", "status"}
    assert done["usage"].keys() == {"prompt", "completion", "total", "cost", "source"}
    assert done["status"] == "complete"
    assert done["total_tokens"] == done["usage"]["total"] == done["usage"]["prompt"] + done["usage"]["completion"]
    [stored] = server.sql("select role, content from chat_messages where id = %s", done["message_id"])
    assert (stored["role"], stored["content"]) == ("assistant", answer.text)


def test_text_leaves_while_the_model_is_still_speaking(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[say one two three four five six seven eight nine ten]] harbour")
    assert len(answer.of("text")) > 1
    assert answer.text == "one two three four five six seven eight nine ten"


# The answer


def test_the_amount_spent_on_groceries_last_month_is_the_sum_to_the_cent(server: Server, demo: Client) -> None:
    [row] = server.sql(SPENT, DEMO_USER)
    answer = demo.ask(GROCERIES)
    assert isinstance(row["spent"], Decimal)
    assert answer.of("tool_result")[0]["result"]["totals"][0]["spent_net"] == f"{row['spent']:.2f}"
    assert f"${row['spent']:,.2f}" in answer.text


def test_a_user_without_rows_is_told_that_there_are_none(user: Client) -> None:
    answer = user.ask(GROCERIES)
    assert answer.of("tool_result")[0]["result"]["status"] == "no_rows"
    assert not re.search(r"\d+\.\d\d", answer.text)


def test_without_streaming_the_turn_is_one_json_object(server: Server, demo: Client) -> None:
    response = demo.post("/api/chat", json={"message": GROCERIES, "stream": False})
    whole = response.json()
    [row] = server.sql(SPENT, DEMO_USER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert whole.keys() == {
        "message_id",
        "total_tokens",
        "usage",
        "status",
        "content",
        "employee",
        "session_id",
        "run_id",
    }
    assert f"${row['spent']:,.2f}" in whole["content"]
    assert whole["employee"].keys() == {"slug", "title", "emoji"}
    assert whole["status"] == "complete"


def test_without_streaming_the_content_is_what_follows_the_last_tool_result(scripted_user: Client) -> None:
    message = {"message": f"{BALANCES} pelican", "stream": False}
    content = scripted_user.post("/api/chat", json=message).json()["content"]
    assert json.loads(content)["status"] == "no_accounts"


# Sessions and employees


def test_a_message_without_a_session_opens_one(server: Server, user: Client) -> None:
    first, second = user.ask("Hello"), user.ask("Hello")
    assert first.session != second.session
    rows = server.sql("select id from chat_sessions where user_id = %s", user.user)
    assert {str(row["id"]) for row in rows} == {first.session, second.session}


def test_a_session_goes_on_with_its_history(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    first = scripted_user.ask("My favourite colour is teal, lighthouse one.")
    second = scripted_user.ask("And now, lighthouse two?", session_id=first.session)
    [request] = scripted_model.asked("lighthouse two")
    assert second.session == first.session
    assert [said["content"] for said in request["messages"][1:]] == [
        "My favourite colour is teal, lighthouse one.",
        "My favourite colour is teal, lighthouse one.",
        "And now, lighthouse two?",
    ]
    assert roles(request) == ["user", "assistant", "user"]


def test_history_holds_the_calls_and_their_results(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    first = scripted_user.ask(f"{BALANCES} meadow one")
    scripted_user.ask("meadow two", session_id=first.session)
    [request] = scripted_model.asked("meadow two")
    assert roles(request) == ["user", "assistant", "tool", "assistant", "user"]
    call, result = request["messages"][2]["tool_calls"][0], request["messages"][3]
    assert call["function"]["name"] == "account_balances_query"
    assert result["tool_call_id"] == call["id"]


def test_another_session_has_a_history_of_its_own(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    scripted_user.ask("glacier one")
    scripted_user.ask("glacier two")
    [request] = scripted_model.asked("glacier two")
    assert roles(request) == ["user"]


def test_camel_case_names_mean_the_same(server: Server, user: Client) -> None:
    first = user.ask("Hello", employeeSlug="tag-ai")
    second = user.ask("Hello", sessionId=first.session, clientMessageId="the same")
    again = user.ask("Hello", session_id=first.session, client_message_id="the same")
    assert first.events[0]["employee"]["slug"] == "tag-ai"
    assert second.session == first.session
    assert again.run == second.run


def test_the_default_employee_answers_unless_another_is_asked_for(user: Client) -> None:
    assert user.ask("Hello").events[0]["employee"]["slug"] == "prime-boss"
    assert user.ask("Hello", employee_slug="crystal-ai").events[0]["employee"]["slug"] == "crystal-ai"


def test_an_alias_is_as_good_as_a_slug(user: Client) -> None:
    assert user.ask("Hello", employee_slug="blitz").events[0]["employee"]["slug"] == "blitz-ai"


def test_another_employee_on_a_session_takes_it_over(server: Server, user: Client) -> None:
    first = user.ask("Hello", employee_slug="tag-ai")
    handed_over = user.ask("Hello", session_id=first.session, employee_slug="crystal-ai")
    later = user.ask("Hello", session_id=first.session)
    assert handed_over.session == later.session == first.session
    assert handed_over.events[0]["employee"]["slug"] == "crystal-ai"
    assert later.events[0]["employee"]["slug"] == "crystal-ai"
    [session] = server.sql("select employee_slug from chat_sessions where id = %s", first.session)
    assert session["employee_slug"] == "crystal-ai"


def test_after_a_hand_over_the_history_stays_and_the_prompt_is_the_new_employees(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    first = scripted_user.ask("orchard one", employee_slug="tag-ai")
    scripted_user.ask("orchard two", session_id=first.session, employee_slug="crystal-ai")
    [request] = scripted_model.asked("orchard two")
    system = request["messages"][0]["content"]
    assert roles(request) == ["user", "assistant", "user"]
    assert employee("crystal-ai").prompt in system
    assert employee("tag-ai").prompt not in system


def test_an_unknown_employee_is_not_found_and_nothing_is_stored(server: Server, user: Client) -> None:
    response = user.post("/api/chat", json={"message": "Hello", "employee_slug": "nobody"})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "unknown_employee"
    assert server.sql("select id from chat_sessions where user_id = %s", user.user) == []


def test_an_unknown_session_is_not_found(user: Client) -> None:
    response = user.post("/api/chat", json={"message": "Hello", "session_id": str(uuid.uuid4())})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


# What the model is asked


@pytest.mark.parametrize("slug", ["tag-ai", "goalie-ai"])
def test_the_model_is_asked_as_the_employees_file_says(
    slug: str, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    scripted_user.ask(f"canyon for {slug}", employee_slug=slug)
    [request] = scripted_model.asked(f"canyon for {slug}")
    settings = employee(slug).settings
    assert request["temperature"] == settings.temperature
    assert request.get("max_tokens", request.get("max_completion_tokens")) == settings.max_tokens
    assert [tool["function"]["name"] for tool in request["tools"]] == list(employee(slug).tools)
    assert employee(slug).prompt in request["messages"][0]["content"]


async def test_a_temperature_of_zero_reaches_the_model_as_zero(scripted_model: ScriptedModel) -> None:
    chat = openai_model("any", key=None, base_url=scripted_model.address, timeout=5)
    model = LangChainModel({"small": chat}, {"small": "any"}, first_token=5, total=5)
    async for _ in model.stream([HumanMessage("zero degrees")], (), ModelSettings(temperature=0.0)):
        pass
    await chat.root_async_client.close()
    [request] = scripted_model.asked("zero degrees")
    assert request["temperature"] == 0


def test_the_default_model_is_asked_for(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    scripted_user.ask("plain estuary")
    [request] = scripted_model.asked("plain estuary")
    assert request["model"] == "gpt-4o-mini"


# Rounds of tools


def test_calls_of_one_round_run_together_and_each_has_its_result(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    answer = scripted_user.ask(f"{BALANCES} [[call transaction_category_totals {{}}]] twin rivers")
    kinds = [event["type"] for event in answer.events]
    calls = [event["tool"]["id"] for event in answer.of("tool_call")]
    assert kinds[:5] == ["start", "tool_call", "tool_call", "tool_result", "tool_result"]
    assert {event["tool_call_id"] for event in answer.of("tool_result")} == set(calls)
    _, second = scripted_model.asked("twin rivers")
    assert roles(second) == ["user", "assistant", "tool", "tool"]
    assert [said["tool_call_id"] for said in second["messages"][3:]] == calls


def test_a_model_may_call_again_after_a_result(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    answer = scripted_user.ask("[[rounds 2 account_balances_query {}]] double delta")
    requests = scripted_model.asked("double delta")
    assert [event["type"] for event in answer.events[:5]] == [
        "start",
        "tool_call",
        "tool_result",
        "tool_call",
        "tool_result",
    ]
    assert len(requests) == 3
    assert roles(requests[-1]) == ["user", "assistant", "tool", "assistant", "tool"]
    assert answer.last["status"] == "complete"


def test_after_five_rounds_the_model_is_asked_without_tools_and_has_to_answer(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    answer = scripted_user.ask("[[rounds 99 account_balances_query {}]] endless prairie")
    requests = scripted_model.asked("endless prairie")
    assert len(answer.of("tool_call")) == 5
    assert [bool(request.get("tools")) for request in requests] == [True] * 5 + [False]
    assert answer.text
    assert answer.last["status"] == "complete"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("no_such_tool {}", "there is no tool 'no_such_tool'"),
        ("account_balances_query {broken", "not valid JSON"),
        ('transactions_query {"limit": "many"}', "limit"),
        ('transactions_query {"limit": 100000}', "limit"),
        ('transactions_query {"no_such_filter": 1}', "no_such_filter"),
        ('transactions_query {"start_date": "yesterday-ish"}', "start_date"),
    ],
)
def test_a_call_that_cannot_be_made_gives_the_model_an_error_and_the_turn_goes_on(
    call: str, told: str, scripted_user: Client
) -> None:
    answer = scripted_user.ask(f"[[call {call}]]")
    [result] = answer.of("tool_result")
    assert told in result["result"]["error"]
    assert answer.text == json.dumps(result["result"], ensure_ascii=False)
    assert answer.last["status"] == "complete"


def test_a_tool_that_the_employee_does_not_have_is_unknown_to_it(scripted_user: Client) -> None:
    answer = scripted_user.ask(BALANCES, employee_slug="byte-docs")
    assert "there is no tool" in answer.of("tool_result")[0]["result"]["error"]


def test_one_bad_call_does_not_spoil_the_others_of_its_round(scripted_user: Client) -> None:
    answer = scripted_user.ask(f"[[call no_such_tool {{}}]] {BALANCES}")
    failed, worked = sorted(answer.of("tool_result"), key=lambda event: "status" in event["result"])
    assert "error" in failed["result"]
    assert worked["result"]["status"] == "no_accounts"


# What text may hold


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800", r"\u2028", r"\u0085"])
def test_whatever_characters_a_model_writes_the_turn_ends_and_is_stored(
    escape: str, scripted: Server, scripted_user: Client
) -> None:
    answer = scripted_user.ask(f"[[raw before {escape}after]]")
    assert answer.last["type"] == "done"
    assert answer.text.replace("\u2028", "").replace("\x85", "") == "before after"
    [stored] = scripted.sql("select content from chat_messages where id = %s", answer.last["message_id"])
    assert stored["content"] == answer.text


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800"])
def test_whatever_characters_a_model_puts_into_arguments_the_turn_goes_on(escape: str, scripted_user: Client) -> None:
    answer = scripted_user.ask(f'[[call transactions_query {{"merchant": "x{escape}y"}}]]')
    assert answer.last["type"] == "done"
    assert answer.of("tool_result")[0]["result"]["status"] == "no_rows"


# What it took


def test_the_providers_numbers_are_summed_over_the_turns_calls(scripted: Server, scripted_user: Client) -> None:
    answer = scripted_user.ask(BALANCES)
    assert answer.last["usage"] == {
        "prompt": 20,
        "completion": 10,
        "total": 30,
        "cost": answer.last["usage"]["cost"],
        "source": "provider",
    }


def test_the_cost_is_that_of_the_price_table(scripted_user: Client) -> None:
    price = read_prices()["gpt-4o-mini"]
    cost = Decimal(scripted_user.ask("cheap basin").last["usage"]["cost"])
    assert cost == (10 * price.prompt + 5 * price.completion) / 1_000_000
    assert cost > 0


def test_the_offline_models_tokens_are_counted_and_cost_nothing(user: Client) -> None:
    usage = user.ask("Hello").last["usage"]
    assert usage["source"] == "counted"
    assert usage["prompt"] > 100
    assert usage["completion"] > 0
    assert Decimal(usage["cost"]) == 0


def test_the_usage_log_holds_the_turn(scripted: Server, scripted_user: Client) -> None:
    answer = scripted_user.ask(BALANCES)
    [row] = scripted.sql("select * from chat_usage_log where run_id = %s", answer.run)
    usage = answer.last["usage"]
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (20, 10, 30)
    assert row["cost"] == Decimal(usage["cost"])
    assert (row["source"], row["model"], row["employee_slug"]) == ("provider", "gpt-4o-mini", "prime-boss")
    assert row["tools_used"] == ["account_balances_query"]
    assert row["success"]
    assert row["latency_ms"] > 0


def test_a_turn_is_stored_message_by_message(scripted: Server, scripted_user: Client) -> None:
    answer = scripted_user.ask(f"{BALANCES} marble quarry")
    rows = scripted.sql(
        "select role, content, run_id, employee_slug from chat_messages where session_id = %s order by position",
        answer.session,
    )
    [session] = scripted.sql("select * from chat_sessions where id = %s", answer.session)
    assert [row["role"] for row in rows] == ["user", "assistant", "tool", "assistant"]
    assert rows[0]["content"] == f"{BALANCES} marble quarry"
    assert rows[-1]["content"] == answer.text
    assert {str(row["run_id"]) for row in rows} == {answer.run}
    assert session["message_count"] == 4
    assert session["title"] == f"{BALANCES} marble quarry"[:60]
