"""A tool can be called so often in a minute, by each user for themselves."""

from graph.adapters.base import rate_limiter as rates
from graph.adapters.base.rate_limiter import ToolCallLimiter


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_calls_are_let_through_at_once_and_then_one_at_a_time() -> None:
    clock = Clock()
    limits = ToolCallLimiter(clock)
    assert [limits.try_acquire("ada", "look", 3) for _ in range(4)] == [True, True, True, False]
    clock.now += 20
    assert [limits.try_acquire("ada", "look", 3) for _ in range(2)] == [True, False]


def test_users_and_tools_do_not_take_from_one_another() -> None:
    limits = ToolCallLimiter(Clock())
    assert limits.try_acquire("ada", "look", 1)
    assert limits.try_acquire("bob", "look", 1)
    assert limits.try_acquire("ada", "see", 1)
    assert not limits.try_acquire("ada", "look", 1)


def test_what_is_paid_off_is_forgotten_when_there_is_much_of_it() -> None:
    clock = Clock()
    limits = ToolCallLimiter(clock)
    for number in range(rates.MAX_TRACKED + 1):
        limits.try_acquire(f"user {number}", "look", 60)
    clock.now += 61
    limits.try_acquire("ada", "look", 60)
    assert len(limits._until) == 1
