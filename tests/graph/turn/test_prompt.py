"""What the model reads stays within its budget, and loses the least important first."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage

from graph.state import Passage
from graph.turn.prompt import Prompt, PromptTemplates, count_message_tokens, exchanges, fit_to_budget, newest_within

TEMPLATES = PromptTemplates("Today is {today}.", "## Colleagues", "## Facts", "## Summary", "## Passages", "(left out)")


def count(text: str) -> int:
    return len(text.split())


def exchange(number: int, words: int = 20) -> list[AnyMessage]:
    call = {"name": "totals", "args": {"n": number}, "id": f"call-{number}", "type": "tool_call"}
    return [
        HumanMessage(f"question {number} " + "word " * words),
        AIMessage("", tool_calls=[call]),
        ToolMessage("row " * words * 3, tool_call_id=f"call-{number}"),
        AIMessage(f"answer {number}"),
    ]


def passage(number: int) -> Passage:
    return Passage(id=str(number), text=f"passage {number} " + "word " * 20, source="note", similarity=0.9)


def prompt(turns: int = 5) -> Prompt:
    return Prompt(
        templates=TEMPLATES,
        today="2026-11-23",
        persona="You are Prime.",
        colleagues=[],
        facts=["likes trains", "has a cat"],
        summary="They spoke of savings.",
        passages=[passage(1), passage(2)],
        history=[message for number in range(turns) for message in exchange(number)],
        turn=[HumanMessage("And now?")],
    )


def assert_calls_have_results(messages: Sequence[BaseMessage]) -> None:
    called = [call["id"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]
    answered = [m.tool_call_id for m in messages if isinstance(m, ToolMessage)]
    assert called == answered


def test_a_prompt_within_its_budget_is_left_alone() -> None:
    whole = prompt()
    assert fit_to_budget(whole, 100_000, count) == whole


def test_the_sections_come_in_order_in_one_system_message() -> None:
    system, *rest = prompt(turns=1).messages()
    text = str(system.text)
    places = [text.index(part) for part in ("2026-11-23", "You are Prime", "likes trains", "savings", "[1] passage 1")]
    assert places == sorted(places)
    assert [type(message) for message in rest][-1] is HumanMessage


@pytest.mark.parametrize("budget", [30, 60, 100, 150, 250, 400, 600])
def test_a_fitted_prompt_is_within_its_budget_and_keeps_rules_employee_and_question(budget: int) -> None:
    fitted = fit_to_budget(prompt(), budget, count)
    assert fitted.count_tokens(count) <= budget
    assert "2026-11-23" in str(fitted.messages()[0].text)
    assert "You are Prime." in str(fitted.messages()[0].text)
    assert fitted.turn[0] == HumanMessage("And now?")
    assert_calls_have_results(list(fitted.history))


def test_the_oldest_exchange_leaves_first_and_the_newest_last() -> None:
    whole = prompt()
    fitted = fit_to_budget(whole, whole.count_tokens(count) - 1, count)
    assert fitted.history[0].text.startswith("question 1")
    assert fitted.passages == whole.passages


def test_history_leaves_before_passages_before_summary_before_facts() -> None:
    sizes = range(prompt().count_tokens(count), 20, -5)
    seen = [fit_to_budget(prompt(), budget, count) for budget in sizes]
    for one in seen:
        assert not one.history or len(one.passages) == 2
        assert not one.passages or one.summary
        assert not one.summary or len(one.facts) == 2


def test_a_question_alone_over_the_budget_still_goes_out_whole() -> None:
    long = Prompt(TEMPLATES, "", "", (), (), "", (), (), [HumanMessage("word " * 500)])
    assert fit_to_budget(long, 100, count).turn == long.turn


def test_a_tool_result_of_this_turn_is_shortened_but_stays_with_its_call() -> None:
    crowded = Prompt(TEMPLATES, "", "", (), (), "", (), (), exchange(1, words=200)[:3])
    fitted = fit_to_budget(crowded, 230, count)
    assert_calls_have_results(list(fitted.turn))
    assert fitted.turn[-1].text == TEMPLATES.omitted_result


def test_a_shortened_result_keeps_its_summary_as_long_as_there_is_room() -> None:
    templates = replace(TEMPLATES, omitted_result='{"note": "left out"}')
    *call, result = exchange(1)[:3]
    long = json.dumps({"summary": "You spent $12.50 in May.", "rows": ["word"] * 500})
    crowded = Prompt(templates, "", "", (), (), "", (), (), [*call, result.model_copy(update={"content": long})])
    kept = fit_to_budget(crowded, crowded.count_tokens(count) - 50, count).turn[-1].text
    assert json.loads(kept) == {"summary": "You spent $12.50 in May.", "note": "left out"}
    assert fit_to_budget(crowded, 1, count).turn[-1].text == templates.omitted_result


def test_when_nothing_else_is_left_the_arguments_of_this_turns_calls_leave_and_short_ones_stay() -> None:
    question, caller, result = exchange(1)[:3]
    assert isinstance(caller, AIMessage)
    [call] = caller.tool_calls
    talkative = AIMessage("", tool_calls=[{**call, "args": {"text": "word " * 500}}])
    crowded = Prompt(TEMPLATES, "", "", (), (), "", (), (), [question, talkative, result, caller, result])
    fitted = fit_to_budget(crowded, 100, count)
    assert fitted.count_tokens(count) <= 100
    assert_calls_have_results(fitted.messages())
    assert [m.tool_calls[0]["args"] for m in fitted.turn if isinstance(m, AIMessage)] == [{}, {"n": 1}]
    assert talkative.tool_calls[0]["args"] == {"text": "word " * 500}


def test_a_call_that_never_got_its_result_is_sent_with_one_and_is_counted_with_it() -> None:
    stopped = exchange(1)[:2]
    whole = replace(prompt(turns=0), history=[*stopped, *exchange(2)], turn=[HumanMessage("And now?")])
    assert [message.type for message in whole.messages()] == [
        *("system", "human", "ai", "tool", "ai"),
        *("human", "ai", "tool", "ai", "human"),
    ]
    assert_calls_have_results(whole.messages())
    assert whole.count_tokens(count) == count_message_tokens(whole.messages(), count)


@pytest.mark.parametrize("budget", range(40, 400, 20))
def test_whatever_is_cut_from_a_broken_history_what_is_sent_is_whole_and_within_the_budget(budget: int) -> None:
    """A result stands behind the next question; one call has none, and one result no call."""
    first, second, third = exchange(1), exchange(2), exchange(3)
    history = [*first[:2], *second[:2], first[2], *second[2:], third[0], third[2], third[3]]
    fitted = fit_to_budget(replace(prompt(), history=history), budget, count)
    assert_calls_have_results(fitted.messages())
    assert fitted.count_tokens(count) <= budget


def test_history_that_begins_within_an_exchange_loses_that_part() -> None:
    assert exchanges(exchange(1)[2:] + exchange(2)) == [exchange(2)]


def test_the_newest_exchanges_are_kept_whole_or_without_their_tools_and_within_the_budget() -> None:
    dice = random.Random(7)
    for _ in range(300):
        history = [m for number in range(dice.randint(0, 8)) for m in exchange(number, dice.randint(1, 60))]
        budget = dice.randint(0, 500)
        kept = newest_within(history, budget, count)
        assert count_message_tokens(kept, count) <= budget
        assert_calls_have_results(kept)
        assert [m for m in history if m in kept] == kept
