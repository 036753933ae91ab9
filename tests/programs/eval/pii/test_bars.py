"""The bars of `make eval-pii` on a small part of the made data."""

import pytest

from tests.eval.pii.coverage import made, spellings
from tests.eval.pii.generator import FRAMES, KINDS, KNOWN_BY_FORM, samples
from tests.eval.pii.harmless import harm, harmless
from tests.eval.pii.speed import worst_texts

COUNTS = dict.fromkeys(KINDS, 110) | dict.fromkeys(KNOWN_BY_FORM, 60) | {"PERSON": 250, "PHONE": 200, "ACCOUNT": 200}


@pytest.mark.parametrize(("kind", "spelling"), [(kind, spelling) for kind in KINDS for spelling in spellings(kind)])
def test_so_much_of_each_kind_is_masked_in_every_spelling(kind: str, spelling: str) -> None:
    coverage = made(kind, spelling, COUNTS[kind])
    assert coverage.holds, coverage.misses[:5]


def test_what_is_nobodys_stays() -> None:
    done = harm("made", harmless(300))
    assert done.holds, done.altered


def test_the_same_seed_makes_the_same_texts() -> None:
    assert list(samples("CARD", 20)) == list(samples("CARD", 20))
    assert list(samples("CARD", 20, seed=1)) != list(samples("CARD", 20, seed=2))


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_value_stands_where_it_is_said_to(kind: str) -> None:
    for sample in samples(kind, len(FRAMES[kind])):
        assert sample.text[sample.start : sample.end] == sample.value != ""


def test_the_worst_texts_are_as_long_as_the_longest_message() -> None:
    assert {len(text) for text in worst_texts()} == {8_000}
