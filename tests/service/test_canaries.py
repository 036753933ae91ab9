"""What a user tells in confidence is nowhere in clear: not in the database, its files, the logs, nor at the model."""

import base64
import json
import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from graph.replay.check import assert_unchanged
from graph.replay.play import current_checkout
from tests.audit.canary import TRACKED, Canaries, Canary, dump, found_in
from tests.replay.scenarios import recorded
from tests.support.clients import Answer, Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running
from tests.support.waiting import wait_until

TURNS = 50


# What is told ---------------------------------------------------------------------------------------------------------


@dataclass
class Story:
    """A user's life with the service, up to and beyond a crash of it."""

    server: Server
    user_id: Client
    stranger: Client
    canaries: Canaries
    model: ScriptedModel
    answers: list[tuple[Canary, Answer]] = field(default_factory=list)
    fact: Canary | None = None
    comment: Canary | None = None
    title: Canary | None = None
    profile: Canary | None = None
    failed: Canary | None = None
    stopped: Canary | None = None
    killed: Canary | None = None
    edited: Canary | None = None
    reconsidered: str = ""
    """The session of the message that was edited."""

    def ask(self, template: str, session: str | None) -> Answer:
        canary = self.canaries.new()
        answer = self.user_id.ask(
            template.replace("TEXT", canary.text).replace("NAME", canary.name), session_id=session
        )
        self.answers.append((canary, answer))
        return answer

    @property
    def talk(self) -> str:
        """The session of the first turn."""
        return self.answers[0][1].session


