"""Where a turn fails on purpose."""

import pytest

from graph.errors import ConfigurationError
from graph.runs.fault_injection import FailPoint, FailPointReached, read_failpoint
from graph.state import Turn
from tests.fakes.ports import runtime_of

pytestmark = pytest.mark.anyio


async def step(state: Turn, runtime: object) -> Turn:
    return Turn(message_id="made")


def test_without_a_fail_point_a_step_is_as_it_is() -> None:
    assert read_failpoint(None).around("reason", step) is step
    assert read_failpoint("reason:before:raise").around("persist", step) is step


@pytest.mark.parametrize("place", ["before", "after_effect"])
async def test_a_step_fails_at_its_place(place: str) -> None:
    with pytest.raises(FailPointReached):
        await read_failpoint(f"reason:{place}:raise").around("reason", step)(Turn(), runtime_of())


async def test_a_step_whose_checkpoint_is_meant_goes_on_until_then() -> None:
    point = read_failpoint("reason:after_checkpoint:raise")
    assert await point.around("reason", step)(Turn(), runtime_of()) == {"message_id": "made"}
    with pytest.raises(FailPointReached):
        await point.reached("reason", "after_checkpoint")
    await point.reached("persist", "after_checkpoint")


def test_what_is_configured_is_what_fails() -> None:
    assert read_failpoint("call_tools:after_effect:kill") == FailPoint("call_tools", "after_effect", "kill")


@pytest.mark.parametrize("text", ["reason", "reason:before", "reason:before:explode", "reason:during:kill", "a:b:c:d"])
def test_what_names_no_fail_point_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match="FAILPOINT is <step>"):
        read_failpoint(text)


def test_a_fail_point_at_no_step_stops_the_start() -> None:
    read_failpoint("reason:before:kill").check(["redact", "reason"])
    FailPoint().check(["redact"])
    with pytest.raises(ConfigurationError, match="FAILPOINT names no step; there are redact"):
        read_failpoint("raisin:before:kill").check(["redact", "reason"])
