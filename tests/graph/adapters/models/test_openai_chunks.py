"""Chunks as real providers send them: what the official client can read is read, and what it loses too."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks

from graph.adapters.models.langchain import LangChainModel
from graph.adapters.models.openai_chunks import ChunkReader
from graph.errors import ModelError
from graph.ports.models import ModelSettings
from graph.turn.model_reply import merge_chunks
from tests.support.fakes.provider import END, Provider, text

GROCERIES, RENT = '{"category": "Groceries"}', '{"category": "Rent"}'
CALLS_END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def call(arguments: Any, *, name: Any = "look", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def calls(*parts: dict[str, Any]) -> dict[str, Any]:
    return delta(role="assistant", content=None, tool_calls=list(parts))


def message_of(chunks: list[AIMessageChunk]) -> AIMessage:
    return merge_chunks(chunks, "".join(str(chunk.text) for chunk in chunks))


def called(message: AIMessage) -> list[tuple[str, Any]]:
    return [(each["name"], each["args"].get("category")) for each in message.tool_calls]


# Words ----------------------------------------------------------------------------------------------------------------

WORDS: dict[str, list[Any]] = {
    "usual": [text("two "), text("words")],
    "role in every chunk": [delta(role="assistant", content="two "), delta(role="assistant", content="words")],
    "role is empty": [delta(role="", content="two "), delta(role="", content="words")],
    "role is null": [delta(role=None, content="two "), delta(role=None, content="words")],
    "role of another kind": [delta(role="model", content="two "), delta(role="user", content="words")],
    "role is no text": [delta(role=7, content="two "), delta(role=[], content="words")],
    "content is null between": [text("two "), text(None), text("words")],
    "content is missing": [delta(role="assistant"), text("two words")],
    "content is a list of parts": [text([{"type": "text", "text": "two "}]), text([{"type": "text", "text": "words"}])],
    "content is a list with thoughts": [
        text([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
        text([{"type": "text", "text": "two "}, {"type": "reference", "reference_ids": [1]}, "words"]),
    ],
    "content is a part": [text({"type": "text", "text": "two words"})],
    "reasoning beside it": [delta(reasoning_content="hm"), delta(content="", reasoning="hm"), text("two words")],
    "delta is missing in the middle": [text("two "), {"choices": [{"index": 0, "finish_reason": None}]}, text("words")],
    "delta is null": [text("two "), {"choices": [{"index": 0, "delta": None}]}, text("words")],
    "delta is no object": [text("two "), {"choices": [{"index": 0, "delta": "x"}]}, text("words")],
    "choices are empty": [{"choices": [], "prompt_filter_results": [{}]}, text("two words")],
    "choices are null": [{"choices": None}, text("two words")],
    "choices are missing": [{"id": "c"}, {"type": "ping"}, text("two words")],
    "chunk is null": [None, text("two words")],
    "index is odd": [
        {"choices": [{"index": None, "delta": {"content": "two "}}]},
        {"choices": [{"delta": {"content": "words"}}]},
    ],
    "finish reason is empty until the end": [
        {"choices": [{"index": 0, "delta": {"content": "two words"}, "finish_reason": ""}]}
    ],
    "finish reason in every chunk": [
        {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": "stop"}]} for word in ("two ", "words")
    ],
    "a bare line of data": [text("two "), b"data:\n\n", text("words")],
    "a line of data of blanks": [b"data:  \n\n", text("two words")],
    "an id alone": [text("two "), b"id: 7\n\n", text("words")],
    "a comment behind an id": [b'id: 1\ndata: {"choices": []}\n\n', b": ping\n\n", text("two words")],
    "a retry alone": [b"retry: 3000\n\n", text("two words")],
    "an event alone": [text("two "), b"event: ping\n\n", text("words")],
}


@pytest.mark.parametrize("lines", WORDS.values(), ids=WORDS)
async def test_words_arrive_whatever_a_chunk_leaves_out(lines: list[object]) -> None:
    message = message_of(await Provider([*lines, END]).say())
    assert (message.text, message.tool_calls) == ("two words", [])


async def test_what_the_official_client_can_read_is_read_the_same() -> None:
    read_by_both = 0
    async with typed_and_plain() as (provider, typed, plain):
        for lines in WORDS.values():
            provider.lines = [*lines, END]
            try:
                official = await said(typed)
            except ModelError:  # it stumbles over some; the other tests say what is right
                continue
            assert await said(plain) == official
            read_by_both += 1
    assert read_by_both > 10


@asynccontextmanager
async def typed_and_plain() -> AsyncIterator[tuple[Provider, LangChainModel, LangChainModel]]:
    provider = Provider([])
    async with provider.model(typed=True) as typed, provider.model() as plain:
        yield provider, typed, plain


async def listen(model: LangChainModel, heard: list[AIMessageChunk]) -> None:
    async for chunk in model.stream([HumanMessage("hello")], (), ModelSettings()):
        heard.append(chunk)


async def said(model: LangChainModel) -> str:
    heard: list[AIMessageChunk] = []
    await listen(model, heard)
    return "".join(str(chunk.text) for chunk in heard)


@pytest.mark.parametrize(
    "line",
    [
        b'event: error\ndata: {"message": "Upstream died", "code": 500}\n\n',
        {"object": "error", "message": "CUDA out of memory", "code": 500},
        {"error": "overloaded"},
        {"error": {"message": "no"}},
        {"choices": [{"index": 0, "delta": {"content": ""}, "error": {"code": 502}}]},
        {"choices": "none"},
        {"choices": [None]},
        ["a", "list"],
        "a text",
        7,
    ],
    ids=str,
)
async def test_an_error_in_the_stream_is_an_error_even_before_a_good_end(line: object) -> None:
    lines = [text("half"), line] if "'error': {'code'" in str(line) else [text("half"), line, END]
    with pytest.raises(ModelError):
        await Provider(lines).say()


# Calls ----------------------------------------------------------------------------------------------------------------

TWO = [("look", "Groceries"), ("look", "Rent")]
CALLS: dict[str, list[Any]] = {
    "without index": [calls(call(GROCERIES, id="a")), calls(call(RENT, id="b"))],
    "without index in one chunk": [calls(call(GROCERIES, id="a"), call(RENT, id="b"))],
    "index is null": [calls(call(GROCERIES, id="a", index=None), call(RENT, id="b", index=None))],
    "neither index nor id": [calls(call(GROCERIES), call(RENT))],
    "neither index nor id in two chunks": [calls(call(GROCERIES)), calls(call(RENT))],
    "without index, in parts told apart by id": [
        calls(call(GROCERIES[:5], id="a")),
        calls(call(RENT[:5], id="b")),
        calls(call(GROCERIES[5:], id="a", name=None)),
        calls(call(RENT[5:], id="b", name=None)),
    ],
    "without index, in parts that follow one another": [
        calls(call(GROCERIES[:5], id="a")),
        calls(call(GROCERIES[5:], name=None)),
        calls(call(RENT[:5], id="b")),
        calls(call(RENT[5:], name=None)),
    ],
    "every index is 0": [calls(call(GROCERIES, id="a", index=0)), calls(call(RENT, id="b", index=0))],
    "every index is 0 and no id": [calls(call(GROCERIES, id="", index=0)), calls(call(RENT, id="", index=0))],
    "every index is 0, in parts": [
        calls(call("", id="a", index=0)),
        calls(call(GROCERIES, name=None, index=0)),
        calls(call("", id="b", index=0)),
        calls(call(RENT, name=None, index=0)),
    ],
    "index counts from 1": [calls(call(GROCERIES, id="a", index=1)), calls(call(RENT, id="b", index=2))],
    "index is a text": [calls(call(GROCERIES, id="a", index="0"), call(RENT, id="b", index="1"))],
    "index is a fraction": [calls(call(GROCERIES, id="a", index=0.0), call(RENT, id="b", index=1.0))],
    "index is odd": [calls(call(GROCERIES, id="a", index=[]), call(RENT, id="b", index=True))],
    "one id for both": [calls(call(GROCERIES, id="a", index=0), call(RENT, id="a", index=1))],
    "id and name in every chunk": [
        calls(call("", id="a", index=0)),
        *(calls(call(part, id="a", index=0)) for part in (GROCERIES[:5], GROCERIES[5:])),
        *(calls(call(part, id="b", index=1)) for part in (RENT[:5], RENT[5:])),
    ],
    "name in every chunk, neither index nor id": [
        *(calls(call(part)) for part in (GROCERIES[:5], GROCERIES[5:], RENT[:5], RENT[5:]))
    ],
    "another id in a later chunk": [
        calls(call(GROCERIES[:5], id="a", index=0)),
        calls(call(GROCERIES[5:], id="z", name=None, index=0)),
        calls(call(RENT, id="b", index=1)),
    ],
    "the name comes later": [
        calls({"index": 0, "id": "a", "type": "function", "function": {"name": None, "arguments": ""}}),
        calls(call(GROCERIES, index=0)),
        calls(call(RENT, id="b", index=1)),
    ],
    "arguments come whole again": [
        calls(call(GROCERIES[:5], id="a", index=0)),
        calls(call(GROCERIES[5:], name=None, index=0)),
        calls(call(GROCERIES, id="a", index=0)),
        calls(call(RENT, id="b", index=1)),
    ],
    "arguments are an object": [calls(call({"category": "Groceries"}, id="a"), call({"category": "Rent"}, id="b"))],
    "function is null at the end": [
        calls(call(GROCERIES, id="a", index=0), call(RENT, id="b", index=1)),
        calls({"index": 0, "function": None}),
        calls({"index": 1, "id": None, "type": "function"}),
    ],
    "name with blanks": [calls(call(GROCERIES, id="a", name=" look "), call(RENT, id="b", name="look\n"))],
}


@pytest.mark.parametrize("lines", CALLS.values(), ids=CALLS)
async def test_two_calls_arrive_however_they_are_numbered(lines: list[object]) -> None:
    message = message_of(await Provider([*lines, CALLS_END]).say())
    assert called(message) == TWO


async def test_a_call_in_the_form_of_before_is_a_call() -> None:
    lines = [delta(role="assistant", function_call={"name": "look", "arguments": GROCERIES[:4]})]
    lines += [delta(function_call={"arguments": GROCERIES[4:]})]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "function_call"}]}
    assert called(message_of(await Provider([*lines, end]).say())) == [("look", "Groceries")]


async def test_two_tools_without_arguments_are_two_calls() -> None:
    lines = [calls(call("", name="look")), calls(call(None, name="listen"))]
    assert called(message_of(await Provider([*lines, CALLS_END]).say())) == [("look", None), ("listen", None)]


async def test_langchain_puts_a_call_together_whose_name_comes_in_every_chunk() -> None:
    heard = await Provider([*CALLS["id and name in every chunk"], CALLS_END]).say()
    merged = add_ai_message_chunks(*heard)
    assert [(each["name"], each["args"]) for each in merged.tool_call_chunks] == [("look", GROCERIES), ("look", RENT)]


async def test_a_character_whose_halves_come_in_two_chunks_is_whole_in_text_and_arguments() -> None:
    halves = [text("Saved \ud83d"), text("\udc16 now")]
    heard = await Provider([*halves, END]).say()
    assert message_of(heard).text == "Saved 🐖 now"
    first, second = json.dumps('{"category": "')[:-1] + '\\ud83d"', '"\\udeb2' + json.dumps('"}')[1:]
    lines = [calls(call("<first>", id="a", index=0)), calls(call("<second>", name=None, index=0))]
    raw = [json.dumps(line).replace('"<first>"', first).replace('"<second>"', second) for line in lines]
    heard = await Provider([*(b"data: %s\n\n" % line.encode() for line in raw), CALLS_END]).say()
    assert called(message_of(heard)) == [("look", "🚲")]


def parts_of(arguments: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cut % (len(arguments) + 1) for cut in cuts), len(arguments)]
    return [arguments[start:end] for start, end in pairwise(places)]


NAMES = st.sampled_from(["look", "listen", "smell"])
ARGUMENTS = st.dictionaries(st.text(max_size=3), st.text(max_size=6), min_size=1, max_size=2).map(json.dumps)
WANTED = st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=4, unique_by=lambda each: each[1])


@settings(max_examples=200, deadline=None)
@given(
    wanted=WANTED,
    cuts=st.lists(st.integers(0, 60), max_size=4),
    index=st.sampled_from(["index", "zero", "none", "text"]),
    has_id=st.booleans(),
    repeats=st.booleans(),
)
def test_calls_that_follow_one_another_are_put_together_as_they_were(
    wanted: list[tuple[str, str]], cuts: list[int], index: str, has_id: bool, repeats: bool
) -> None:
    reader = ChunkReader()
    deltas: list[dict[str, Any]] = []
    for number, (name, arguments) in enumerate(wanted):
        numbering = {"index": number, "zero": 0, "text": str(number), "none": None}[index]
        for place, part in enumerate(parts_of(arguments, cuts)):
            named = place == 0 or repeats
            fields = {"id": f"call_{number}"} if has_id and named else {}
            sent = call(part, name=name if named else None, index=numbering, **fields)
            deltas += reader.read(calls(sent))["choices"][0]["delta"].get("tool_calls", [])
    assert put_together(deltas) == wanted


def put_together(deltas: list[dict[str, Any]]) -> list[tuple[str, str]]:
    made: dict[int, list[str]] = {}
    for part in deltas:
        name, arguments = part["function"]["name"] or "", part["function"]["arguments"]
        before = made.setdefault(part["index"], ["", ""])
        made[part["index"]] = [name or before[0], before[1] + arguments]
    return [(name, arguments) for name, arguments in made.values()]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(("index", "id", "function", "type"), JSON))
FUNCTIONS = st.fixed_dictionaries({}, optional={"name": JSON, "arguments": JSON})
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "role": JSON,
        "content": JSON,
        "refusal": JSON,
        "function_call": JSON | FUNCTIONS,
        "tool_calls": JSON | st.lists(FIELDS | st.builds(lambda each: {"function": each}, FUNCTIONS), max_size=3),
    },
)
CHOICES = st.fixed_dictionaries(
    {}, optional={"index": JSON, "delta": JSON | DELTAS, "finish_reason": JSON, "usage": JSON}
)
USAGE = st.fixed_dictionaries({}, optional={f"{name}_tokens": JSON for name in ("prompt", "completion", "total")})
CHUNKS = st.fixed_dictionaries(
    {}, optional={"choices": JSON | st.lists(CHOICES, max_size=2), "usage": JSON | USAGE, "x_groq": JSON}
)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON | CHUNKS, max_size=6))
def test_whatever_comes_is_read_or_is_no_chunk(chunks: list[Any]) -> None:
    reader = ChunkReader()
    for chunk in chunks:
        try:
            told = reader.read(chunk)
        except ValueError:
            continue
        for choice in told["choices"]:
            assert isinstance(choice["delta"]["content"], str)
            assert all(isinstance(part["index"], int) for part in choice["delta"].get("tool_calls", []))
    if usage := reader.usage_chunk():
        assert all(0 <= number < 10_000_000 for number in usage["usage"].values())


# Usage ----------------------------------------------------------------------------------------------------------------


def used(prompt: Any, completion: Any, total: Any = None) -> dict[str, Any]:
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {"usage": told if total is None else {**told, "total_tokens": total}}


SO_FAR = [{**text("w "), **used(1000, number, 1000 + number)} for number in range(1, 11)]
REPORTS: dict[str, tuple[list[Any], tuple[int, int] | None]] = {
    "once behind the end": ([text("w"), END, {"choices": [], **used(1000, 10)}], (1000, 10)),
    "so far in every chunk": ([*SO_FAR, {**END, **used(1000, 10)}], (1000, 10)),
    "so far and behind the end": ([*SO_FAR, END, {"choices": [], **used(1000, 10)}], (1000, 10)),
    "twice": ([text("w"), {**END, **used(1000, 10)}, {"choices": [], **used(1000, 10)}], (1000, 10)),
    "first and last": ([{"choices": [], **used(1000, 0)}, text("w"), END, {"choices": [], **used(1000, 10)}], (1000, 10)),
    "prompt first, rest last": ([{"choices": [], **used(1000, 1)}, text("w"), END, {"choices": [], **used(0, 10)}], (1000, 10)),
    "as text": ([text("w"), END, {"choices": [], **used("1000", "10")}], (1000, 10)),
    "as fractions": ([text("w"), END, {"choices": [], **used(1000.0, 10.0)}], (1000, 10)),
    "thoughts in the total only": ([text("w"), END, {"choices": [], **used(1000, 10, 1500)}], (1000, 500)),
    "Groq's place": ([text("w"), {**END, "x_groq": used(1000, 10)}], (1000, 10)),
    "Moonshot's place": ([text("w"), {"choices": [{**END["choices"][0], **used(1000, 10)}]}], (1000, 10)),
    "empty": ([text("w"), END, {"choices": [], "usage": {}}], None),
    "null": ([text("w"), END, {"choices": [], "usage": None}], None),
    "a list": ([text("w"), END, {"choices": [], "usage": [1000, 10]}], None),
    "negative": ([text("w"), END, {"choices": [], **used(-1000, -10)}], None),
    "huge": ([text("w"), END, {"choices": [], **used(10**30, 10**18)}], None),
    "not a number": ([text("w"), END, {"choices": [], **used(float("nan"), float("inf"))}], None),
    "words": ([text("w"), END, {"choices": [], **used("many", True)}], None),
    "a huge total": ([text("w"), END, {"choices": [], **used(1000, 10, 10**7)}], (1000, 10)),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "taken"), REPORTS.values(), ids=REPORTS)
async def test_tokens_are_counted_once_whatever_the_report(lines: list[Any], taken: tuple[int, int] | None) -> None:
    heard = await Provider(lines).say()
    for usage in (message_of(heard).usage_metadata, add_ai_message_chunks(*heard).usage_metadata):
        assert (usage and (usage["input_tokens"], usage["output_tokens"])) == taken


async def test_what_was_reported_before_a_stream_broke_is_kept() -> None:
    heard: list[AIMessageChunk] = []
    async with Provider([*SO_FAR, {"error": "died"}]).model() as model:
        with pytest.raises(ModelError):
            await listen(model, heard)
    usage = message_of(heard).usage_metadata
    assert usage
    assert (usage["input_tokens"], usage["output_tokens"]) == (1000, 10)
