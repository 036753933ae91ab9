"""Of a result that is too long as much is kept as fits; it stays JSON, and says what it lacks."""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.turn.result_truncation import NOTE_FIELD, to_json, truncate_json

LIMIT = 1000

texts = st.builds(lambda text, times: text * times, st.text(max_size=6), st.sampled_from([1, 1, 200]))
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
rows = st.builds(lambda items, times: items * times, st.lists(leaves, max_size=4), st.sampled_from([1, 1, 60]))
wide = st.builds(lambda item: {f"field {number}": item for number in range(70)}, leaves)
values = st.recursive(
    st.one_of(leaves, rows, wide),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=4,
)
results = st.dictionaries(texts.filter(NOTE_FIELD.__ne__), values, max_size=5)
"""JSON objects, short and long, wide and deep."""


def chars(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def is_part(part: Any, whole: Any) -> bool:
    """Whether a value is what another one begins with, at each depth."""
    match part, whole:
        case dict(), dict():
            return all(name in whole and is_part(item, whole[name]) for name, item in part.items())
        case list(), list():
            return len(part) <= len(whole) and all(map(is_part, part, whole))
        case str(), str():
            return part == whole or (part.endswith("…") and whole.startswith(part[:-1]))
        case _:
            return bool(part == whole)


# Whatever the result


@given(results)
def test_an_excerpt_is_json_within_the_limit_and_a_part_of_the_result(result: dict[str, Any]) -> None:
    kept = dict(truncate_json(result, LIMIT))
    assert chars(kept) <= LIMIT
    assert json.loads(json.dumps(kept)) == kept
    kept.pop(NOTE_FIELD, None)
    assert is_part(kept, result)


@given(results)
def test_there_is_a_note_if_and_only_if_something_was_cut(result: dict[str, Any]) -> None:
    kept = truncate_json(result, LIMIT)
    assert (NOTE_FIELD in kept) == (kept is not result) == (chars(result) > LIMIT)
    if NOTE_FIELD in kept:
        assert {name: item for name, item in kept.items() if name != NOTE_FIELD} != result
        assert "ask for less" in kept[NOTE_FIELD]["advice"]


@given(results, st.integers(700, 1000))
def test_an_excerpt_of_an_excerpt_is_one_too(result: dict[str, Any], limit: int) -> None:
    kept = truncate_json(truncate_json(result, LIMIT), limit)
    assert chars(kept) <= limit
    assert (NOTE_FIELD in kept) == (chars(result) > limit)


@given(results)
def test_a_text_that_is_not_masked_yet_is_kept_whole_or_not_at_all(result: dict[str, Any]) -> None:
    kept = truncate_json({"free": result, "row": {"free": result}}, LIMIT, atomic_texts=True)
    own = texts_in(result)
    assert texts_in({name: item for name, item in kept.items() if name != NOTE_FIELD}) <= own


def texts_in(value: Any) -> set[str]:
    match value:
        case dict():
            return set().union(*map(texts_in, value.values()))
        case list():
            return set().union(*map(texts_in, value))
        case str():
            return {value}
        case _:
            return set()


# Some results


def test_the_first_rows_and_all_that_is_short_are_kept() -> None:
    rows = [{"day": f"2026-01-{day:02}", "note": "lunch " * 5} for day in range(1, 31)]
    kept = truncate_json({"status": "found", "rows": rows, "total": "-120.00"}, LIMIT)
    count = len(kept["rows"])
    assert (kept["status"], kept["total"]) == ("found", "-120.00")
    assert kept["rows"] == rows[:count]
    assert 3 < count < 30
    assert kept[NOTE_FIELD]["kept"] == {"rows": f"{count} of 30 items"}


def test_a_long_text_keeps_its_beginning() -> None:
    kept = truncate_json({"text": "word " * 1000}, LIMIT)
    count = len(kept["text"]) - 1
    assert kept["text"] == ("word " * 1000)[:count] + "…"
    assert count > 300
    assert kept[NOTE_FIELD]["kept"] == {"text": f"{count} of 5000 characters"}


def test_a_list_of_one_long_row_keeps_a_part_of_the_row() -> None:
    kept = truncate_json({"rows": [{"id": 7, "text": "x" * 5000}, {"id": 8}]}, LIMIT)
    [row] = kept["rows"]
    assert row["id"] == 7
    assert len(row["text"]) > 300
    assert kept[NOTE_FIELD]["kept"].keys() == {"rows[0].text", "rows"}


def test_an_object_of_very_many_fields_keeps_the_first() -> None:
    kept = dict(truncate_json({"by_shop": {f"shop {number}": "12.00" for number in range(5000)}}, LIMIT))
    count = len(kept["by_shop"])
    assert list(kept["by_shop"]) == [f"shop {number}" for number in range(count)]
    assert count > 10
    assert kept[NOTE_FIELD]["kept"] == {"by_shop": f"{count} of 5000 fields"}


def test_two_long_lists_share_the_room() -> None:
    kept = truncate_json({"income": ["x" * 20] * 500, "expenses": ["y" * 20] * 500}, LIMIT * 4)
    assert len(kept["income"]) == len(kept["expenses"]) > 50


def test_a_token_is_not_cut() -> None:
    token = "[CARD_7K3Q9D]"
    for padding in range(len(token) + 2):
        text = truncate_json({"text": "." * padding + token * 500}, LIMIT)["text"]
        assert text.strip(".…").replace(token, "") == ""


def test_what_was_cut_twice_says_how_much_there_was_at_first() -> None:
    once = truncate_json({"rows": ["x" * 20] * 5000, "text": "short"}, 2 * LIMIT)
    twice = truncate_json({**once, "rows": [row * 3 for row in once["rows"]]}, LIMIT)
    assert twice[NOTE_FIELD]["kept"] == {"rows": f"{len(twice['rows'])} of 5000 items"}
    assert twice["text"] == "short"


@pytest.mark.parametrize(
    "own", ["yes", {"kept": 7}, {"kept": {"rows": 7}}, {"kept": {"rows": ["x" * 900]}}], ids=range(4)
)
def test_a_result_that_has_a_field_of_the_notes_name_breaks_nothing(own: object) -> None:
    kept = truncate_json({NOTE_FIELD: own, "rows": ["x" * 20] * 500}, LIMIT)
    assert chars(kept) <= LIMIT
    assert "ask for less" in kept[NOTE_FIELD]["advice"]
    assert kept["rows"]


HUGE: dict[str, Callable[[], dict[str, Any]]] = {
    "text": lambda: {"text": "x" * 50_000_000},
    "rows": lambda: {"rows": [{"note": "x" * 40, "amount": Decimal("-1.50")}] * 600_000},
    "rows of rows": lambda: {"rows": [["x" * 1000] * 1000] * 50},
    "fields": lambda: dict.fromkeys(map(str, range(1_000_000)), "x" * 40),
}


@pytest.mark.parametrize("kind", HUGE)
def test_an_excerpt_of_fifty_megabytes_takes_no_longer_than_one_of_a_little(kind: str) -> None:
    huge = HUGE[kind]()
    began = time.process_time()
    kept = truncate_json(huge, 20_000)
    assert time.process_time() - began < 0.2
    assert 10_000 < chars(to_json(kept)) <= 20_000


# What JSON cannot hold


def test_money_dates_and_ids_become_text() -> None:
    one = uuid.UUID(int=1)
    value = {"amount": Decimal("-12.30"), "day": dt.date(2026, 11, 23), "id": one, "pair": (1, 2)}
    assert to_json(value) == {"amount": "-12.30", "day": "2026-11-23", "id": str(one), "pair": [1, 2]}


def test_what_is_no_number_is_null() -> None:
    assert to_json({"rates": [float("nan"), float("inf"), -float("inf"), 1.5]}) == {"rates": [None, None, None, 1.5]}


def test_text_that_the_database_cannot_hold_is_cleaned() -> None:
    assert to_json({"a\x00b": ["c\ud800d", "e\x00f"]}) == {"ab": ["cd", "ef"]}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, int, {("a", "b"): 1}, 1j], ids=repr)
def test_what_has_no_form_in_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_json({"value": value})


@pytest.mark.parametrize("result", [None, "text", ["a"], b"bytes", 7], ids=repr)
def test_a_result_that_is_no_object_is_refused(result: Any) -> None:
    with pytest.raises(TypeError):
        truncate_json(result, LIMIT)


def test_a_result_that_holds_itself_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    with pytest.raises((ValueError, RecursionError)):
        to_json(truncate_json(circle, LIMIT))
