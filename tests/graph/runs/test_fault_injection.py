"""A fail point acts at its place in a turn, and nowhere else."""

import pytest

from graph.errors import ConfigurationError
from graph.runs.fault_injection import FailPoint, FailPointReached, parse_fail_point
from graph.state import Turn
from tests.support.fakes.ports import runtime_of


async def step(state: Turn, runtime: object) -> Turn:
    return Turn(message_id="made")


def test_a_step_without_the_fail_point_stays_as_it_is() -> None:
    assert parse_fail_point(None).wrap_node("reason", step) is step
    assert parse_fail_point("reason:before:raise").wrap_node("persist", step) is step


@pytest.mark.parametrize("place", ["before", "after_effect"])
async def test_a_step_fails_at_the_place_of_the_fail_point(place: str) -> None:
    with pytest.raises(FailPointReached):
        await parse_fail_point(f"reason:{place}:raise").wrap_node("reason", step)(Turn(), runtime_of())


async def test_a_fail_point_after_the_checkpoint_lets_the_step_end() -> None:
    point = parse_fail_point("reason:after_checkpoint:raise")
    assert await point.wrap_node("reason", step)(Turn(), runtime_of()) == {"message_id": "made"}
    with pytest.raises(FailPointReached):
        await point.trigger_at("reason", "after_checkpoint")
    await point.trigger_at("persist", "after_checkpoint")


def test_a_setting_names_step_place_and_action() -> None:
    assert parse_fail_point("call_tools:after_effect:kill") == FailPoint("call_tools", "after_effect", "kill")


@pytest.mark.parametrize("text", ["reason", "reason:before", "reason:before:explode", "reason:during:kill", "a:b:c:d"])
def test_a_setting_of_another_form_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match="FAILPOINT must be <step>"):
        parse_fail_point(text)


def test_an_unknown_step_stops_the_start() -> None:
    parse_fail_point("reason:before:kill").require_step_of(["redact", "reason"])
    FailPoint().require_step_of(["redact"])
    with pytest.raises(ConfigurationError, match="Unknown step in FAILPOINT; valid steps: redact"):
        parse_fail_point("raisin:before:kill").require_step_of(["redact", "reason"])
