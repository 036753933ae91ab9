"""Everyday sentences about money, and merchants, stay as they are."""

from string import Formatter

from tests.eval.pii.everyday import MAX_ALTERED, SLOTS, everyday, templates
from tests.eval.pii.harmless import harm
from tests.eval.pii.merchants import demo_merchants, questions


def test_everyday_sentences_about_money_stay() -> None:
    done = harm("everyday", everyday(600), MAX_ALTERED)
    assert done.holds, done.altered


def test_merchants_of_the_demo_stay() -> None:
    done = harm("merchants", questions(demo_merchants()))
    assert done.texts > 80
    assert done.holds, done.altered


def test_the_same_seed_makes_the_same_sentences() -> None:
    assert list(everyday(300)) == list(everyday(300))
    assert list(everyday(300, seed=1)) != list(everyday(300, seed=2))


def test_every_slot_of_a_template_is_filled() -> None:
    assert {slot for template in templates() for _, slot, _, _ in Formatter().parse(template) if slot} == set(SLOTS)
    assert not any("{" in sentence for sentence in everyday(300))
