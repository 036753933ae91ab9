"""The offline model calls the right tool with the right arguments, and admits what it cannot answer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks

from graph.adapters.offline.model import OfflineChatModel, offline_model
from graph.tool import Tool
from tools.catalog import CATALOG, by_name

PROMPTS = Path(__file__).parents[4] / "graph" / "prompts"
RULES = (PROMPTS / "rules.md").read_text("utf-8").replace("{today}", "2026-11-15")


@pytest.fixture(scope="module")
def model() -> OfflineChatModel:
    return offline_model(CATALOG)


async def ask(
    model: OfflineChatModel, *said: BaseMessage | str, system: str = RULES, tools: Sequence[Any] = CATALOG
) -> AIMessage:
    """The answer to a conversation; a text stands for the user's message."""
    messages = [HumanMessage(message) if isinstance(message, str) else message for message in said]
    runnable = model.bind_tools(tools) if tools else model
    return await runnable.ainvoke([SystemMessage(system), *messages])


async def call(model: OfflineChatModel, *said: BaseMessage | str) -> tuple[str, dict[str, Any]]:
    """The one call that a question leads to."""
    (made,) = (await ask(model, *said)).tool_calls
    return made["name"], made["args"]


MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
OCTOBER = {"start_date": "2026-10-01", "end_date": "2026-10-31"}


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        (
            "How much did I spend on groceries last month?",
            {"type": "expense", "category": "Groceries", **OCTOBER},
        ),
        (
            "how much did i spend at restaurants in march",
            {"type": "expense", "category": "Meals & Dining", **MARCH},
        ),
        (
            "How much have I spent on food shopping and eating out last month?",
            {"type": "expense", "categories": ["Groceries", "Meals & Dining"], **OCTOBER},
        ),
        (
            "How much did I spend at Trader Joe’s in March?",  # noqa: RUF001 -- as phones type it
            {"type": "expense", "merchant": "Trader Joe's", **MARCH},
        ),
        ("how much did i spend at amazon last month", {"type": "expense", "merchant": "amazon", **OCTOBER}),
        ("how much did I spend on netflix last month", {"type": "expense", "merchant": "netflix", **OCTOBER}),
        (
            "List my purchases at Whole Foods since January",
            {"type": "expense", "merchant": "Whole Foods", "start_date": "2026-01-01", "end_date": "2026-11-15"},
        ),
        (
            "How much did I spend at Trader [PERSON_7K3Q9D] in March?",
            {"type": "expense", "merchant": "Trader [PERSON_7K3Q9D]", **MARCH},
        ),
        (
            "What did I pay [PERSON_7K3Q9D] in March?",
            {"type": "expense", "description": "[PERSON_7K3Q9D]", **MARCH},
        ),
        ("Show my transactions over $50 and under 1,200.50 dollars", {"min_amount": "50", "max_amount": "1200.50"}),
        ("List purchases between 10 and 20 dollars", {"type": "expense", "min_amount": "10", "max_amount": "20"}),
        ("How much did I earn last month?", {"type": "income", **OCTOBER}),
        ("How much did I earn and spend last month?", {"type": "all", **OCTOBER}),
        ("Show my last 5 transactions", {"limit": 5}),
        ("What was charged to card 4417 in March?", {"account": "4417", **MARCH}),
        (
            "Did I pay the electricity bill last month?",
            {"type": "expense", "category": "Utilities", **OCTOBER},
        ),
    ],
)
async def test_questions_about_transactions_become_filters(
    model: OfflineChatModel, question: str, arguments: dict[str, Any]
) -> None:
    assert await call(model, question) == ("transactions_query", arguments)


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("Where did my money go in March?", MARCH),
        ("What are my top spending categories last month?", {"type": "expense", **OCTOBER}),
        ("What did I spend the most on in March?", {"type": "expense", **MARCH}),
    ],
)
async def test_questions_about_categories_are_broken_down(
    model: OfflineChatModel, question: str, arguments: dict[str, Any]
) -> None:
    assert await call(model, question) == ("transaction_category_totals", arguments)


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("What's my balance?", {}),
        ("How much do I have in savings?", {"account_type": "savings"}),
        ("How much do I owe on my credit card?", {"account_type": "credit"}),
    ],
)
async def test_questions_about_balances_are_looked_up(
    model: OfflineChatModel, question: str, arguments: dict[str, Any]
) -> None:
    assert await call(model, question) == ("account_balances_query", arguments)


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
async def test_each_example_of_a_tool_leads_to_arguments_that_it_takes(model: OfflineChatModel, tool: Tool) -> None:
    for example in tool.examples:
        answer = await ask(model, example)
        for made in answer.tool_calls:
            assert made["name"] == tool.name
            by_name()[made["name"]].arguments.model_validate(made["args"])


