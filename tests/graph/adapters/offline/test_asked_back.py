"""A tool that lacks a currency has the user asked, and the answer completes the call."""

import json

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from graph.adapters.offline.asked_back import answered_call, currency_in, question_in
from tools.shared.currencies import UNKNOWN_CURRENCY

GOAL = {"name": "Trip", "target_amount": "3000"}
CALL = {"name": "create_goal", "args": GOAL, "id": "c1", "type": "tool_call"}


def talk(answer: str, error: str = UNKNOWN_CURRENCY) -> list[BaseMessage]:
    return [
        HumanMessage("Save 3000 for a trip"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage(json.dumps({"error": error}), tool_call_id="c1"),
        AIMessage(question_in(error)),
        HumanMessage(answer),
    ]


def test_the_question_of_an_unknown_currency_is_one_sentence() -> None:
    assert question_in(UNKNOWN_CURRENCY) == "Which currency is it in, for example USD or EUR?"
    assert question_in("There is no such category. Which one?") == ""


@pytest.mark.parametrize(
    ("answer", "currency"),
    [
        ("EUR", "EUR"),
        ("eur", "EUR"),
        ("In euros, please", "EUR"),
        ("Swiss francs", "CHF"),
        ("it is in JPY", "JPY"),
        ("$", "USD"),
        ("dollars", "USD"),
        ("Canadian dollars", "CAD"),
        ("Danish krone", "DKK"),
        ("all in pounds", "GBP"),
        ("Namibian dollars", None),
        ("krona", None),
        ("euros or dollars", None),
        ("XAU", None),
        ("no", None),
        ("", None),
        ("How much did I spend in EUR last month?", None),
    ],
)
def test_a_short_answer_names_the_currency(answer: str, currency: str | None) -> None:
    assert currency_in(answer) == currency
    call = answered_call(talk(answer))
    assert (call and call["args"]) == (currency and {**GOAL, "currency": currency})


def test_a_currency_after_another_error_or_question_completes_nothing() -> None:
    assert answered_call(talk("EUR", "There is a goal of this name.")) is None
    assert answered_call([*talk("hello"), AIMessage("Hello!"), HumanMessage("EUR")]) is None
    assert answered_call([HumanMessage("EUR")]) is None
