"""Models that keep to the protocol more or less: what they say arrives, is counted once, and is reported as what it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server


@pytest.fixture(autouse=True)
def well_again(scripted: Server) -> Iterator[None]:
    """Each test leaves a model behind that has answered."""
    yield
    with scripted.client() as client:
        assert client.ask("well again").text == "well again"


def messages_of(client: Client, session: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/api/sessions/{session}/messages").json()["items"]
    return items


def spent(client: Client) -> int:
    return sum(item["total_tokens"] for item in client.get("/api/usage", params={"days": 1}).json()["items"])


@pytest.mark.parametrize(
    "name", ["choice_without_delta", "content_in_parts", "bare_data", "usage_in_every_chunk", "thoughts"]
)
def test_words_arrive_whatever_the_stream_is_like(name: str, scripted_user: Client) -> None:
    answer = scripted_user.ask(f"[[odd {name}]]")
    assert (answer.text, answer.last["status"], "finish" in answer.last) == ("two words", "complete", False)


@pytest.mark.parametrize("name", ["call_without_index", "name_in_every_chunk"])
def test_a_call_is_made_however_it_is_written(name: str, scripted_user: Client) -> None:
    answer = scripted_user.ask(f"[[odd {name}]] [[then say done]]")
    assert [event["tool"]["name"] for event in answer.of("tool_call")] == ["account_balances_query"]
    assert answer.text == "done"


def test_a_call_that_is_written_as_text_is_made_and_stored_as_a_call(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[odd call_as_text]] [[then say done]]")
    assert [event["tool"]["name"] for event in answer.of("tool_call")] == ["account_balances_query"]
    assert answer.text.split() == ["I", "look.", "done"]
    _, called, result, last = messages_of(scripted_user, answer.session)
    assert called["metadata"]["tool_calls"][0]["name"] == "account_balances_query"
    assert (called["content"].strip(), result["role"], last["content"]) == ("I look.", "tool", "done")
    assert spent(scripted_user) == 1010 + 15


def test_after_a_call_as_text_that_cannot_be_run_the_model_is_asked_once_more(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[odd unknown_call_as_text]] [[still say two words]]")
    assert (answer.text, answer.last["status"]) == ("two words", "complete")
    assert [item["content"] for item in messages_of(scripted_user, answer.session)[1:]] == ["two words"]
    assert spent(scripted_user) == 1010 + 15


def test_a_second_such_call_is_an_error_and_both_replies_are_counted(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[odd unknown_call_as_text]] [[still odd unknown_call_as_text]]")
    assert (answer.text, answer.last["type"], answer.last["code"]) == ("", "error", "model_call_unreadable")
    assert spent(scripted_user) == 2020


def test_a_character_that_comes_in_two_halves_is_shown_and_stored(scripted_user: Client) -> None:
    answer = scripted_user.ask("[[odd split_character]]")
    assert answer.text == messages_of(scripted_user, answer.session)[-1]["content"] == "🐖"


def test_usage_that_is_told_in_every_chunk_counts_once(scripted_user: Client) -> None:
    assert scripted_user.ask("[[odd usage_in_every_chunk]]").last["usage"]["total"] == 1010
    assert spent(scripted_user) == 1010


# Thoughts -------------------------------------------------------------------------------------------------------------


def test_thoughts_are_neither_stored_nor_sent_again(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    answer = scripted_user.ask("[[odd thoughts]] cedar")
    scripted_user.ask("cedar and now?", session_id=answer.session)
    [request] = scripted_model.asked("cedar and now?")
    assert "account is low" not in str([*request["messages"], *messages_of(scripted_user, answer.session)])


def test_thoughts_that_no_tag_announced_are_taken_back_and_later_ones_not_shown(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    first = scripted_user.ask("[[odd thoughts_unopened]] spruce")
    kinds = [event["type"] for event in first.events]
    after = first.events[kinds.index("restart") :]
    assert "".join(event["content"] for event in after if event["type"] == "text") == "two words"
    assert scripted_user.follow(first.run).frames == first.frames
    second = scripted_user.ask("[[odd thoughts_unopened]] spruce again", session_id=first.session)
    assert (second.text, second.of("restart")) == ("two words", [])
    [request] = scripted_model.asked("spruce again")
    assert "account is low" not in str([*request["messages"], *messages_of(scripted_user, first.session)])


# How an answer ended --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "finish"), [("cut_at_length", "length"), ("refusal", "refusal")])
def test_an_answer_that_is_no_whole_one_says_so_in_done_and_in_the_history(
    name: str, finish: str, scripted_user: Client
) -> None:
    answer = scripted_user.ask(f"[[odd {name}]]")
    assert (answer.text, answer.last["status"], answer.last["finish"]) == ("two words", "complete", finish)
    assert messages_of(scripted_user, answer.session)[-1]["metadata"] == {"finish": finish}
    whole = scripted_user.post("/api/chat", json={"message": f"[[odd {name}]]", "stream": False}).json()
    assert (whole["status"], whole["finish"]) == ("complete", finish)


FAULTS = {
    "thoughts_only": ("model_out_of_tokens", "reached its token limit"),
    "blank": ("model_error", "empty answer"),
    "filtered": ("model_refused", "try another wording"),
    "broken_off": ("model_unavailable", "was cut off"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_is_none_is_an_error_that_says_why_and_its_tokens_are_counted(
    name: str, scripted_user: Client
) -> None:
    code, words = FAULTS[name]
    last = scripted_user.ask(f"[[odd {name}]]").last
    assert (last["type"], last["code"]) == ("error", code)
    assert words in last["error"]
    assert spent(scripted_user) == 1010


def test_a_stopped_answer_is_counted_with_its_prompt(scripted: Server, scripted_user: Client) -> None:
    with scripted_user.stream(
        "POST", "/api/chat", json={"message": "[[slow 0.2]] [[say one two three four]]"}
    ) as begun:
        lines = begun.iter_lines()
        run = next(line for line in lines if '"run_id"' in line).partition('"run_id":"')[2][:36]
        next(line for line in lines if '"text"' in line)
        scripted_user.post(f"/api/runs/{run}/stop")
    usage = scripted_user.follow(run).last["usage"]
    assert usage["prompt"] > 1000
    assert usage["completion"] > 0
    assert spent(scripted_user) == usage["total"]


def test_a_refused_call_of_the_model_costs_nothing(scripted_user: Client) -> None:
    scripted_user.ask("[[status 500]]")
    scripted_user.ask("[[status 402]]")
    assert spent(scripted_user) == 0


@pytest.mark.parametrize("order", ["[[status 400]]", "[[odd broken_off]]", "[[end SAFETY]] [[silent]]"])
def test_after_a_failed_turn_user_and_assistant_still_speak_in_turn(
    order: str, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask(f"{order} yew").session
    word = f"yew and now? {order[2:-2]}"
    scripted_user.ask(word, session_id=session)
    [request] = scripted_model.asked(word)
    assert [said["role"] for said in request["messages"]] == ["system", "user", "assistant", "user"]


# Whose fault it is ----------------------------------------------------------------------------------------------------

OPERATORS = {
    "[[status 402]]": "the account has no credit",
    '[[status 429]] [[body {"error": {"code": "insufficient_quota", "message": "no"}}]]': "quota is used up",
    '[[status 400]] [[body {"error": {"message": "gemma does not support tools"}}]]': "the model takes no tools",
}


@pytest.mark.parametrize("order", OPERATORS)
def test_what_the_operator_has_to_mend_is_told_to_the_operator(
    order: str, scripted: Server, scripted_user: Client
) -> None:
    last = scripted_user.ask(order).last
    assert last["code"] == "model_refused"
    assert last["error"].endswith("tell those who run the service.")
    ready = scripted_user.get("/ready")
    assert ready.status_code == 200
    assert OPERATORS[order] in ready.json()["providers"]
    assert 'chat_provider_faults_total{fault="' in scripted_user.get("/metrics").text
    assert "provider_unavailable" in scripted.log.read_text()
    scripted_user.ask("elm")
    assert "providers" not in scripted_user.get("/ready").json()