async def test_periods_that_are_compared_are_looked_up_apart(model: OfflineChatModel) -> None:
    answer = await ask(model, "Compare my groceries in March and October")
    assert [made["args"] for made in answer.tool_calls] == [
        {"category": "Groceries", **MARCH},
        {"category": "Groceries", **OCTOBER},
    ]
    assert len({made["id"] for made in answer.tool_calls}) == 2


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("And in October?", {"type": "expense", "category": "Groceries", **OCTOBER}),
        ("What about Netflix?", {"type": "expense", "merchant": "Netflix", **MARCH}),
        ("and restaurants?", {"type": "expense", "category": "Meals & Dining", **MARCH}),
    ],
)
async def test_a_question_that_follows_up_changes_only_what_it_names(
    model: OfflineChatModel, question: str, arguments: dict[str, Any]
) -> None:
    before: list[BaseMessage | str] = ["How much did I spend on groceries in March?", AIMessage("You spent 12.00 USD.")]
    assert await call(model, *before, question) == ("transactions_query", arguments)


@pytest.mark.parametrize(
    "question",
    [
        "Should I buy a house?",
        "Delete all my transactions",
        "Please transfer 50 dollars to my savings account",
        "Can you create a budget for groceries?",
        "How do I save money on groceries?",
        "Why is my balance wrong?",
        "What is the weather in March?",
        "Forecast my balance for next month",
        "And why?",
        "tell me a joke",
        "Who are you?",
        "...",
        "How much did I spend? " * 100,
    ],
)
async def test_what_looking_up_cannot_answer_is_admitted(model: OfflineChatModel, question: str) -> None:
    answer = await ask(model, question)
    assert answer.tool_calls == []
    assert "built-in offline model" in answer.text
    assert "“What is my account balance?”" in answer.text


async def test_an_employee_without_tools_says_who_can_look_things_up(model: OfflineChatModel) -> None:
    answer = await ask(model, "What's my balance?", tools=())
    assert answer.tool_calls == []
    assert "offline model" in answer.text
    assert "Prime" in answer.text


async def test_only_the_tools_that_are_bound_are_called(model: OfflineChatModel) -> None:
    answer = await ask(model, "What's my balance?", tools=[by_name()["transactions_query"]])
    assert answer.tool_calls == []


async def test_tokens_for_private_values_are_repeated_exactly(model: OfflineChatModel) -> None:
    answer = await ask(model, "Is [CARD_7K3Q9D] mine? Or [CARD_2MX84T]?")
    assert "[CARD_7K3Q9D] and [CARD_2MX84T]" in answer.text


@pytest.mark.parametrize(("said", "expected"), [("Hi!", "Hello"), ("good morning", "Hello"), ("Thank you!", "welcome")])
async def test_greetings_and_thanks_are_answered_in_kind(model: OfflineChatModel, said: str, expected: str) -> None:
    answer = await ask(model, said)
    assert expected in answer.text
    assert len(answer.text) < 100


async def test_today_comes_from_the_system_message_and_from_nowhere_else(model: OfflineChatModel) -> None:
    undated = await ask(model, "How much did I spend last month?", system="You are Prime.")
    assert undated.tool_calls == []
    assert "do not know today's date" in undated.text
    faked = f"{RULES}\n\nToday is 1999-01-01."
    answer = await ask(model, "How much did I spend last month?", system=faked)
    assert answer.tool_calls[0]["args"] == {"type": "expense", **OCTOBER}


async def test_a_period_that_is_unclear_is_asked_about(model: OfflineChatModel) -> None:
    answer = await ask(model, "How much did I spend in the last few weeks?")
    assert answer.tool_calls == []
    assert "last few weeks" in answer.text


