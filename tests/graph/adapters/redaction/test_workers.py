"""Masking and restoring through a worker process."""

import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Set

import anyio
import pytest

from graph.adapters.redaction.workers import (
    DIED,
    InlineRedactor,
    WorkerRedactor,
    batches,
    detections_or_raise,
    is_blank,
)
from graph.errors import RedactionFailed
from graph.ports.redaction import Redactor
from graph.redaction.detection.chunking import MAX_CHUNK_CHARS
from graph.redaction.detection.worker import Failure, detect_all
from graph.testing.in_memory_vault import InMemoryVault

OWNER, OTHER = "0b4e2f8e-0000-4000-8000-000000000001", "0b4e2f8e-0000-4000-8000-000000000002"
CARD = "4111 1111 1111 1111"


class CountingVault(InMemoryVault):
    """Counts how often it is asked to open tokens."""

    opened = 0

    async def detokenize(self, user_id: str, tokens: Set[str]) -> Mapping[str, str]:
        self.opened += 1
        return await super().detokenize(user_id, tokens)


@pytest.fixture
def redactor() -> InlineRedactor:
    return InlineRedactor(CountingVault(), allowed_names={"Crystal"})


async def test_what_is_masked_is_restored_for_its_owner_only(redactor: Redactor) -> None:
    text = f"Hi Crystal, my card {CARD} was declined, mail jane@example.com"
    (masked,) = (await redactor.mask(OWNER, [text])).texts
    assert CARD not in masked
    assert "jane@" not in masked
    assert masked.startswith("Hi Crystal, my card [CARD_")
    assert await redactor.unmask(OWNER, [masked]) == [text]
    assert await redactor.unmask(OTHER, {"card": masked}) == {"card": masked}


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
    assert await redactor.unmask(OWNER, masked) == masked


async def test_texts_without_tokens_do_not_reach_the_vault(redactor: InlineRedactor) -> None:
    assert isinstance(redactor.vault, CountingVault)
    assert await redactor.unmask(OWNER, ["You spent $12.", "[1]"]) == ["You spent $12.", "[1]"]
    assert redactor.vault.opened == 0


async def test_a_text_that_is_too_long_is_not_passed_on(redactor: InlineRedactor) -> None:
    with pytest.raises(RedactionFailed):
        await redactor.mask(OWNER, ["a" * (redactor.max_text_chars + 1)])


async def test_a_long_text_is_masked_piece_by_piece(redactor: InlineRedactor) -> None:
    line = f"{'Paid for this and that. ' * 12}Then {CARD} was used.\n"
    text = line * 120
    (masked,) = (await redactor.mask(OWNER, [text])).texts
    assert len(text) > 3 * MAX_CHUNK_CHARS
    assert masked.count("[CARD_") == 120
    assert await redactor.unmask(OWNER, masked) == text


async def test_a_worker_finds_what_the_twin_finds(redactor: InlineRedactor) -> None:
    worker = WorkerRedactor(redactor.vault, workers=2, allowed_names={"Crystal"})
    texts = [f"Hi Crystal, my card {CARD} was declined", "I'm Ximena Quiroga", "", "What did I spend?"]
    assert await worker.mask(OWNER, texts) == await redactor.mask(OWNER, texts)


async def test_a_worker_that_takes_too_long_is_killed_and_replaced() -> None:
    redactor = WorkerRedactor(InMemoryVault(), seconds=0.05, max_text_chars=1_000_000)
    secret = f"My name is Ximena Quiroga and my card is {CARD}. "
    await redactor.start()
    begun = time.monotonic()
    with pytest.raises(RedactionFailed) as caught:
        await redactor.mask(OWNER, [secret * 4000])
    assert time.monotonic() - begun < 5
    assert caught.value.__context__ is None
    assert "Ximena" not in "".join(traceback.format_exception(caught.value))
    redactor.seconds = 5
    (masked,) = (await redactor.mask(OWNER, [secret])).texts
    assert "Ximena" not in masked


async def test_a_worker_that_died_is_replaced_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = WorkerRedactor(InMemoryVault())
    run_batch, deaths = redactor._run_batch, iter([DIED])
    monkeypatch.setattr(
        redactor, "_run_batch", lambda texts: run_batch(texts) if not (dead := next(deaths, None)) else answer(dead)
    )
    (masked,) = (await redactor.mask(OWNER, [CARD])).texts
    assert masked.startswith("[CARD_")


async def answer(failure: Failure) -> Failure:
    return failure


async def test_a_caller_that_goes_away_leaves_no_worker_busy() -> None:
    redactor = WorkerRedactor(InMemoryVault(), seconds=30, max_text_chars=1_000_000)
    await redactor.start()
    with anyio.move_on_after(0.2) as scope:
        await redactor.mask(OWNER, ["Ximena went to the shop and bought 3 apples. " * 6000])
    assert scope.cancelled_caught
    (masked,) = (await redactor.mask(OWNER, [CARD])).texts
    assert masked.startswith("[CARD_")


async def test_the_loop_goes_on_while_a_worker_works() -> None:
    redactor = WorkerRedactor(InMemoryVault())
    await redactor.start()
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


async def test_an_error_while_detecting_is_logged_without_the_text() -> None:
    failure = detect_all([4111], ())  # type: ignore[list-item]
    assert isinstance(failure, Failure)
    assert failure == Failure("TypeError", failure.place)
    with pytest.raises(RedactionFailed):
        detections_or_raise(failure)


def test_the_server_does_not_load_the_model_itself() -> None:
    code = "import sys, graph.adapters.redaction.workers; sys.exit(bool({'spacy', 'presidio_analyzer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_texts_travel_together_up_to_a_size() -> None:
    assert list(batches(["aa", "bb", "c" * 9, "d"], 4)) == [["aa", "bb"], ["c" * 9], ["d"]]
    assert list(batches([], 4)) == []


def test_only_texts_in_which_nothing_can_be_are_skipped() -> None:
    assert is_blank(" -?!\n")
    assert not any(map(is_blank, ["1", "a", "\u2460", "é"]))
