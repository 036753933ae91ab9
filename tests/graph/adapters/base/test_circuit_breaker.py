"""The breaker as a state machine: closed, open, on trial."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graph.adapters.base.circuit_breaker import CircuitBreaker

LIMIT = 3
PAUSE = 10.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(LIMIT, PAUSE, clock)
    for _ in range(LIMIT):
        breaker.record_failure()
    return breaker


def test_a_new_breaker_admits_every_call() -> None:
    breaker = CircuitBreaker(LIMIT, PAUSE, Clock())
    assert [breaker.wait_seconds() for _ in range(10)] == [0.0] * 10


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = CircuitBreaker(LIMIT, PAUSE, Clock())
    is_waiting = []
    for _ in range(LIMIT):
        is_waiting.append(breaker.wait_seconds())
        breaker.record_failure()
    assert is_waiting == [0.0] * LIMIT
    assert breaker.wait_seconds() == PAUSE


def test_a_success_resets_the_count_of_failures() -> None:
    breaker = CircuitBreaker(LIMIT, PAUSE, Clock())
    for _ in range(10):
        for _ in range(LIMIT - 1):
            breaker.record_failure()
        breaker.record_success()
    assert breaker.wait_seconds() == 0.0


def test_while_open_it_says_how_long_still() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 4
    assert breaker.wait_seconds() == PAUSE - 4


def test_after_the_pause_one_call_is_admitted_on_trial_and_no_other_beside_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    assert [breaker.wait_seconds() for _ in range(3)] == [0.0, PAUSE, PAUSE]


def test_a_trial_that_succeeds_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    breaker.wait_seconds()
    breaker.record_success()
    breaker.record_failure()
    assert [breaker.wait_seconds() for _ in range(3)] == [0.0] * 3


def test_a_trial_that_fails_opens_it_for_another_whole_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    breaker.wait_seconds()
    clock.now += 3
    breaker.record_failure()
    assert breaker.wait_seconds() == PAUSE


def test_a_trial_without_an_outcome_costs_one_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    breaker.wait_seconds()
    clock.now += PAUSE
    assert breaker.wait_seconds() == 0.0


class Model(RuleBasedStateMachine):
    """Whatever happens in whatever order: what a reader of the docstring would expect."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(LIMIT, PAUSE, self.clock)
        self.in_a_row = 0
        self.closed_to = 0.0

    @rule(seconds=st.integers(0, 15))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def fail(self) -> None:
        self.breaker.record_failure()
        self.in_a_row += 1
        self.closed_to = self.clock.now + PAUSE

    @rule()
    def succeed(self) -> None:
        self.breaker.record_success()
        self.in_a_row = 0

    @rule()
    @precondition(lambda self: self.in_a_row < LIMIT)
    def is_admitted(self) -> None:
        assert self.breaker.wait_seconds() == 0.0

    @rule()
    @precondition(lambda self: self.in_a_row >= LIMIT and self.clock.now < self.closed_to)
    def is_refused(self) -> None:
        assert self.breaker.wait_seconds() == self.closed_to - self.clock.now

    @rule()
    @precondition(lambda self: self.in_a_row >= LIMIT and self.clock.now >= self.closed_to)
    def is_tried(self) -> None:
        assert self.breaker.wait_seconds() == 0.0
        self.closed_to = self.clock.now + PAUSE

    @invariant()
    def nobody_waits_longer_than_a_pause(self) -> None:
        assert self.closed_to - self.clock.now <= PAUSE


TestModel = Model.TestCase