def converse(story: Story) -> None:
    """Fifty turns in two sessions: with tools that are asked about a name, and until a summary is made."""
    session = None
    for number in range(TURNS // 2):
        summary = '[[summary {"summary": "TEXT", "key_facts": []}]]' if number % 5 == 0 else ""
        session = story.ask(f"TEXT {summary}", session).session
    session = None
    for number in range(TURNS // 2):
        call = '[[call transactions_query {"description": "NAME"}]]' if number % 3 == 0 else ""
        session = story.ask(f"TEXT {call}", session).session
    await_summary(story)


def await_summary(story: Story) -> None:
    query = "select summary from chat_session_summaries where session_id = %s"
    wait_until(lambda: story.server.sql(query, story.talk), failure="no summary was made")


def confide(story: Story) -> None:
    """A fact, a comment, a title and the name to be called by."""
    story.fact, story.comment, story.title, story.profile = (story.canaries.new() for _ in range(4))
    done = story.answers[0][1].last
    address = f"/api/sessions/{story.talk}"
    added = story.user_id.post("/api/memory", json={"fact": story.fact.fact, "is_pinned": True})
    told = story.user_id.put(
        f"{address}/messages/{done['message_id']}/feedback", json={"type": "like", "comment": story.comment.text}
    )
    renamed = story.user_id.patch(address, json={"title": story.title.short})
    named = story.user_id.patch("/api/me", json={"name": story.profile.name})
    assert (added.status_code, told.status_code, renamed.status_code, named.status_code) == (201, 204, 200, 200)


def be_refused(story: Story) -> None:
    """Requests that hold values where none belong."""
    user_id, text = story.user_id, story.canaries.new().text
    other = story.canaries.new()
    card, email, name = other.card, other.email, other.name
    answers = [
        user_id.post("/api/chat", json={"message": "hello", text: text}),
        user_id.post("/api/chat", json={"message": {"text": text}}),
        user_id.post("/api/chat", json={"message": "hello", "session_id": text}),
        user_id.post("/api/chat", json={"message": "hello", "employee_slug": card}),
        user_id.post("/api/chat", json={"message": f"{text} {'long ' * 2000}"}),
        user_id.post("/api/chat", content=f'{{"message": "{text}'.encode()),
        user_id.post("/api/memory", json={"fact": "likes tea", "scope": email}),
        user_id.patch("/api/me", json={"time_zone": email, "locale": card, "name": f"{text} {text}"}),
        user_id.get("/api/sessions", params={"cursor": text}),
        user_id.get(f"/api/employees/{email}"),
        user_id.get(f"/api/runs/{email}/events"),
        user_id.get(f"/{name}/{card}"),
        httpx.post(f"{story.server.address}/api/chat", json={"message": text}),
        httpx.get(f"{story.server.address}/api/sessions", headers={"Authorization": f"Bearer {email}"}),
        story.user_id.get("/nowhere", headers=dict.fromkeys(TRACKED, re.sub(r"\D", "", card))),
    ]
    assert all(400 <= answer.status_code < 500 for answer in answers)
    assert [answer.text for answer in answers if any(value in answer.text for value in (card, email, name))] == []


def reconsider(story: Story) -> None:
    """A message that is edited, and then answered anew."""
    told, story.edited = story.canaries.new(), story.canaries.new()
    story.reconsidered = story.user_id.ask(told.text).session
    address = f"/api/sessions/{story.reconsidered}"
    question = story.user_id.get(f"{address}/messages").json()["items"][0]["id"]
    edit = story.user_id.ask(story.edited.text, session_id=story.reconsidered, edit_message_id=question)
    anew = story.user_id.post(f"{address}/regenerate", json={"stream": False})
    assert edit.text == anew.json()["content"] == story.edited.text


def be_asked(story: Story) -> None:
    """Two calls that would change something: the user rejects one with a word, and leaves the other undecided."""
    for decided in (True, False):
        canary = story.canaries.new()
        call = json.dumps({"name": canary.name, "target_amount": "5", "currency": "USD"})
        answer = story.user_id.ask(f"[[call create_goal {call}]] {canary.text}", employee_slug="goalie")
        [asked] = answer.of("approval_required")
        assert asked["args"]["name"] == asked["preview"]["changes"][0]["after"]["name"] == canary.name
        if decided:
            place = f"/api/runs/{answer.run}/approvals/{asked['approval_id']}"
            said = story.user_id.post(place, json={"decision": "reject", "comment": canary.text})
            assert said.status_code == 200
            assert story.user_id.follow(answer.run).last["status"] == "complete"


def fail_and_stop(story: Story) -> None:
    """A turn whose model fails, and one that its user stops."""
    story.failed = story.canaries.new()
    assert story.user_id.ask(f"{story.failed.text} [[status 500]]").last["type"] == "error"
    story.stopped = story.canaries.new()
    message = f"{story.stopped.text} [[slow 0.2]]"
    with story.user_id.stream("POST", "/api/chat", json={"message": message}) as response:
        for line in response.iter_lines():
            if '"run_id"' in line:
                run = json.loads(line.removeprefix("data: "))["run_id"]
            elif '"text"' in line:
                story.user_id.post(f"/api/runs/{run}/stop")
            elif '"stopped"' in line:
                return
    raise AssertionError("the run did not say that it was stopped")


def be_killed(story: Story) -> None:
    """A turn whose process dies while it streams."""
    story.killed = story.canaries.new()
    message = f"{story.killed.text} [[slow 0.2]]"
    with (
        suppress(httpx.RemoteProtocolError),
        story.user_id.stream("POST", "/api/chat", json={"message": message}) as response,
    ):
        for line in response.iter_lines():
            if '"text"' in line:
                story.server.stop(signal.SIGKILL)
    assert story.server.process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    data = tmp_path_factory.mktemp("canaries") / "data"
    canaries, user_id, stranger = Canaries(), str(uuid.uuid4()), str(uuid.uuid4())
    with ScriptedModel().serving() as model:
        environment = {"OPENAI_BASE_URL": model.address, "RATE_LIMIT_PER_MINUTE": "1000", "LEASE_SECONDS": "1"}
        with running(data, environment) as server, server.client(user_id) as client:
            told = Story(server, client, client, canaries, model)
            for chapter in (converse, confide, be_refused, reconsider, be_asked, fail_and_stop, be_killed):
                chapter(told)
        with running(data, environment) as server, server.client(user_id) as one, server.client(stranger) as two:
            told.server, told.user_id, told.stranger = server, one, two
            yield told


# What is found --------------------------------------------------------------------------------------------------------


def values_of(story: Story) -> list[str]:
    return [value for canary in story.canaries.made for value in canary.values()]


def test_the_search_finds_each_disguise(tmp_path: Path) -> None:
    card, name = "4929 1234 5678 9012", "Anna Whitfield"
    (tmp_path / "place").mkdir()
    for number, content in enumerate(
        [
            f"xx{card}xx".encode(),
            b"4929123456789012",
            b"2109876543219294",
            f"_{name}_".encode("utf-16-le"),
            f"_{name}_".encode("utf-16-be"),
            name.encode().hex().encode(),
            *(base64.b64encode(b"x" * shift + name.encode() + b"yz") for shift in range(3)),
        ]
    ):
        (tmp_path / "place" / "file").write_bytes(content)
        assert found_in(tmp_path / "place", [card, name], tmp_path), number
    (tmp_path / "place" / "file").write_bytes(b"4929 1234 5678 9013, Anna Whitfeld and 0.74929123456789012")
    assert found_in(tmp_path / "place", [card, name], tmp_path) == set()


def test_a_dump_of_the_database_holds_no_value(story: Story, tmp_path: Path) -> None:
    place = tmp_path / "dump"
    place.mkdir()
    (place / "dump.sql").write_bytes(dump(story.server.admin_url()))
    written = (place / "dump.sql").read_text()
    assert all(
        table in written for table in ("COPY public.chat_messages", "COPY public.checkpoint_blobs", "COPY jobs.")
    )
    assert len(re.findall(r"\[CARD_[0-9A-Z]{6}\]", written)) > 4 * TURNS
    assert found_in(place, values_of(story), tmp_path) == set()


def test_no_file_of_the_data_directory_holds_a_value(story: Story, tmp_path: Path) -> None:
    """Postgres' files and its write-ahead log, its log, the server's log, and whatever else is kept."""
    names = {str(file.relative_to(story.server.data)) for file in story.server.data.rglob("*")}
    assert {"server.log", "postgres/log", "postgres/data/pg_wal"} <= names
    assert story.server.log.read_text().count("run_ended") >= TURNS
    assert found_in(story.server.data, values_of(story), tmp_path) == set()


def test_no_value_reached_the_model(story: Story, tmp_path: Path) -> None:
    place = tmp_path / "requests"
    place.mkdir()
    (place / "requests.json").write_text(json.dumps(story.model.requests))
    assert len(story.model.requests) > TURNS
    assert found_in(place, values_of(story), tmp_path) == set()


def test_no_recording_holds_a_value_and_each_plays_as_it_was(story: Story, tmp_path: Path) -> None:
    place = tmp_path / "recordings"
    for session in sorted({answer.session for _, answer in story.answers}):
        lines = [*recorded(story.server, session, place)]
        assert len(lines) == TURNS // 2, "\n".join(lines)
    files = sorted(place.glob("*.json"))
    assert len(files) == TURNS
    assert [file.stem[-3:] for file in files] == [f"-{number:02}" for number in range(1, TURNS // 2 + 1)] * 2
    assert found_in(place, values_of(story), tmp_path) == set()
    checkout = current_checkout(tmp_path)
    for file in files:
        assert_unchanged(file, checkout)


def test_each_answer_streamed_the_values_to_their_owner(story: Story) -> None:
    assert len(story.answers) == TURNS
    for canary, answer in story.answers:
        streamed = json.dumps(answer.events)
        assert canary.name in streamed
        if not answer.of("tool_call"):
            assert canary.text in answer.text


def test_a_tools_arguments_are_shown_to_their_owner_as_they_were_meant(story: Story) -> None:
    calls = [(canary, event) for canary, answer in story.answers for event in answer.of("tool_call")]
    assert len(calls) > 5
    assert [event["tool"]["args"]["description"] for _, event in calls] == [canary.name for canary, _ in calls]


def test_a_resumed_stream_shows_what_the_first_one_showed(story: Story) -> None:
    for _, answer in story.answers[::10]:
        followed = story.user_id.follow(answer.run)
        assert (followed.text, followed.last) == (answer.text, answer.last)


def test_the_owners_history_shows_the_values(story: Story) -> None:
    for session in {answer.session for _, answer in story.answers}:
        shown = json.dumps(story.user_id.get(f"/api/sessions/{session}/messages?limit=100").json(), ensure_ascii=False)
        for canary in (canary for canary, answer in story.answers if answer.session == session):
            assert [value for value in canary.values() if value not in shown] == []


def test_the_owners_title_fact_name_and_comment_show_the_values(story: Story) -> None:
    assert story.title
    assert story.fact
    assert story.comment
    assert story.profile
    assert story.user_id.get("/api/me").json()["name"] == story.profile.name
    assert story.user_id.get(f"/api/sessions/{story.talk}").json()["title"] == story.title.short
    assert [fact["fact"] for fact in story.user_id.get("/api/memory").json()["items"]] == [story.fact.fact]
    messages = story.user_id.get(f"/api/sessions/{story.talk}/messages?limit=100").json()["items"]
    comments = [each["metadata"]["feedback"]["comment"] for each in messages if "feedback" in each["metadata"]]
    assert comments == [story.comment.text]


def test_the_owner_finds_both_branches_of_an_edited_message(story: Story) -> None:
    assert story.edited
    address = f"/api/sessions/{story.reconsidered}/messages"
    current = [each["content"] for each in story.user_id.get(address).json()["items"]]
    both = [each["content"] for each in story.user_id.get(address, params={"branches": "all"}).json()["items"]]
    assert current == [story.edited.text] * 2
    assert [text == story.edited.text for text in both] == [False] * 2 + [True] * 4
    assert both[0] in [canary.text for canary in story.canaries.made]


def test_the_questions_of_broken_turns_are_kept_for_their_owner(story: Story) -> None:
    assert story.failed
    assert story.stopped
    sessions = [row["id"] for row in story.user_id.get("/api/sessions").json()["items"]]
    shown = [
        each["content"]
        for id_ in sessions
        for each in story.user_id.get(f"/api/sessions/{id_}/messages").json()["items"]
    ]
    assert any(text.startswith(story.failed.text) for text in shown)
    assert any(text.startswith(story.stopped.text) for text in shown)


def test_a_summary_of_the_conversation_holds_tokens_only(story: Story) -> None:
    rows = story.server.sql(
        "select summary as text from chat_session_summaries where session_id = %s union all "
        "select chunk from memory_embeddings where source_id = %s",
        story.talk,
        f"session:{story.talk}",
    )
    assert len(rows) == 2
    for row in rows:
        tokens = re.findall(r"\[([A-Z]+)_[0-9A-Z]{6}\]", row["text"])
        assert {"PERSON", "CARD", "EMAIL", "IBAN", "SSN", "PHONE", "ADDRESS", "ACCOUNT", "CRYPTO"} <= set(tokens)


def test_a_stranger_sees_none_of_it(story: Story) -> None:
    with story.server.client() as stranger:
        for path in ("/api/sessions", "/api/memory", "/api/usage"):
            assert stranger.get(path).json()["items"] == []
        for _, answer in story.answers[::10]:
            assert stranger.get(f"/api/sessions/{answer.session}/messages").status_code == 404
            assert stranger.get(f"/api/runs/{answer.run}/events").status_code == 404


def test_the_owners_tokens_open_to_nothing_for_a_stranger(story: Story) -> None:
    rows = story.server.sql("select token from pii_vault where user_id = %s limit 20", story.user_id.user)
    tokens = " ".join(row["token"] for row in rows)
    assert story.stranger.ask(tokens).text.strip() == tokens
    assert values_shown(story.user_id.ask(tokens).text, story) >= 10


def values_shown(text: str, story: Story) -> int:
    return sum(value in text for value in values_of(story))