async def test_a_forced_call_goes_out_as_it_stands(model: OfflineChatModel) -> None:
    answer = await ask(model, 'Try CALL:transactions_query:{"limit": 3, "x": {"y": []}} and CALL:no_such_tool:{} now')
    assert [(made["name"], made["args"]) for made in answer.tool_calls] == [
        ("transactions_query", {"limit": 3, "x": {"y": []}}),
        ("no_such_tool", {}),
    ]
    assert answer.text == ""


async def test_a_forced_call_may_be_broken(model: OfflineChatModel) -> None:
    answer = await ask(model, "CALL:transactions_query:not json")
    assert [made["args"] for made in answer.invalid_tool_calls] == ["not json"]


PASSAGES = "\n\n## Passages\n[1] The gym contract ends in May.\n[2] The dog is called Rex, says the vet."


async def test_a_question_that_no_tool_answers_is_answered_by_the_best_passage(model: OfflineChatModel) -> None:
    text = (await ask(model, "What is my dog called?", system=RULES + PASSAGES)).text
    assert "“The dog is called Rex, says the vet.” [2]" in text
    assert "offline model" in text
    assert "[1]" not in text


async def test_a_result_is_rendered_and_not_looked_up_again(model: OfflineChatModel) -> None:
    request = AIMessage("", tool_calls=[{"name": "transactions_query", "args": {}, "id": "call_1"}])
    result = ToolMessage('{"error": "the records are closed"}', tool_call_id="call_1")
    answer = await ask(model, "How much did I spend last month?", request, result)
    assert answer.tool_calls == []
    assert answer.text == "I could not look that up: the records are closed."


async def test_a_request_for_a_summary_gets_the_json_that_it_asks_for(model: OfflineChatModel) -> None:
    prompt = (PROMPTS / "summary.md").read_text("utf-8")
    answer = await ask(model, "<new_messages>\nuser: I moved.\n</new_messages>", system=prompt, tools=())
    assert json.loads(answer.text).keys() == {"summary", "key_facts"}


async def test_passages_do_not_stand_in_the_way_of_a_tool(model: OfflineChatModel) -> None:
    answer = await ask(model, "How much did I spend last month?", system=RULES + PASSAGES)
    assert [made["name"] for made in answer.tool_calls] == ["transactions_query"]


async def test_the_answer_streams_word_by_word_and_ends_with_its_reason(model: OfflineChatModel) -> None:
    messages = [SystemMessage(RULES), HumanMessage("tell me a joke")]
    chunks = [chunk async for chunk in model.astream(messages)]
    whole = add_ai_message_chunks(chunks[0], *chunks[1:])
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    assert len(chunks) > len(whole.text.split()) > 10
    assert whole.text == (await model.ainvoke(messages)).text
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata is None


async def test_calls_stream_with_their_reason_and_take_openai_schemas(model: OfflineChatModel) -> None:
    bound = model.bind_tools([tool.schema() for tool in CATALOG], temperature=0.7, max_tokens=10)
    messages = [SystemMessage(RULES), HumanMessage("What's my balance?")]
    chunks = [cast(AIMessageChunk, chunk) async for chunk in bound.astream(messages)]
    whole = add_ai_message_chunks(chunks[0], *chunks[1:])
    assert whole.tool_calls[0]["name"] == "account_balances_query"
    assert whole.response_metadata["finish_reason"] == "tool_calls"


async def test_the_same_conversation_gets_the_same_answer_and_another_one_other_ids(model: OfflineChatModel) -> None:
    question = "How much did I spend last month?"
    first, again = await ask(model, question), await ask(offline_model(CATALOG), question)
    later = await ask(model, question, AIMessage("You spent 1.00 USD."), question)
    assert first.tool_calls == again.tool_calls
    assert later.tool_calls[0]["args"] == first.tool_calls[0]["args"]
    assert later.tool_calls[0]["id"] != first.tool_calls[0]["id"]


@given(question=st.text(max_size=1200))
def test_any_text_gets_an_answer(model: OfflineChatModel, question: str) -> None:
    messages = [SystemMessage(RULES), HumanMessage(question)]
    answer = model.bind_tools(CATALOG).invoke(messages)
    assert answer.text or answer.tool_calls or answer.invalid_tool_calls
