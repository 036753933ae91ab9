"""Masking and restoring through a worker process."""

import time
import traceback
from collections.abc import Mapping, Set

import anyio
import pytest

from graph.adapters.memory_vault import MemoryVault
from graph.adapters.redactor import WorkerRedactor, batches, is_blank
from graph.errors import RedactionFailed
from graph.ports import Redactor

OWNER, OTHER = "0b4e2f8e-0000-4000-8000-000000000001", "0b4e2f8e-0000-4000-8000-000000000002"
CARD = "4111 1111 1111 1111"

pytestmark = pytest.mark.anyio


class CountingVault(MemoryVault):
    """Counts how often it is asked to open tokens."""

    opened = 0

    async def open(self, owner: str, tokens: Set[str]) -> Mapping[str, str]:
        self.opened += 1
        return await super().open(owner, tokens)


@pytest.fixture(scope="module")
async def warm() -> WorkerRedactor:
    redactor = WorkerRedactor(MemoryVault(), keep={"Crystal"})
    await redactor.start()
    return redactor


@pytest.fixture
def redactor(warm: WorkerRedactor) -> WorkerRedactor:
    warm.vault = CountingVault()
    return warm


async def test_what_is_masked_is_restored_for_its_owner_only(redactor: Redactor) -> None:
    text = f"Hi Crystal, my card {CARD} was declined, mail jane@example.com"
    (masked,) = (await redactor.mask(OWNER, [text])).texts
    assert CARD not in masked
    assert "jane@" not in masked
    assert masked.startswith("Hi Crystal, my card [CARD_")
    assert await redactor.reveal(OWNER, [masked]) == (text,)
    assert await redactor.reveal(OTHER, [masked]) == (masked,)


async def test_one_value_has_one_token_in_all_texts_and_calls(redactor: Redactor) -> None:
    first = (await redactor.mask(OWNER, [f"{CARD} and 4111-1111-1111-1111", CARD])).texts
    (again,) = (await redactor.mask(OWNER, ["4111111111111111"])).texts
    assert first == (f"{again} and {again}", again)


async def test_texts_keep_their_order_and_blank_ones_stay(redactor: Redactor) -> None:
    masked = await redactor.mask(OWNER, ["", "a", f"x {CARD}", " \n", "a", "--"])
    assert [masked.texts[index] for index in (0, 1, 3, 4, 5)] == ["", "a", " \n", "a", "--"]
    assert (await redactor.mask(OWNER, [])).texts == ()


async def test_masking_twice_changes_nothing(redactor: Redactor) -> None:
    once = (await redactor.mask(OWNER, [f"John Smith, {CARD}"])).texts
    assert (await redactor.mask(OWNER, once)).texts == once


async def test_a_token_that_a_user_typed_is_text(redactor: Redactor) -> None:
    (masked,) = (await redactor.mask(OWNER, ["[CARD_ABCDEF] is no card"])).texts
    assert masked == "[CARD_ABCDEF] is no card"
    assert await redactor.reveal(OWNER, [masked]) == (masked,)


async def test_texts_without_tokens_do_not_reach_the_vault(redactor: WorkerRedactor) -> None:
    assert isinstance(redactor.vault, CountingVault)
    assert await redactor.reveal(OWNER, ["You spent $12.", "[1]"]) == ("You spent $12.", "[1]")
    assert redactor.vault.opened == 0


async def test_a_text_that_is_too_long_is_not_passed_on(redactor: WorkerRedactor) -> None:
    with pytest.raises(RedactionFailed):
        await redactor.mask(OWNER, ["a" * (redactor.longest + 1)])


async def test_a_worker_that_takes_too_long_is_killed_and_replaced() -> None:
    redactor = WorkerRedactor(MemoryVault(), seconds=0.6, longest=1_000_000)
    secret = f"My name is Ximena Quiroga and my card is {CARD}. "
    await redactor.start()
    begun = time.monotonic()
    with pytest.raises(RedactionFailed) as caught:
        await redactor.mask(OWNER, [secret * 4000])
    assert time.monotonic() - begun < 5
    assert caught.value.__context__ is None
    assert "Ximena" not in "".join(traceback.format_exception(caught.value))
    (masked,) = (await redactor.mask(OWNER, [secret])).texts
    assert "Ximena" not in masked


async def test_a_caller_that_goes_away_leaves_no_worker_busy(redactor: WorkerRedactor) -> None:
    long = WorkerRedactor(redactor.vault, longest=1_000_000)
    with anyio.move_on_after(0.2) as scope:
        await long.mask(OWNER, ["Ximena went to the shop and bought 3 apples. " * 6000])
    assert scope.cancelled_caught
    (masked,) = (await redactor.mask(OWNER, [CARD])).texts
    assert masked.startswith("[CARD_")


async def test_the_loop_goes_on_while_a_worker_works(redactor: Redactor) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await anyio.sleep(0.005)
            ticks += 1

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        await redactor.mask(OWNER, ["Ximena went to the shop and bought 3 apples. " * 200])
        group.cancel_scope.cancel()
    assert ticks > 5


def test_texts_travel_together_up_to_a_size() -> None:
    assert list(batches(["aa", "bb", "c" * 9, "d"], 4)) == [["aa", "bb"], ["c" * 9], ["d"]]
    assert list(batches([], 4)) == []


def test_only_texts_in_which_nothing_can_be_are_skipped() -> None:
    assert is_blank(" -?!\n")
    assert not any(map(is_blank, ["1", "a", "\u2460", "é"]))
