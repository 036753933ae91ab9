"""A user's files come back to that user, to be saved under a safe name, and to nobody else."""

import uuid

import pytest

from tests.support.clients import Client
from tests.support.fakes.sealed_file import own_file
from tests.support.servers import Server


def test_a_file_comes_back_as_it_was_kept_and_is_to_be_saved(server: Server, user: Client) -> None:
    answer = user.get(f"/api/files/{own_file(server, user, 'spending')}")
    assert (answer.status_code, answer.content) == (200, b"spending")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''spending.csv"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ['a"; filename="b', "../../etc/passwd", "a\r\nSet-Cookie: x=y", "Müller 買い物", "a;b'c%"]
)
def test_no_name_breaks_out_of_its_header(server: Server, user: Client, name: str) -> None:
    answer = user.get(f"/api/files/{own_file(server, user, name)}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    value = answer.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert not set(value) & set("\"'; \\/\r\n")


def test_files_are_listed_page_by_page_the_latest_first(server: Server, user: Client) -> None:
    kept = [own_file(server, user, f"file {number}") for number in range(3)]
    first = user.get("/api/files", params={"limit": 2}).json()
    rest = user.get("/api/files", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])] == kept[::-1]
    assert rest["next_cursor"] is None
    assert set(first["items"][0]) == {"id", "name", "media_type", "size", "created_at", "expires_at"}


def test_a_foreign_an_unknown_and_an_expired_file_answer_alike(server: Server, user: Client) -> None:
    with server.client() as user_id:
        foreign = own_file(server, user_id, "theirs")
        assert user_id.get(f"/api/files/{foreign}").status_code == 200
    expired = own_file(server, user, "old")
    server.sql("update chat_files set expires_at = now() where id = %s", expired)
    answers = [user.get(f"/api/files/{file_id}") for file_id in (foreign, str(uuid.uuid4()), expired)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert user.get("/api/files").json()["items"] == []


def test_a_file_needs_a_token_and_an_id(server: Server, user: Client) -> None:
    file_id = own_file(server, user, "spending")
    assert user.get(f"/api/files/{file_id}", headers={"Authorization": ""}).status_code == 401
    assert user.get("/api/files/not-an-id").status_code == 422
