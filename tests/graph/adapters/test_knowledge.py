"""What a tool searches for is masked before it is embedded, and only the caller's texts are searched."""

from graph.adapters.knowledge import UserKnowledge
from tests.support.fakes.ports import NAME, OWNER, TOKEN, FakeRetriever, OneNameRedactor, passage


async def test_a_search_is_masked_and_made_for_its_owner() -> None:
    retriever = FakeRetriever([passage(1), passage(2)])
    found = await UserKnowledge(OneNameRedactor(), retriever, OWNER).search(f"what did {NAME} write?")
    assert found == [passage(1), passage(2)]
    assert retriever.asked == [(OWNER, f"what did {TOKEN} write?")]
