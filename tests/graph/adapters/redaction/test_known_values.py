"""A process knows a value a second after any process had it issued, and forgets the values of users who do not write."""

import datetime as dt

import pytest

from graph.adapters.redaction.known_values import FRESH_SECONDS, IDLE_SECONDS, MAX_USERS, KnownValuesCache
from graph.ports.redaction import IssuedValues, PersonalValue
from graph.testing.in_memory_vault import InMemoryVault

OWNER, OTHER = "0b4e2f8e-0000-4000-8000-000000000001", "0b4e2f8e-0000-4000-8000-000000000002"
ACCOUNT = PersonalValue("ACCOUNT", "4929123456", "4929123456")


class CountingVault(InMemoryVault):
    """Counts how often its values are read."""

    reads = 0

    async def values_since(self, user_id: str, since: dt.datetime | None) -> IssuedValues:
        self.reads += 1
        return await super().values_since(user_id, since)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def vault() -> CountingVault:
    return CountingVault()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(vault: CountingVault, clock: Clock) -> KnownValuesCache:
    return KnownValuesCache(vault, clock)


async def test_a_value_that_another_process_had_issued_is_known_after_a_second(
    cache: KnownValuesCache, vault: CountingVault, clock: Clock
) -> None:
    assert not (await cache.values_of(OWNER)).detect("4929123456")
    await vault.tokenize(OWNER, {ACCOUNT})
    clock.now += FRESH_SECONDS
    assert (await cache.values_of(OWNER)).detect("4929123456")
    assert not (await cache.values_of(OTHER)).detect("4929123456")


async def test_the_vault_is_read_once_a_second(cache: KnownValuesCache, vault: CountingVault, clock: Clock) -> None:
    for _ in range(5):
        await cache.values_of(OWNER)
        clock.now += FRESH_SECONDS / 4
    assert vault.reads == 2


async def test_the_vault_is_not_read_for_a_user_who_has_nothing_newer_in_it(
    cache: KnownValuesCache, vault: CountingVault, clock: Clock
) -> None:
    cache.mark_current(OWNER, None)
    await cache.values_of(OWNER)
    assert vault.reads == 0
    clock.now += FRESH_SECONDS
    cache.mark_current(OWNER, dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
    await cache.values_of(OWNER)
    assert vault.reads == 1


async def test_a_value_of_this_process_is_known_at_once(cache: KnownValuesCache) -> None:
    known = await cache.values_of(OWNER)
    cache.add(OWNER, {ACCOUNT})
    assert known.detect("4929123456")


async def test_values_of_a_user_who_has_gone_are_forgotten(cache: KnownValuesCache, clock: Clock) -> None:
    known = await cache.values_of(OWNER)
    clock.now += IDLE_SECONDS + 1
    await cache.values_of(OTHER)
    assert await cache.values_of(OWNER) is not known


async def test_the_values_of_so_many_users_are_known_at_once(cache: KnownValuesCache) -> None:
    first = await cache.values_of("user 0")
    for number in range(1, MAX_USERS + 1):
        await cache.values_of(f"user {number}")
    assert await cache.values_of("user 0") is not first
