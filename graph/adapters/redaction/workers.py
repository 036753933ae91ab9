"""Masking and unmasking (port `Redactor`): detection in worker processes, values in a vault.

Detection uses a core for milliseconds to a second, so it runs outside the event loop, in processes that are killed when they
take too long. anyio's workers import the file that Python was started with: it must do nothing at import
(`if __name__ == "__main__"`) and should import little.
"""

import asyncio
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

import anyio
import structlog
from anyio import to_process

from graph.adapters.redaction.known_values import KnownValuesCache
from graph.errors import RedactionFailed
from graph.ports.redaction import NOTHING_RESTORED, JsonT, MaskedTexts, PersonalValue, Vault
from graph.redaction.detection.chunking import join_detections, split
from graph.redaction.detection.worker import Failure, detect_all, warm
from graph.redaction.masking.known_values import exact_values, merge_detections
from graph.redaction.masking.mask import mask
from graph.redaction.unmasking.unmask import tokens_in, unmask_json
from graph.redaction.values.detection import Detection
from graph.redaction.values.json_strings import strings_in

START_SECONDS = 60.0
"""How long the workers may take to start."""

BATCH_CHARS = 16_000
"""Maximum characters of a batch for a worker, so that a long call does not block the others."""

MAX_TEXT_CHARS, MAX_CALL_CHARS = 200_000, 400_000
"""Maximum characters of a text and of a call. Messages are shorter (the setting `MAX_MESSAGE_CHARS`)."""

WARMUP_SECONDS = 0.05
"""How long a warm worker stays busy at the start, so that the next one starts beside it."""

TIMED_OUT = Failure("TimeoutError", "a worker process")
DIED = Failure("BrokenWorkerProcess", "a worker process")

MAX_ATTEMPTS = 2
"""Attempts of a batch: the second only if the first worker died, never after a timeout."""

_IMPERSONAL = re.compile(
    r"-?\d{1,7}(?:\.\d{1,4})?|\d{4}-\d\d(?:-\d\d(?:T[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)?)?)?|[a-z]+(?:_[a-z]+)+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

log = structlog.get_logger(__name__)


class InlineRedactor:
    """Detects in this process; for tests and replays."""

    def __init__(
        self,
        vault: Vault,
        *,
        allowed_names: Collection[str] = (),
        max_text_chars: int = MAX_TEXT_CHARS,
        max_call_chars: int = MAX_CALL_CHARS,
    ) -> None:
        """Mask with the values of `vault`.

        Args:
            vault: stores the values behind the tokens.
            allowed_names: names that are never masked (the employees').
            max_text_chars: maximum characters of a text.
            max_call_chars: maximum characters of all texts of a call.
        """
        self.vault = vault
        self.known = KnownValuesCache(vault)
        self.allowed_names = frozenset(allowed_names)
        self.max_text_chars = max_text_chars
        self.max_call_chars = max_call_chars

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        self._check_length(texts)
        distinct = [text for text in dict.fromkeys(texts) if not is_blank(text)]
        if not distinct:
            return MaskedTexts(tuple(texts))
        found = await self._find_all(user_id, distinct, restored)
        secrets = {value_of(detection) for detections in found.values() for detection in detections}
        tokens = await self.vault.tokenize(user_id, secrets) if secrets else {}
        self.known.add(user_id, secrets)
        masked = {text: mask(text, found[text], [tokens[value_of(f)] for f in found[text]]) for text in distinct}
        return MaskedTexts(tuple(masked.get(text, text) for text in texts))

    async def _find_all(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str]
    ) -> Mapping[str, list[Detection]]:
        """The detections of the rules, of the user's vault and of the restored values, by text."""
        ruled, known = await asyncio.gather(
            self._find_in_chunks([text for text in texts if needs_rules(text)]), self.known.values_of(user_id)
        )
        exact = exact_values(restored)
        return {
            text: merge_detections(text, ruled.get(text, []), [*exact.detect(text), *known.detect(text)])
            for text in texts
        }

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        tokens = {token for text in strings_in(value) for token in tokens_in(text)}
        return await self.vault.detokenize(user_id, tokens) if tokens else {}

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        values = await self.token_values(user_id, value)
        return cast(JsonT, unmask_json(value, values)) if values else value

    def _check_length(self, texts: Sequence[str]) -> None:
        lengths = [len(text) for text in texts]
        if max(lengths, default=0) > self.max_text_chars or sum(lengths) > self.max_call_chars:
            raise RedactionFailed

    async def _find_in_chunks(self, texts: Sequence[str]) -> dict[str, list[Detection]]:
        chunks = {text: split(text) for text in texts}
        found = iter(await self._find_batches([piece.text for parts in chunks.values() for piece in parts]))
        return {text: join_detections(parts, list(islice(found, len(parts)))) for text, parts in chunks.items()}

    async def _find_batches(self, texts: Sequence[str]) -> list[list[Detection]]:
        return detections_or_raise(detect_all(texts, self.allowed_names))


