"""The questions are many, of every kind, and each can be judged."""

from decimal import Decimal

import pytest

from tests.eval.offline.amounts import VALUES, numbers, queries
from tests.eval.offline.arguments import are_right, parameters
from tests.eval.offline.days import dates, readings
from tests.eval.offline.judging import DUMP
from tests.eval.offline.question_set import HALVES, Question, conversations, data, half_of
from tests.eval.offline.talk import SIGNS, is_talk
from tools.catalog import by_name

QUESTIONS = [turn for each in conversations() for turn in each.turns]


def talk(kind: str) -> Question:
    return next(each for each in QUESTIONS if each.talk == kind)


def test_there_are_enough_questions_of_each_sort() -> None:
    assert len(QUESTIONS) >= 500
    assert sum(each.is_variant for each in QUESTIONS) >= len(QUESTIONS) / 3
    assert sum(each.is_follow_up for each in QUESTIONS) >= 100
    assert sum(bool(each.amount) for each in QUESTIONS) >= 300


def test_each_half_holds_at_least_two_fifths() -> None:
    assert all(sum(each.half == half for each in QUESTIONS) >= 0.4 * len(QUESTIONS) for half in HALVES)


def test_the_half_of_a_question_depends_on_its_text_alone() -> None:
    assert half_of("what do I owe?") == half_of("what do I owe?")


def test_spellings_of_a_question_are_in_its_half() -> None:
    [original, *_] = [each for each in QUESTIONS if each.kind == "spending"]
    variants = [each for each in QUESTIONS if each.is_variant and each.amount == original.amount]
    assert {each.half for each in variants} == {original.half}


def test_every_question_accepts_tools_that_exist_or_talk_that_is_recognised() -> None:
    assert {tool for each in QUESTIONS for tool in each.tools} <= set(by_name())
    assert {each.talk for each in QUESTIONS if not each.tools} <= {*SIGNS, "ask_back", "who_knows"}


def test_every_argument_is_one_that_an_accepted_tool_takes() -> None:
    taken = {name for tool in by_name() for name in parameters(tool)}
    names = {name for each in QUESTIONS for name in each.arguments} - {"period", "periods"}
    assert names <= set(data("argument_names"))
    assert all(set(data("argument_names")[name]) & taken for name in names)


def test_every_period_and_date_has_a_meaning() -> None:
    periods = {each.arguments["period"] for each in QUESTIONS if "period" in each.arguments}
    assert all(readings(period) for period in periods)
    assert all(dates(each.arguments["date"]) for each in QUESTIONS if "date" in each.arguments)


def test_every_amount_has_a_query() -> None:
    used = [each.amount for each in QUESTIONS if each.amount]
    assert {each["query"] for each in used} == set(queries())
    assert {name for each in used for name in each} <= {*VALUES, "query", "period", "periods", "currency"}


def test_the_numbers_of_a_text_are_those_of_its_amounts_and_not_of_its_dates() -> None:
    text = "You spent 1,582.63 USD from 2026-10-01 to 31 October 2026 (11 transactions)."
    assert numbers(text) == {Decimal("1582.63"), Decimal(11)}


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({"category": "groceries", "start_date": "2026-10-01", "end_date": "2026-10-31"}, True),
        ({"category": "Shopping", "start_date": "2026-10-01", "end_date": "2026-10-31"}, False),
        ({"category": "Groceries", "start_date": "2026-10-01", "end_date": "2026-10-30"}, False),
        ({"category": "Groceries"}, False),
    ],
)
def test_arguments_are_right_if_all_that_matter_are(arguments: dict[str, str], right: bool) -> None:
    meant = {"category": "Groceries", "period": "last month"}
    assert are_right("transactions_query", arguments, meant) is right


def test_a_period_that_is_not_over_may_end_today() -> None:
    for end in ("2026-11-24", "2026-11-30"):
        given = {"start_date": "2026-11-01", "end_date": end}
        assert are_right("transactions_query", given, {"period": "this month"})


def test_a_line_that_prints_a_field_is_a_dump_and_a_line_of_a_list_is_none() -> None:
    assert DUMP.search("- status: ok\n- method: sums")
    assert not DUMP.search("- Groceries: 582.63 USD\n- 2026-10-03: -4.25 USD, Blue Kettle Coffee")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("greeting", "Hello! I am Prime."),
        ("refusal", "I cannot tell you the weather; you can ask me what you spent."),
        ("ask_back", "For which category?"),
        ("person", "No, I am not a person."),
    ],
)
def test_talk_is_recognised(kind: str, text: str) -> None:
    assert is_talk(talk(kind), text)


@pytest.mark.parametrize("kind", ["greeting", "capabilities", "refusal"])
def test_a_quoted_passage_is_no_talk(kind: str) -> None:
    assert not is_talk(talk(kind), "Hello, I can only quote your texts: “Notice cannot be given later.” [1]")


@pytest.mark.parametrize("kind", ["greeting", "capabilities", "identity"])
def test_turning_a_question_away_is_a_refusal_and_nothing_else(kind: str) -> None:
    assert not is_talk(talk(kind), "Hello, I am Prime: I can look things up, and this question is not one of those.")
