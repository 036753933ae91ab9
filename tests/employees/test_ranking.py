"""The router finds out whom a question is for."""

import pytest

from employees.ranking import EmployeeRanker
from employees.roster import Roster
from graph.adapters.embeddings.local import LocalEmbedder
from tests.eval.ranking import Tally, ranker_of, read_cases, tally
from tests.support import prepared_data
from tests.support.fakes.ports import roster_of


@pytest.fixture(scope="module")
def ranker(local_embedder: LocalEmbedder) -> EmployeeRanker:
    return ranker_of(local_embedder)


def employee(slug: str, *examples: str) -> Roster:
    return roster_of(slug=slug, name=slug.title(), examples=examples)


def together(*rosters: Roster) -> Roster:
    return Roster([each for roster in rosters for each in roster.all()])


@pytest.fixture(scope="module")
def local_embedder(tmp_path_factory: pytest.TempPathFactory) -> LocalEmbedder:
    return prepared_data.local_embedder(tmp_path_factory.mktemp("ranking"))


BAKER = employee("baker", "How do I bake bread?", "Which flour is best?", "My dough is flat", "Bake a cake")
SAILOR = employee("sailor", "Where is the wind from?", "How do I set a sail?", "Read me a chart", "Tie a knot")


async def test_everybody_is_ranked_best_first_with_scores_from_zero_to_one(ranker: EmployeeRanker) -> None:
    matches = await ranker.rank("remind me of the rent")
    scores = [match.score for match in matches]
    assert len(matches) == len(ranker.roster.all())
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert matches[0].employee.slug == "chime-ai"


async def test_a_misspelt_question_still_finds_its_employee(local_embedder: LocalEmbedder) -> None:
    ranker = EmployeeRanker(together(BAKER, SAILOR), local_embedder)
    assert (await ranker.rank("whitch flowr is bst"))[0].employee.slug == "baker"


async def test_changed_employees_are_read_at_the_next_question(local_embedder: LocalEmbedder) -> None:
    roster = together(BAKER, SAILOR)
    ranker = EmployeeRanker(roster, local_embedder)
    assert (await ranker.rank("how do I mend a bicycle tyre"))[0].score < 0.4
    roster.replace(together(BAKER, SAILOR, employee("mechanic", "Mend my tyre", "Oil a chain", "New brakes", "A flat")))
    assert (await ranker.rank("how do I mend a bicycle tyre"))[0].employee.slug == "mechanic"


async def test_a_question_without_letters_is_ranked_too(local_embedder: LocalEmbedder) -> None:
    assert len(await EmployeeRanker(together(BAKER, SAILOR), local_embedder).rank("?! 💸")) == 2


def test_the_questions_cover_everybody_and_are_nobodys_examples(ranker: EmployeeRanker) -> None:
    cases = read_cases()
    slugs = {each.slug for each in ranker.roster.all()}
    examples = {example.lower().strip("?!. ") for each in ranker.roster.all() for example in each.examples}
    assert len(cases) >= 320
    assert len({case.ask for case in cases}) == len(cases)
    assert {case.meant for case in cases} == slugs
    assert set().union(*(case.may for case in cases)) <= slugs
    assert [case.ask for case in cases if case.ask.lower().strip("?!. ") in examples] == []
    assert {case.meant for case in cases if case.half == "held back"} == slugs


async def test_85_of_100_held_back_questions_go_to_somebody_who_may_take_them(ranker: EmployeeRanker) -> None:
    found: Tally = await tally(ranker, [case for case in read_cases() if case.half == "held back"])
    print("\n".join(found.lines()))
    assert found.share >= 0.85
