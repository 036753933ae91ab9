"""The sample of `make eval-offline`: nothing is worse than the baseline that is written down."""

import pytest

from tests.eval.offline.figures import Figure, figures
from tests.eval.offline.measuring import measure
from tests.eval.offline.question_set import data, sample

BASELINE = data("baseline")


@pytest.fixture(scope="module")
def measured() -> dict[str, Figure]:
    return figures(measure(sample()))


@pytest.mark.parametrize("name", BASELINE["at_least"])
def test_as_much_is_right_as_in_the_baseline(measured: dict[str, Figure], name: str) -> None:
    assert measured[name].count >= BASELINE["at_least"][name]


@pytest.mark.parametrize("name", BASELINE["at_most"])
def test_no_more_goes_wrong_than_in_the_baseline(measured: dict[str, Figure], name: str) -> None:
    assert measured[name].count <= BASELINE["at_most"][name]


def test_every_turn_of_the_sample_is_measured(measured: dict[str, Figure]) -> None:
    assert measured["is_right"].of == sum(len(each.turns) for each in sample()) == BASELINE["questions"]
