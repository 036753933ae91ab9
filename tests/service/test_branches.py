"""A message is edited or answered anew: the history keeps both branches, the employee reads one."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.replay.check import assert_unchanged
from graph.replay.play import current_checkout
from tests.replay.scenarios import recorded
from tests.service.test_busy_session import ENDLESS, active, asking, begin, until_waiting
from tests.service.test_summaries import DUE, summary_of, talk
from tests.support.clients import Answer, Client, events_of
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server

SLOW = "[[slow 0.05]] [[say " + "slowly " * 20 + "]]"


def messages(client: Client, session: str, branches: str = "current") -> list[dict[str, Any]]:
    found = client.get(f"/api/sessions/{session}/messages", params={"limit": 100, "branches": branches})
    assert found.status_code == 200
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def said(client: Client, session: str, branches: str = "current") -> list[str]:
    return [item["content"] for item in messages(client, session, branches)]


def id_of(client: Client, session: str, content: str) -> str:
    """Of the message with this content that the user has written in the current branch."""
    [found] = [
        item["id"] for item in messages(client, session) if item["content"] == content and item["role"] == "user"
    ]
    return str(found)


def regenerate(client: Client, session: str, **fields: Any) -> Answer:
    """Ask for the last answer anew and read its stream to the end."""
    headers = fields.pop("headers", {})
    path = f"/api/sessions/{session}/regenerate"
    with client.stream("POST", path, json=fields or None, headers=headers) as response:
        assert response.status_code == 200, response.read()
        return Answer(list(events_of(response)))


def read_by(model: ScriptedModel, words: str) -> list[list[str]]:
    """What the model was sent beside the rules, each time the last message held these words."""
    return [[each["content"] for each in body["messages"][1:]] for body in model.asked(words)]


# Edit -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "new"), [("edit_message_id", "burnet number 1"), ("editMessageId", "burnet number 2")]
)
def test_an_edit_in_the_middle_goes_on_from_before_the_message(
    scripted_user: Client, scripted_model: ScriptedModel, name: str, new: str
) -> None:
    session = scripted_user.ask("quince").session
    for fruit in ("medlar", "sloe"):
        scripted_user.ask(fruit, session_id=session)
    edit = scripted_user.ask(new, session_id=session, **{name: id_of(scripted_user, session, "medlar")})
    after = scripted_user.ask(f"rather than {new}", session_id=session)
    assert edit.session == after.session == session
    before = ["quince", "quince", new]
    assert read_by(scripted_model, new) == [before, [*before, new, f"rather than {new}"]]


def test_the_history_shows_the_current_branch_and_keeps_the_other(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    scripted_user.ask("medlar", session_id=session)
    edit = scripted_user.ask("damson", session_id=session, edit_message_id=id_of(scripted_user, session, "medlar"))
    assert said(scripted_user, session) == ["quince", "quince", "damson", "damson"]
    both = [(item["content"], item["superseded_by"]) for item in messages(scripted_user, session, "all")]
    assert both == [
        *[("quince", None)] * 2,
        *[("medlar", edit.run)] * 2,
        *[("damson", None)] * 2,
    ]
    assert {item["run_id"] for item in messages(scripted_user, session) if item["content"] == "damson"} == {edit.run}
    assert scripted_user.get(f"/api/sessions/{session}").json()["message_count"] == 4


def test_all_branches_are_paged_like_one(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    for fruit in ("medlar", "damson"):
        question = messages(scripted_user, session)[0]["id"]
        scripted_user.ask(fruit, session_id=session, edit_message_id=question)
    told: list[str] = []
    query: dict[str, Any] = {"limit": 4, "branches": "all"}
    while True:
        page = scripted_user.get(f"/api/sessions/{session}/messages", params=query).json()
        told = [item["content"] for item in page["items"]] + told
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert told == ["quince", "quince", "medlar", "medlar", "damson", "damson"]


def test_another_word_for_the_branches_is_refused(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    refused = scripted_user.get(f"/api/sessions/{session}/messages", params={"branches": "old"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")


def test_an_answer_that_was_left_behind_takes_feedback(scripted_user: Client) -> None:
    old = scripted_user.ask("quince")
    scripted_user.ask("medlar", session_id=old.session, edit_message_id=id_of(scripted_user, old.session, "quince"))
    place = f"/api/sessions/{old.session}/messages/{old.last['message_id']}/feedback"
    assert scripted_user.put(place, json={"type": "dislike"}).status_code == 204
    [_, first, *_] = messages(scripted_user, old.session, "all")
    assert first["metadata"]["feedback"]["type"] == "dislike"


def test_an_edit_of_what_a_summary_covers_ends_the_summary(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = talk(scripted_user, "hawthorn", DUE)
    summary_of(scripted, session)
    scripted_user.ask(
        "blackthorn", session_id=session, edit_message_id=id_of(scripted_user, session, "hawthorn number 3")
    )
    [request] = scripted_model.asked("blackthorn")
    assert [each["content"] for each in request["messages"][1:]] == [
        *["hawthorn number 1"] * 2,
        *["hawthorn number 2"] * 2,
        "blackthorn",
    ]
    assert "heliotrope" not in str(request)
    assert scripted.sql("select 1 from chat_session_summaries where session_id = %s", session) == []
    assert scripted.sql("select 1 from memory_embeddings where source_id = %s", f"session:{session}") == []


def test_an_edit_of_what_came_after_the_summary_leaves_it(
    scripted: Server, scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = talk(scripted_user, "rowan", DUE)
    summary_of(scripted, session)
    scripted_user.ask(
        "whitebeam", session_id=session, edit_message_id=id_of(scripted_user, session, f"rowan number {DUE}")
    )
    [request] = scripted_model.asked("whitebeam")
    system, *rest = [each["content"] for each in request["messages"]]
    assert "heliotrope" in system
    assert rest == [*[f"rowan number {DUE - 1}"] * 2, "whitebeam"]


# What cannot be edited ------------------------------------------------------------------------------------------------


@pytest.fixture
def other_user(scripted: Server) -> Iterator[Client]:
    with scripted.client() as client:
        yield client


def test_what_is_not_a_message_of_ones_own_in_the_current_branch_does_not_exist(
    scripted: Server, scripted_user: Client, other_user: Client
) -> None:
    session = scripted_user.ask("quince").session
    gone = id_of(scripted_user, session, "quince")
    answer = scripted_user.ask("medlar", session_id=session, edit_message_id=gone).last["message_id"]
    elsewhere = scripted_user.ask("sloe").session
    theirs = other_user.ask("bullace").session
    runs = scripted.sql("select count(*) from chat_runs where user_id = %s", scripted_user.user)
    before = said(scripted_user, session, "all"), said(other_user, theirs, "all")

    def refused(message_id: str, **fields: Any) -> tuple[int, bytes]:
        body = {"message": "damson", "stream": False, "edit_message_id": message_id, **fields}
        response = scripted_user.post("/api/chat", json=body)
        return response.status_code, response.content

    missing = refused(str(uuid.uuid4()), session_id=session)
    assert missing[0] == 404
    foreign = id_of(other_user, theirs, "bullace")
    for message_id in (foreign, gone, answer, id_of(scripted_user, elsewhere, "sloe")):
        assert refused(message_id, session_id=session) == missing
    assert refused(foreign, session_id=theirs) == missing
    assert refused(id_of(scripted_user, session, "medlar")) == missing
    assert (said(scripted_user, session, "all"), said(other_user, theirs, "all")) == before
    assert scripted.sql("select count(*) from chat_runs where user_id = %s", scripted_user.user) == runs


# A busy session -------------------------------------------------------------------------------------------------------


def test_an_edit_in_a_busy_session_is_refused_like_any_message(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    begun = begin(scripted_user, SLOW, session_id=session)
    body = {"message": "medlar", "session_id": session, "edit_message_id": id_of(scripted_user, session, "quince")}
    refused = scripted_user.post("/api/chat", json=body)
    assert (refused.status_code, refused.json()["error"]["run_id"]) == (409, begun.run)
    again = scripted_user.post(f"/api/sessions/{session}/regenerate")
    assert (again.status_code, again.json()["error"]["run_id"]) == (409, begun.run)
    scripted_user.follow(begun.run)
    assert said(scripted_user, session)[0] == "quince"


def test_an_edit_that_waits_leaves_the_answer_under_way_alone_until_it_is_given(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask("quince").session
    question = id_of(scripted_user, session, "quince")
    begun = begin(scripted_user, SLOW, session_id=session)
    fields = {"session_id": session, "edit_message_id": question, "on_conflict": "enqueue"}
    with asking(scripted_user, "medlar or lovage", **fields) as edit:
        until_waiting(scripted_user, session, 1)
        assert said(scripted_user, session) == ["quince", "quince"]
        answer = scripted_user.follow(begun.run)
        assert edit.result().text == "medlar or lovage"
    assert answer.last["status"] == "complete"
    assert read_by(scripted_model, "medlar or lovage") == [["medlar or lovage"]]
    assert said(scripted_user, session) == ["medlar or lovage"] * 2
    assert said(scripted_user, session, "all")[:4] == ["quince", "quince", SLOW, answer.text]


def test_an_edit_that_interrupts_leaves_the_partial_answer_behind(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask("quince").session
    question = id_of(scripted_user, session, "quince")
    begun = begin(scripted_user, ENDLESS, session_id=session)
    fields = {"session_id": session, "edit_message_id": question, "on_conflict": "interrupt"}
    assert scripted_user.ask("medlar or borage", **fields).text == "medlar or borage"
    assert scripted_user.follow(begun.run).last["status"] == "stopped"
    assert read_by(scripted_model, "medlar or borage") == [["medlar or borage"]]
    assert said(scripted_user, session) == ["medlar or borage"] * 2
    [*_, partial] = [item for item in messages(scripted_user, session, "all") if item["superseded_by"]]
    assert partial["content"].startswith("word")
    assert partial["metadata"]["status"] == "stopped"


def test_a_message_is_edited_again_while_its_edit_is_answered(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    fields = {"session_id": session, "edit_message_id": id_of(scripted_user, session, "quince")}
    begin(scripted_user, ENDLESS, **fields)
    assert scripted_user.ask("medlar", on_conflict="interrupt", **fields).text == "medlar"
    assert said(scripted_user, session) == ["medlar", "medlar"]
    assert said(scripted_user, session, "all")[:3] == ["quince", "quince", ENDLESS]


def test_an_edit_that_waits_can_be_withdrawn(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    question = id_of(scripted_user, session, "quince")
    begun = begin(scripted_user, SLOW, session_id=session)
    with asking(scripted_user, "never", session_id=session, edit_message_id=question, on_conflict="enqueue") as edit:
        [waiting] = until_waiting(scripted_user, session, 1)
        scripted_user.post(f"/api/runs/{waiting}/stop")
        assert [event["type"] for event in edit.result().events] == ["done"]
    answer = scripted_user.follow(begun.run)
    assert said(scripted_user, session) == ["quince", "quince", SLOW, answer.text]


# Regenerate -----------------------------------------------------------------------------------------------------------


def test_the_last_question_is_answered_anew_and_the_old_answer_is_not_read(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask("quince").session
    question = "medlar or savory [[say anew]] [[once say of old]]"
    old = scripted_user.ask(question, session_id=session)
    new = regenerate(scripted_user, session)
    assert (old.text, new.text) == ("of old", "anew")
    assert (new.session, new.run != old.run) == (session, True)
    assert read_by(scripted_model, "savory") == [["quince", "quince", question]] * 2
    assert said(scripted_user, session) == ["quince", "quince", question, "anew"]
    assert said(scripted_user, session, "all") == ["quince", "quince", question, "of old", question, "anew"]


def test_an_answer_is_given_anew_more_than_once(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    session = scripted_user.ask("quince or tarragon").session
    runs = [regenerate(scripted_user, session, stream=True).run for _ in range(3)]
    assert len(set(runs)) == 3
    assert read_by(scripted_model, "tarragon") == [["quince or tarragon"]] * 4
    assert said(scripted_user, session) == ["quince or tarragon"] * 2
    left = [item["superseded_by"] for item in messages(scripted_user, session, "all")]
    assert left == [run for run in (*runs, None) for _ in range(2)]


def test_a_new_answer_comes_as_one_object_and_from_another_employee_if_so_asked(scripted_user: Client) -> None:
    session = scripted_user.ask("quince").session
    body = {"stream": False, "employeeSlug": "tag-ai"}
    answer = scripted_user.post(f"/api/sessions/{session}/regenerate", json=body)
    assert answer.status_code == 200
    assert (answer.json()["content"], answer.json()["employee"]["slug"]) == ("quince", "tag-ai")


def test_a_private_value_is_asked_again_under_the_same_token(scripted: Server, scripted_user: Client) -> None:
    question = "I am Ingrid Abernathy, my card is 4111 1111 1111 1111"
    session = scripted_user.ask(question).session
    assert regenerate(scripted_user, session).text == question
    stored = scripted.sql("select content from chat_messages where session_id = %s", session)
    assert len(stored) == 4
    assert len({row["content"] for row in stored}) == 1
    assert "4111" not in str(stored)
    assert said(scripted_user, session) == [question] * 2


def test_a_new_answer_that_is_stopped_stands_as_far_as_it_came(scripted_user: Client) -> None:
    question = "[[slow 0.05]] [[say " + "word " * 400 + "]] [[once say quince]]"
    session = scripted_user.ask(question).session
    with scripted_user.stream("POST", f"/api/sessions/{session}/regenerate") as response:
        frames = events_of(response)
        started = Answer([next(frames) for _ in range(2)])
        scripted_user.post(f"/api/runs/{started.run}/stop")
        stopped = Answer([*started.frames, *frames])
    assert stopped.last["status"] == "stopped"
    assert said(scripted_user, session) == [question, stopped.text]
    assert said(scripted_user, session, "all") == [question, "quince", question, stopped.text]


def test_a_new_answer_that_fails_stands_and_can_be_asked_for_again(scripted_user: Client) -> None:
    question = "[[say anew]] [[once say half]] [[once cut]]"
    session = scripted_user.ask("quince").session
    failed = scripted_user.ask(question, session_id=session)
    assert failed.last["type"] == "error"
    assert said(scripted_user, session) == ["quince", "quince", question, "half"]
    assert regenerate(scripted_user, session).text == "anew"
    assert said(scripted_user, session) == ["quince", "quince", question, "anew"]


def test_who_interrupts_an_answer_has_the_same_question_answered_anew(
    scripted_user: Client, scripted_model: ScriptedModel
) -> None:
    session = scripted_user.ask("quince").session
    question = f"medlar or costmary [[say anew]] [[once slow 0.05]] [[once say {'word ' * 400}]]"
    begun = begin(scripted_user, question, session_id=session)
    assert regenerate(scripted_user, session, on_conflict="interrupt").text == "anew"
    assert scripted_user.follow(begun.run).last["status"] == "stopped"
    assert read_by(scripted_model, "costmary") == [["quince", "quince", question]] * 2
    assert said(scripted_user, session) == ["quince", "quince", question, "anew"]


def test_a_new_answer_that_waits_is_to_the_last_message_that_waits(scripted_user: Client) -> None:
    begun = begin(scripted_user, SLOW)
    session = begun.session
    with asking(scripted_user, "[[say quince]]", session_id=session, on_conflict="enqueue") as asked:
        until_waiting(scripted_user, session, 1)
        assert regenerate(scripted_user, session, on_conflict="enqueue").text == "quince"
        first = asked.result()
    assert active(scripted_user, session) == []
    slow = scripted_user.follow(begun.run).text
    assert said(scripted_user, session) == [SLOW, slow, "[[say quince]]", "quince"]
    left = [item for item in messages(scripted_user, session, "all") if item["superseded_by"]]
    assert {item["run_id"] for item in left} == {first.run}


def test_nothing_can_be_answered_anew_where_nothing_was_said(
    scripted: Server, scripted_user: Client, other_user: Client
) -> None:
    theirs = other_user.ask("quince").session
    answers = [
        scripted_user.post(f"/api/sessions/{session}/regenerate", json={"stream": False})
        for session in (str(uuid.uuid4()), theirs)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert said(other_user, theirs, "all") == ["quince", "quince"]


# Sent twice -----------------------------------------------------------------------------------------------------------


def test_the_same_edit_with_the_same_key_is_made_once(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    session = scripted_user.ask("quince").session
    fields = {
        "session_id": session,
        "edit_message_id": id_of(scripted_user, session, "quince"),
        "headers": {"Idempotency-Key": "hyssop"},
    }
    first, second = [scripted_user.ask("medlar or hyssop", **fields) for _ in range(2)]
    assert first.frames == second.frames
    assert len(scripted_model.asked("hyssop")) == 1
    assert said(scripted_user, session, "all") == ["quince", "quince", "medlar or hyssop", "medlar or hyssop"]
    body = {"message": "medlar or hyssop", "session_id": session}
    other = scripted_user.post("/api/chat", json=body, headers={"Idempotency-Key": "hyssop"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")


def test_a_new_answer_with_the_same_key_is_given_once(scripted_user: Client, scripted_model: ScriptedModel) -> None:
    session = scripted_user.ask("quince or purslane").session
    by_header = [regenerate(scripted_user, session, headers={"Idempotency-Key": "purslane"}) for _ in range(2)]
    by_field = regenerate(scripted_user, session, client_message_id="purslane")
    assert by_header[0].frames == by_header[1].frames == by_field.frames
    assert len(scripted_model.asked("purslane")) == 2
    assert len(said(scripted_user, session, "all")) == 4


# Recordings -----------------------------------------------------------------------------------------------------------


def test_the_turns_of_all_branches_are_recorded_as_they_were(
    scripted: Server, scripted_user: Client, tmp_path: Path
) -> None:
    session = scripted_user.ask("quince").session
    scripted_user.ask("medlar", session_id=session)
    scripted_user.ask("sloe", session_id=session, edit_message_id=id_of(scripted_user, session, "medlar"))
    begun = begin(scripted_user, SLOW, session_id=session)
    scripted_user.ask(
        "damson", session_id=session, edit_message_id=id_of(scripted_user, session, "quince"), on_conflict="enqueue"
    )
    slow = scripted_user.follow(begun.run).text
    regenerate(scripted_user, session)
    assert said(scripted_user, session, "all") == [
        *["quince"] * 2,
        *["medlar"] * 2,
        *["sloe"] * 2,
        *(SLOW, slow),
        *["damson"] * 4,
    ]
    [*recorded(scripted, session, tmp_path)]
    checkout = current_checkout(tmp_path)
    for file in sorted(tmp_path.glob("*.json")):
        assert_unchanged(file, checkout)
