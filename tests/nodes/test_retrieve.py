"""What resembles the masked question is kept within its share of the budget."""

from graph.errors import ModelUnavailable
from graph.state import Passage
from graph.turn.prompt import PASSAGES_SHARE
from nodes.retrieve import Retrieve
from tests.support.fakes.ports import OWNER, FakeRetriever, passage, runtime_of, turn_of, words


async def test_the_masked_question_is_searched_for_among_the_callers_texts() -> None:
    retriever = FakeRetriever([])
    turn = await Retrieve(retriever, words, 1000)(turn_of(question="my masked question"), runtime_of(text="raw words"))
    assert retriever.asked == [(OWNER, "my masked question")]
    assert turn["passages"] == []


async def test_what_fits_is_kept_in_order() -> None:
    found = [passage(1), passage(2)]
    assert (await Retrieve(FakeRetriever(found), words, 1000)(turn_of(), runtime_of()))["passages"] == found


async def test_passages_stay_within_their_share_the_best_ones_first() -> None:
    found = [passage(number, "word " * 60) for number in range(5)]
    turn = await Retrieve(FakeRetriever(found), words, 1000)(turn_of(), runtime_of())
    assert turn["passages"] == found[: int(1000 * PASSAGES_SHARE) // 60]


async def test_where_nothing_is_stored_nothing_is_searched_for() -> None:
    retriever = FakeRetriever([passage(1)])
    state = turn_of()
    state["recollection"]["searchable"] = False
    assert (await Retrieve(retriever, words, 1000)(state, runtime_of()))["passages"] == []
    assert retriever.asked == []


async def test_a_turn_goes_on_without_passages_where_the_embedder_does_not_serve() -> None:
    class Down(FakeRetriever):
        async def search(self, user_id: str, query: str) -> list[Passage]:
            raise ModelUnavailable

    assert (await Retrieve(Down([passage(1)]), words, 1000)(turn_of(), runtime_of()))["passages"] == []