ABANDONED_SECONDS = 1.0
"""Grace period before an abandoned batch is cancelled, which kills its worker."""


class WorkerRedactor(InlineRedactor):
    """Detects in `workers` processes, off the event loop.

    `seconds` is the timeout of a batch, waiting for a free worker included.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        workers: int = 1,
        allowed_names: Collection[str] = (),
        seconds: float = 5.0,
        max_text_chars: int = MAX_TEXT_CHARS,
        max_call_chars: int = MAX_CALL_CHARS,
    ) -> None:
        super().__init__(
            vault, allowed_names=allowed_names, max_text_chars=max_text_chars, max_call_chars=max_call_chars
        )
        self.workers = workers
        self.seconds = seconds
        self._limiter = anyio.CapacityLimiter(workers)
        self._starting = anyio.Lock()
        self._warm = False
        self._batches: set[asyncio.Task[list[list[Detection]] | Failure]] = set()

    @property
    def is_warm(self) -> bool:
        """Whether the workers have loaded their model. It stays true after a worker was killed; the next call replaces it."""
        return self._warm

    async def start(self) -> None:
        """Start the workers and load the model in each, unless they are warm.

        Raises:
            RedactionFailed: the workers did not start.
        """
        if self._warm:
            return
        async with self._starting:
            if not self._warm:
                with anyio.move_on_after(START_SECONDS):
                    self._warm = await self._warm_workers()
        if not self._warm:
            raise RedactionFailed("The check for personal data did not start; try again in a moment.")

    async def _find_batches(self, texts: Sequence[str]) -> list[list[Detection]]:
        found: list[list[Detection]] = []
        for batch in batches(texts, BATCH_CHARS):
            found += await self._find_batch(batch)
        return found

    async def _find_batch(self, texts: Sequence[str]) -> list[list[Detection]]:
        """Detect in a worker; in another one if it dies."""
        for _ in range(MAX_ATTEMPTS):
            await self.start()
            found = await self._shielded(texts)
            if found != DIED:
                break
        return detections_or_raise(found)

    async def _shielded(self, texts: Sequence[str]) -> list[list[Detection]] | Failure:
        """Let a batch finish although its caller is cancelled.

        An interrupted worker is killed, and later calls would wait for a new one to load its model.
        """
        batch = asyncio.create_task(self._run_batch(texts))
        self._batches.add(batch)
        batch.add_done_callback(self._batches.discard)
        try:
            return await asyncio.shield(batch)
        except asyncio.CancelledError:
            asyncio.get_running_loop().call_later(ABANDONED_SECONDS, batch.cancel)
            raise

    async def _run_batch(self, texts: Sequence[str]) -> list[list[Detection]] | Failure:
        """Run a batch in a worker. A timeout kills the worker, and the next call warms another."""
        found: list[list[Detection]] | Failure = TIMED_OUT
        try:
            with anyio.move_on_after(self.seconds):
                found = await to_process.run_sync(
                    detect_all, texts, self.allowed_names, cancellable=True, limiter=self._limiter
                )
        except anyio.BrokenWorkerProcess:
            found = DIED
        finally:
            self._warm = self._warm and not isinstance(found, Failure)
        return found

    async def _warm_workers(self) -> bool:
        failures: list[Failure] = []

        async def warm_one() -> None:
            try:
                failure = await to_process.run_sync(warm, WARMUP_SECONDS, cancellable=True, limiter=self._limiter)
            except anyio.BrokenWorkerProcess:
                failure = DIED
            failures.extend([failure] if failure else [])

        async with anyio.create_task_group() as group:
            for _ in range(self.workers):
                group.start_soon(warm_one)
        for failure in failures:
            log.error("redaction_worker_not_started", error=failure.error, place=failure.place)
        return not failures


def detections_or_raise(found: list[list[Detection]] | Failure) -> list[list[Detection]]:
    """The detections.

    Raises:
        RedactionFailed: the worker failed; the reason is logged.
    """
    if isinstance(found, Failure):
        log.error("redaction_failed", error=found.error, place=found.place)
        raise RedactionFailed
    return found


def needs_rules(text: str) -> bool:
    """False for numbers, dates and ids, which are frequent in tools' results and never personal."""
    return _IMPERSONAL.fullmatch(text) is None


def is_blank(text: str) -> bool:
    """Whether a text has nothing to detect, so that no worker is needed."""
    return text.isascii() and not any(character.isalnum() for character in text)


def value_of(detection: Detection) -> PersonalValue:
    return PersonalValue(detection.entity_type, detection.key, detection.value)


def batches(texts: Sequence[str], characters: int) -> Iterator[list[str]]:
    """Group texts up to a total of `characters`; a longer text is a group of its own."""
    batch: list[str] = []
    for text in texts:
        if batch and sum(map(len, batch)) + len(text) > characters:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch
