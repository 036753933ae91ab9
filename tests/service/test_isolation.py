"""Nobody sees, finds or changes what belongs to somebody else, on any route that the documentation lists."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx
import pytest

from graph.adapters.embeddings.local import LocalEmbedder
from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.fakes.sealed_file import own_file
from tests.support.servers import Server

SECRET = "Quarterdeck Chandlery"
"""Stands in everything that the owner has, and nowhere else."""

Ids = Mapping[str, str]
Operation = tuple[str, str, Mapping[str, Any]]

NOT_OF_A_USER = {"slug"}
"""Parameters that name something that everybody shares."""

BODIES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("post", "/api/chat"): {"message": "hello", "stream": False},
    ("post", "/api/sessions/{session_id}/regenerate"): {"stream": False},
    ("post", "/api/runs/{run_id}/approvals/{approval_id}"): {"decision": "reject"},
    ("post", "/api/memory"): {"fact": "likes tea"},
    ("post", "/api/route"): {"message": "hello"},
    ("patch", "/api/me"): {"name": "mine now"},
    ("patch", "/api/sessions/{session_id}"): {"title": "mine now"},
    ("put", "/api/sessions/{session_id}/messages/{message_id}/feedback"): {"type": "like", "comment": "mine now"},
}
"""What each route with a body takes. A new route must be entered here, else the test does not know how to call it."""

NOBODYS = str(uuid.uuid4())
"""An id that nothing has."""

VARYING = {"date", "x-request-id", "content-length"}


@dataclass
class Belongings:
    """A user, and the ids of what that user has."""

    client: Client
    ids: dict[str, str] = field(default_factory=dict)


def furnish(client: Client, server: Server) -> Belongings:
    """A user with one of everything that has an id."""
    answer = client.ask(f"Tell me about {SECRET}")
    fact = client.post("/api/memory", json={"fact": f"shops at {SECRET}"}).json()
    messages = client.get(f"/api/sessions/{answer.session}/messages").json()["items"]
    client.patch(f"/api/sessions/{answer.session}", json={"title": f"About {SECRET}"})
    client.patch("/api/me", json={"name": SECRET})
    own_rows(server, client, SECRET, "12.34")
    ids = {
        "session_id": answer.session,
        "run_id": answer.run,
        "message_id": messages[-1]["id"],
        "edit_message_id": messages[0]["id"],
        "fact_id": fact["id"],
        "file_id": own_file(server, client, SECRET),
        "approval_id": own_approval(server, client, answer.run, SECRET),
    }
    return Belongings(client, ids)


def own_rows(server: Server, client: Client, name: str, amount: str) -> None:
    """A purchase and an account for a user, put there by the administrator."""
    server.sql(
        "insert into transactions (user_id, posted_at, amount, currency, merchant, category) "
        "values (%s, current_date, -%s::numeric, 'USD', %s, 'Groceries')",
        client.user,
        amount,
        name,
    )
    server.sql(
        "insert into accounts (user_id, name, type, currency, balance, balance_as_of) "
        "values (%s, %s, 'checking', 'USD', %s::numeric, current_date)",
        client.user,
        name,
        amount,
    )


def own_approval(server: Server, client: Client, run: str, name: str) -> str:
    """A call that waits for its user's word, put there by the administrator."""
    [row] = server.sql(
        "insert into tool_approvals (user_id, run_id, ordinal, tool, arguments, arguments_hash, expires_at) "
        "values (%s, %s, 0, 'transactions_query', jsonb_build_object('merchant', %s::text), '', now() + interval '1 hour') "
        "returning id",
        client.user,
        run,
        name,
    )
    return str(row["id"])


@pytest.fixture
def user_id(server: Server) -> Iterator[Belongings]:
    with server.client() as client:
        yield furnish(client, server)


@pytest.fixture
def other(server: Server) -> Iterator[Belongings]:
    with server.client() as client:
        answer = client.ask("hello")
        messages = client.get(f"/api/sessions/{answer.session}/messages").json()["items"]
        fact = client.post("/api/memory", json={"fact": "likes coffee"}).json()
        ids = {"session_id": answer.session, "run_id": answer.run, "message_id": messages[-1]["id"]}
        ids |= {"edit_message_id": messages[0]["id"], "fact_id": fact["id"]}
        ids |= {"file_id": own_file(server, client, "coffee")}
        yield Belongings(client, {**ids, "approval_id": own_approval(server, client, answer.run, "coffee")})


@pytest.fixture
def documentation(server: Server) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{server.address}/openapi.json").json()
    return document


def operations(documentation: Mapping[str, Any]) -> list[Operation]:
    return [
        (method, path, route) for path, routes in documentation["paths"].items() for method, route in routes.items()
    ]


def path_ids(route: Mapping[str, Any]) -> list[str]:
    """Names of the path's parameters that can belong to a user."""
    names = [each["name"] for each in route.get("parameters", []) if each["in"] == "path"]
    return [name for name in names if name not in NOT_OF_A_USER]


def body_ids(route: Mapping[str, Any], documentation: Mapping[str, Any]) -> list[str]:
    """Names of the body's fields that are ids."""
    content = route.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    schema = documentation["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[-1]]
    return [name for name, kind in schema["properties"].items() if '"uuid"' in str(kind).replace("'", '"')]


def call(client: Client, method: str, path: str, ids: Ids, body: Mapping[str, Any] | None) -> httpx.Response:
    return client.request(method, path.format(**ids), json=body)


def seen(response: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """All that an answer tells, but for what differs each time."""
    headers = {name: value for name, value in response.headers.items() if name.lower() not in VARYING}
    return response.status_code, response.text, headers


def foreign_places(names: list[str]) -> Iterator[set[str]]:
    """Every choice of parameters, at least one, that hold somebody else's id."""
    for choice in product((True, False), repeat=len(names)):
        if any(choice):
            yield {name for name, foreign in zip(names, choice, strict=True) if foreign}


def test_the_test_knows_how_to_call_every_route(documentation: dict[str, Any], user_id: Belongings) -> None:
    unknown = [
        f"{method} {path}"
        for method, path, route in operations(documentation)
        if not {*path_ids(route), *body_ids(route, documentation)} <= user_id.ids.keys()
        or ("requestBody" in route) != ((method, path) in BODIES)
    ]
    assert unknown == []


def test_a_foreign_id_answers_as_one_that_does_not_exist(
    documentation: dict[str, Any], user_id: Belongings, other: Belongings
) -> None:
    asked, told_apart = 0, []
    for method, path, route in operations(documentation):
        for foreign in foreign_places(path_ids(route)):
            theirs = {name: user_id.ids[name] if name in foreign else own for name, own in other.ids.items()}
            nobodys = {name: str(uuid.uuid4()) if name in foreign else own for name, own in other.ids.items()}
            body = BODIES.get((method, path))
            answers = [seen(call(other.client, method, path, ids, body)) for ids in (theirs, nobodys)]
            asked += 1
            if answers[0] != answers[1] or answers[0][0] != 404:
                told_apart.append((method, path, foreign, answers))
    assert told_apart == []
    assert asked >= 9


def test_a_foreign_id_in_a_body_answers_as_one_that_does_not_exist(
    documentation: dict[str, Any], user_id: Belongings, other: Belongings
) -> None:
    found = []
    for method, path, route in operations(documentation):
        names = body_ids(route, documentation)
        for foreign in foreign_places(names):
            own = {name: other.ids[name] for name in names if name not in foreign}
            for body in (BODIES[method, path], {**BODIES[method, path], **own}):
                answers = [
                    seen(call(other.client, method, path, {}, {**body, **ids}))
                    for ids in ({name: user_id.ids[name] for name in foreign}, dict.fromkeys(foreign, NOBODYS))
                ]
                assert answers[0] == answers[1]
                assert answers[0][0] == 404
            found.append(foreign)
    assert found == [{"session_id", "edit_message_id"}, {"session_id"}, {"edit_message_id"}]


def test_what_a_stranger_tries_changes_nothing(
    documentation: dict[str, Any], user_id: Belongings, other: Belongings, server: Server
) -> None:
    before = everything_of(user_id.client, server)
    for method, path, route in operations(documentation):
        if path_ids(route):
            call(other.client, method, path, user_id.ids, BODIES.get((method, path)))
    assert everything_of(user_id.client, server) == before


def everything_of(client: Client, server: Server) -> dict[str, list[dict[str, Any]]]:
    """Every row of a user in the database, whatever its table."""
    columns = server.sql(
        "select table_name, column_name from information_schema.columns join information_schema.tables "
        "using (table_schema, table_name) where table_schema = 'public' and column_name = 'user_id' "
        "and table_type = 'BASE TABLE'"
    )
    assert len(columns) > 15
    return {
        each["table_name"]: server.sql(
            f"select * from {each['table_name']} t where {each['column_name']} = %s order by t::text",  # noqa: S608
            client.user,
        )
        for each in columns
    }


def test_no_list_of_one_user_holds_anything_of_another(
    documentation: dict[str, Any], user_id: Belongings, other: Belongings
) -> None:
    lists = [path for method, path, route in operations(documentation) if method == "get" and "{" not in path]
    assert {"/api/sessions", "/api/memory", "/api/usage", "/api/files", "/api/me"} <= set(lists)
    hidden = {SECRET, *user_id.ids.values(), user_id.client.user}
    answers = {path: other.client.get(path).text for path in lists}
    assert [(path, text) for path, text in answers.items() for value in hidden if value in text] == []
    assert all(
        SECRET in user_id.client.get(path).text for path in ("/api/sessions", "/api/memory", "/api/files", "/api/me")
    )


def test_every_route_about_a_user_needs_a_token(documentation: dict[str, Any], server: Server) -> None:
    open_to_all = {"/health", "/ready", "/auth/v1/.well-known/jwks.json"}
    ids = {
        name: str(uuid.uuid4()) for name in ("session_id", "run_id", "message_id", "fact_id", "file_id", "approval_id")
    } | {"slug": "tag-ai"}
    answers = {
        f"{method} {path}": httpx.request(
            method, server.address + path.format(**ids), json=BODIES.get((method, path))
        ).status_code
        for method, path, _ in operations(documentation)
        if path not in open_to_all
    }
    assert set(answers.values()) == {401}, answers


def test_a_token_of_another_user_does_not_open_values(user_id: Belongings, other: Belongings, server: Server) -> None:
    user_id.client.ask("my card is 4111 1111 1111 1111", session_id=user_id.ids["session_id"])
    [row] = server.sql("select token from pii_vault where user_id = %s and entity_type = 'CARD'", user_id.client.user)
    other.client.post("/api/memory", json={"fact": f"the number is {row['token']}"})
    facts = [fact["fact"] for fact in other.client.get("/api/memory").json()["items"]]
    assert f"the number is {row['token']}" in facts


def test_a_foreign_run_cannot_be_followed_from_any_of_its_events(user_id: Belongings, other: Belongings) -> None:
    run = user_id.ids["run_id"]
    for event_id in (f"{run}:1", f"{run}:999", f"{other.ids['run_id']}:1", "nonsense"):
        answer = other.client.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": event_id})
        assert answer.status_code == 404


def test_an_event_id_of_a_foreign_run_is_refused_on_an_own_one(user_id: Belongings, other: Belongings) -> None:
    headers = {"Last-Event-ID": f"{user_id.ids['run_id']}:1"}
    answer = other.client.get(f"/api/runs/{other.ids['run_id']}/events", headers=headers)
    assert answer.status_code == 400


def test_two_users_can_use_the_same_idempotency_key(server: Server) -> None:
    with server.client() as one, server.client() as two:
        headers = {"Idempotency-Key": "the-same-key"}
        first = one.ask("hello from one", headers=headers)
        second = two.ask("hello from two", headers=headers)
        assert first.run != second.run
        assert first.session != second.session
        assert one.ask("hello from one", headers=headers).run == first.run


@pytest.mark.parametrize(
    ("question", "tool"),
    [
        ("Show me my last transactions", "transactions_query"),
        ("Where does my money go?", "transaction_category_totals"),
        ("What is my account balance?", "account_balances_query"),
    ],
)
def test_tools_compute_on_the_callers_rows_only(
    user_id: Belongings, other: Belongings, server: Server, question: str, tool: str
) -> None:
    own_rows(server, other.client, "Harbour Bakery", "98.76")
    for user, seen_amount, hidden_amount in ((other, "98.76", "12.34"), (user_id, "12.34", "98.76")):
        answer = user.client.ask(question)
        assert [event["tool"]["name"] for event in answer.of("tool_call")] == [tool]
        assert seen_amount in str(answer.of("tool_result"))
        assert hidden_amount not in str(answer.events)


def test_what_one_user_noted_is_not_retrieved_for_another(scripted: Server, scripted_model: ScriptedModel) -> None:
    embedder = LocalEmbedder(scripted.data / "embedder")
    vector = asyncio.run(embedder.query("boat varnish subscription"))
    with scripted.client() as one, scripted.client() as two:
        for user, text in ((one, "the crimson one"), (two, "the viridian one")):
            scripted.sql(
                "insert into memory_embeddings (user_id, source_id, chunk, embedding, embedding_model) "
                "values (%s, 'note:boat', %s, %s::vector, %s)",
                user.user,
                text,
                str(vector),
                embedder.model,
            )
        question = f"boat varnish subscription {uuid.uuid4()}"
        one.ask(question)
    [read] = [str(request) for request in scripted_model.requests if question in str(request)]
    assert "the crimson one" in read
    assert "viridian" not in read


def test_the_same_value_of_two_users_has_two_tokens(server: Server) -> None:
    users = [server.client(), server.client()]
    for user in users:
        with user:
            user.post("/api/memory", json={"fact": "my mail is same.value@example.com"})
    tokens = server.sql(
        "select token, lookup from pii_vault where user_id = any(%s)", [uuid.UUID(user.user) for user in users]
    )
    assert len({row["token"] for row in tokens}) == len({bytes(row["lookup"]) for row in tokens}) == 2
