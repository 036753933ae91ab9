"""A user adds, lists and deletes facts; they are stored masked."""

from graph.testing.in_memory_storage import InMemoryFacts
from tests.support.fakes.ports import NAME, OWNER, TOKEN, OneNameRedactor
from tests.support.web_client import web_client


async def test_a_fact_is_stored_masked_and_returned_with_the_users_own_values() -> None:
    facts = InMemoryFacts()
    async with web_client(OWNER, facts=facts, redactor=OneNameRedactor()) as client:
        added = await client.post("/api/memory", json={"fact": f"is married to {NAME}"})
        listed = (await client.get("/api/memory")).json()["items"]
    assert added.status_code == 201
    assert [row["fact"] for row in listed] == [added.json()["fact"]] == [f"is married to {NAME}"]
    assert [row["fact"] for row in await facts.all(OWNER)] == [f"is married to {TOKEN}"]


async def test_a_deleted_fact_is_gone() -> None:
    facts = InMemoryFacts()
    added = await facts.add(OWNER, "owns a boat", "global", True)
    async with web_client(OWNER, facts=facts, redactor=OneNameRedactor()) as client:
        assert [(await client.delete(f"/api/memory/{added['id']}")).status_code for _ in range(2)] == [204, 404]
    assert await facts.all(OWNER) == []
