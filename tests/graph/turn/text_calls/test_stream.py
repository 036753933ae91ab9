"""Calls that a model writes as text leave the stream, and everything else stays, wherever the text is cut."""

import json
from collections.abc import Iterable

import pytest

from graph.turn.text_calls.json_shapes import Verdict
from graph.turn.text_calls.stream import MAX_CALL_CHARS, TextCallStream
from tests.support.fakes.text_calls import FALSE_FRIENDS, text_forms

TOOLS = {"totals": frozenset({"month"}), "totals_by_shop": frozenset({"shop", "description"})}
FORMS = text_forms("totals", {"month": 3})


def read(pieces: Iterable[str]) -> tuple[str, TextCallStream]:
    """What is shown of a stream."""
    stream = TextCallStream(TOOLS)
    return "".join([*map(stream.push, pieces), stream.flush()]), stream


def cuts(text: str) -> Iterable[list[str]]:
    """The text in one piece, in characters, and in two pieces cut everywhere."""
    yield [text]
    yield list(text)
    yield from ([text[:cut], text[cut:]] for cut in range(1, len(text)))


@pytest.mark.parametrize("form", FORMS)
def test_a_call_is_found_and_not_shown_wherever_it_is_cut(form: str) -> None:
    for pieces in cuts(FORMS[form]):
        shown, stream = read(pieces)
        assert (shown, stream.is_unreadable) == ("", False), pieces
        assert [(call.name, dict(call.arguments)) for call in stream.calls] == [("totals", {"month": 3})], pieces


@pytest.mark.parametrize("form", FORMS)
def test_the_text_around_a_call_is_shown(form: str) -> None:
    is_closed = form not in ("tag_unclosed", "python_tag")
    for pieces in cuts(f"Let me look:\n\n{FORMS[form]}\n\nThen I answer."):
        shown, stream = read(pieces)
        assert shown == "Let me look:\n\nThen I answer.", pieces
        assert len(stream.calls) == 1
        assert is_closed or not stream.is_unreadable


@pytest.mark.parametrize("between", ["", "\n", ", ", ";\n", "\n\n"])
@pytest.mark.parametrize("form", [form for form in FORMS if "fence" not in form])
def test_several_calls_are_found(form: str, between: str) -> None:
    shown, stream = read(list(between.join([FORMS[form]] * 3)))
    assert (shown, len(stream.calls), stream.is_unreadable) == ("", 3, False)


@pytest.mark.parametrize("form", [form for form in FORMS if "fence" in form])
def test_several_blocks_are_found(form: str) -> None:
    shown, stream = read(list("\n".join([FORMS[form]] * 3)))
    assert (shown, len(stream.calls), stream.is_unreadable) == ("", 3, False)


@pytest.mark.parametrize("name", FALSE_FRIENDS)
def test_text_that_is_no_call_is_shown_wherever_it_is_cut(name: str) -> None:
    for pieces in cuts(FALSE_FRIENDS[name]):
        shown, stream = read(pieces)
        assert (shown, stream.has_found) == (FALSE_FRIENDS[name], False), pieces


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Use {", "{"),
        ("Use {m", ""),
        ('{"categ', ""),
        ('{"name": "Rent Street', ""),
        ('{"name": "totals_of_rent", "amo', ""),
        ('```json\n{"name": "tot', '```json\n{"name": "tot'),
        ('```json\n{"name": "total_', ""),
        ("```python\nx", ""),
        ("x <t", "<t"),
        ("x <ta", ""),
        ("x [1", ""),
    ],
)
def test_text_is_held_only_while_it_may_become_a_call(text: str, held: str) -> None:
    stream = TextCallStream(TOOLS)
    assert stream.push(text) == text[: len(text) - len(held)]


def test_a_call_that_does_not_end_is_not_held_without_bound() -> None:
    stream = TextCallStream(TOOLS)
    shown = [stream.push(piece) for piece in ('{"name": "totals", "arguments": {"x": "', *["y" * 999] * 30)]
    assert ("".join(shown), stream.is_unreadable) == ("", True)
    assert stream.push("more") == ""


def test_an_object_that_never_names_a_tool_is_let_go() -> None:
    stream = TextCallStream(TOOLS)
    text = '{"name": "x", "id": "' + "y" * MAX_CALL_CHARS
    assert stream.push(text) == text


def test_arguments_beside_the_name_are_the_tools_own() -> None:
    _, stream = read(['{"name": "totals_by_shop", "shop": "Acme", "description": "food"}'])
    assert [dict(call.arguments) for call in stream.calls] == [{"shop": "Acme", "description": "food"}]


def test_numbers_that_json_does_not_allow_make_a_call_unreadable() -> None:
    shown, stream = read([json.dumps({"name": "totals", "arguments": {"month": float("nan")}})])
    assert (shown, stream.is_unreadable) == ("", True)


def test_a_long_call_is_found_and_the_text_after_it_shown() -> None:
    arguments = {"month": "m" * 12_000}
    shown, stream = read(list(json.dumps({"arguments": arguments, "name": "totals"}) + " Done."))
    assert (shown, [dict(call.arguments) for call in stream.calls]) == ("Done.", [arguments])


def test_held_text_is_not_read_again_with_each_of_its_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []

    def judge(text: str, *_: object, **__: object) -> Verdict:
        reads.append(text)
        return Verdict.OPEN

    monkeypatch.setattr("graph.turn.text_calls.stream.judge", judge)
    read(list('{"arguments": {' + '"a": {"b": 1}, ' * 1_000))
    assert len(reads) < 1_200
