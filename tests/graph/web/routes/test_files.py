"""A user lists and downloads files page by page."""

import pytest

from graph.testing.in_memory_storage import InMemoryFiles
from graph.web.paging import encode_cursor
from tests.support.web_client import web_client


@pytest.fixture
def files() -> InMemoryFiles:
    return InMemoryFiles()


async def test_the_cursor_of_a_page_leads_to_the_next_one(files: InMemoryFiles, user_id: str) -> None:
    stored = [await files.store(user_id, f"file {number}", "text/csv", b"") for number in range(5)]
    listed, cursor = [], None
    async with web_client(user_id, files=files) as client:
        for _ in range(3):
            page = (
                await client.get("/api/files", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
            ).json()
            listed += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
    assert listed == stored[::-1]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor", ["!", "x", encode_cursor("yesterday 1"), encode_cursor("2026-01-01T00:00:00+00:00 not-an-id"), "é"]
)
async def test_an_invalid_cursor_is_refused(files: InMemoryFiles, user_id: str, cursor: str) -> None:
    async with web_client(user_id, files=files) as client:
        response = await client.get("/api/files", params={"cursor": cursor})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_request")


async def test_a_file_is_downloaded_under_its_name_and_cannot_run(files: InMemoryFiles, user_id: str) -> None:
    file_id = await files.store(user_id, "März.csv", "text/csv", b"1,2")
    async with web_client(user_id, files=files) as client:
        response = await client.get(f"/api/files/{file_id}")
    assert response.content == b"1,2"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''M%C3%A4rz.csv"
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_foreign_file_does_not_exist(files: InMemoryFiles, user_id: str, stranger: str) -> None:
    file_id = await files.store(stranger, "theirs", "text/csv", b"1,2")
    async with web_client(user_id, files=files) as client:
        assert (await client.get(f"/api/files/{file_id}")).status_code == 404
        assert (await client.get("/api/files")).json() == {"items": [], "next_cursor": None}
