"""Arguments are filled by the names and the shapes in a tool's schema; what is not known there is left out."""

import datetime as dt
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from graph.adapters.offline.arguments import fill_arguments
from graph.adapters.offline.question_parser import parse_question
from graph.adapters.offline.tool_matcher import OfferedTool
from graph.adapters.offline.words import read_words

WORDS = read_words()


class Kind(StrEnum):
    INCOME = "income"
    OTHER = "other"


class Search(BaseModel):
    start_date: dt.date | None = None
    min_amount: float | None = None
    category: str | None = None
    type: Kind | None = None
    colour: str = "any"


class Named(Search):
    name: str


def filled(arguments: type[BaseModel], question: str) -> list[dict[str, Any]]:
    tool = OfferedTool("search", "", arguments.model_json_schema(), ())
    return fill_arguments(tool, question, parse_question(question, WORDS), dt.date(2026, 11, 15))


def test_properties_are_filled_by_name_and_in_their_own_type() -> None:
    question = "Which purchases over 1.5k at restaurants since March 2025?"
    expected = {"min_amount": 1500.0, "category": "Meals & Dining", "start_date": "2025-03-01"}
    assert filled(Search, question) == [expected]


def test_a_value_that_the_schema_does_not_allow_is_left_out() -> None:
    assert filled(Search, "How much did I spend?") == [{}]
    assert filled(Search, "How much did I earn?") == [{"type": "income"}]


def test_a_tool_that_requires_what_is_not_named_is_not_called() -> None:
    assert filled(Named, "Which purchases over 20 dollars?") == []


def test_categories_that_do_not_fit_into_one_call_get_one_each() -> None:
    question = "groceries and restaurants over 20 dollars"
    assert [call["category"] for call in filled(Search, question)] == ["Groceries", "Meals & Dining"]
