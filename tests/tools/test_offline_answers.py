"""The offline model answers whatever a tool returns: each tool's results as they are, cut short, and with parts missing."""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from graph.adapters.offline.answers import render_result
from graph.tool import ToolContext
from graph.turn.result_truncation import to_json, truncate_json
from migrations.demo.seed import seed
from tests.support.fakes.ports import FakeFiles
from tests.support.ledgers import TODAY, user_transaction
from tests.support.tool_calls import NEWEST_PURCHASE, calls
from tools.catalog import CATALOG, by_name

DUTIES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "replay" / "duties.yaml").read_text("utf-8"))
TURNING = {"delegate_to_employee", "handoff_to_employee"}
"""They need colleagues."""

Place = tuple[str | int, ...]

ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    [],
    {},
    [None],
    [""],
    [[]],
    [{}],
    {"": None},
    0,
    -1,
    10**30,
    1.5,
    True,
    "no_rows",
    "ambiguous",
)
TURNS = {
    "delegate_to_employee": {"answers": [{"from": "a", "to": "b", "status": "ok", "answer": "Yes.", "tools": []}]},
    "handoff_to_employee": {"handoff": {"from": "a", "to": "b", "reason": "Taxes.", "summary": "It is about 2025."}},
}


@pytest.fixture
async def results(database_url: str, user: str, context: ToolContext) -> dict[str, Any]:
    """What each tool returns to the demo user and to somebody without rows, by names."""
    empty = ToolContext(context.rows, TODAY, FakeFiles())
    found: dict[str, Any] = dict(TURNS)
    for name, arguments in DUTIES.items():
        if arguments is not None:
            found[f"{name}, no rows"] = await outcome(name, arguments, empty)
    async with user_transaction(database_url, user) as connection:
        await seed(connection, user, TODAY)
        purchase = await (await connection.execute(NEWEST_PURCHASE, (user,))).fetchone()
    assert purchase
    arguments = {name: given for name, given in DUTIES.items() if given is not None} | dict(calls(purchase, TODAY))
    for name, given_arguments in arguments.items():
        found[name] = await outcome(name, given_arguments, ToolContext(context.rows, TODAY, FakeFiles()))
    assert set(found) >= {tool.name for tool in CATALOG}
    return found


async def outcome(name: str, arguments: Any, context: ToolContext) -> Any:
    """What the model reads of a call: its result, or its fault."""
    tool = by_name()[name]
    try:
        return to_json(await tool.function(tool.arguments.model_validate(arguments), context))
    except Exception as fault:  # noqa: BLE001 - a fault is a result
        return {"error": str(fault)}


async def test_every_result_of_every_tool_is_answered_however_it_is_mutilated(results: dict[str, Any]) -> None:
    for name, result in results.items():
        assert answers(result), name
        assert answers(truncate_json(result, 1_200)), name

    places = {name: list(places_in(result)) for name, result in results.items()}

    @settings(max_examples=600, deadline=None, phases=[Phase.explicit, Phase.generate], database=None)
    @given(st.sampled_from(sorted(results)), st.integers(0, 2**32))
    def mutilate(name: str, number: int) -> None:
        chance, result = random.Random(number), copy.deepcopy(results[name])
        for place in chance.sample(places[name], min(len(places[name]), chance.randint(1, 4))):
            break_at(result, place, copy.deepcopy(chance.choice((..., *ODD))))
        assert answers(result)

    mutilate()


def answers(result: Any) -> bool:
    return bool(render_result(json.dumps(result)).strip())


def places_in(value: Any, before: Place = ()) -> Iterator[Place]:
    """The path of each value within another; of a list, of its first items."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*before, name)
        yield from places_in(part, (*before, name))


def break_at(value: Any, place: Place, odd: Any) -> None:
    """Put something odd there, or take away what is there."""
    *path, last = place
    with suppress(LookupError, TypeError):  # what was around it is gone already
        for name in path:
            value = value[name]
        if odd is ...:
            del value[last]
        else:
            value[last] = odd


@pytest.mark.parametrize("content", ["", " ", "[" * 5_000, "null", "[]", '""', '{"a": null}', "x" * 9_000, " " * 9_000])
def test_what_is_no_object_is_answered(content: str) -> None:
    assert render_result(content).strip()
