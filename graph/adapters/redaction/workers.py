"""Masking and restoring (port `Redactor`): detection in worker processes, values in a vault.

Detection holds a processor for milliseconds to a second, so it runs outside the event loop, in processes that are
killed when they take too long. anyio's workers import the file that Python was started with: it must do nothing at
import (`if __name__ == "__main__"`) and should import little.
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
from graph.redaction.chunking import cut, joined
from graph.redaction.finding import Finding
from graph.redaction.json_strings import strings_in
from graph.redaction.known_values import exact_values, merged
from graph.redaction.mask import mask
from graph.redaction.restore import restore_json, tokens_in
from graph.redaction.worker import Failure, find_all, warm

START_SECONDS = 60.0
"""How long the workers may take to start."""

HOP_CHARACTERS = 16_000
"""Characters that a worker takes at a time, so that a long job does not keep the others waiting."""

LONGEST, LONGEST_TOTAL = 200_000, 400_000
"""Characters of a text and of a call; a message is shorter, which the door sees to (`MAX_MESSAGE_CHARS`)."""

TOGETHER_SECONDS = 0.05
"""How long a worker that is warm stays busy, so that the next one starts beside it."""

TOO_LATE = Failure("TimeoutError", "a worker process")
DIED = Failure("BrokenWorkerProcess", "a worker process")

MAX_ATTEMPTS = 2
"""How often a text is handed to a worker: again only if the first one died, never if it took too long."""

_FIGURE = re.compile(
    r"-?\d{1,7}(?:\.\d{1,4})?|\d{4}-\d\d(?:-\d\d(?:T[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)?)?)?|[a-z]+(?:_[a-z]+)+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

log = structlog.get_logger(__name__)


class InlineRedactor:
    """Masks and restores the texts of users, detecting in this process: the twin for tests and replays.

    `keep` are names that are never masked (the employees'); `longest` and `longest_total` are the characters that a
    text and a call may have.
    """

    def __init__(
        self, vault: Vault, *, keep: Collection[str] = (), longest: int = LONGEST, longest_total: int = LONGEST_TOTAL
    ) -> None:
        self.vault = vault
        self.known = KnownValuesCache(vault)
        self.keep = frozenset(keep)
        self.longest = longest
        self.longest_total = longest_total

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        """Mask texts of one user; the same value always gets the same token, however it is spelt.

        Raises:
            RedactionFailed: the texts are too long or could not be checked in time; they must not be passed on.
        """
        self._check_length(texts)
        distinct = [text for text in dict.fromkeys(texts) if not is_blank(text)]
        if not distinct:
            return MaskedTexts(tuple(texts))
        found = await self._findings(user_id, distinct, restored)
        secrets = {secret_of(finding) for findings in found.values() for finding in findings}
        tokens = await self.vault.tokenize(user_id, secrets) if secrets else {}
        self.known.add(user_id, secrets)
        masked = {text: mask(text, found[text], [tokens[secret_of(f)] for f in found[text]]) for text in distinct}
        return MaskedTexts(tuple(masked.get(text, text) for text in texts))

    async def _findings(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str]
    ) -> Mapping[str, list[Finding]]:
        """What the rules find in each text, what the user's vault knows, and what a tool was given."""
        ruled, known = await asyncio.gather(
            self._find_in_pieces([text for text in texts if needs_rules(text)]), self.known.of(user_id)
        )
        exact = exact_values(restored)
        return {text: merged(text, ruled.get(text, []), [*exact.find(text), *known.find(text)]) for text in texts}

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        """The owner's values behind the tokens that a JSON value mentions; a token not issued to this owner has none."""
        tokens = {token for text in strings_in(value) for token in tokens_in(text)}
        return await self.vault.detokenize(user_id, tokens) if tokens else {}

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        """Put the owner's values back into every text of a JSON value; tokens not issued to this owner stay."""
        values = await self.token_values(user_id, value)
        return cast(JsonT, restore_json(value, values)) if values else value

    def _check_length(self, texts: Sequence[str]) -> None:
        lengths = [len(text) for text in texts]
        if max(lengths, default=0) > self.longest or sum(lengths) > self.longest_total:
            raise RedactionFailed

    async def _find_in_pieces(self, texts: Sequence[str]) -> dict[str, list[Finding]]:
        pieces = {text: cut(text) for text in texts}
        found = iter(await self._find([piece.text for parts in pieces.values() for piece in parts]))
        return {text: joined(parts, list(islice(found, len(parts)))) for text, parts in pieces.items()}

    async def _find(self, texts: Sequence[str]) -> list[list[Finding]]:
        return findings_of(find_all(texts, self.keep))


LEFT_SECONDS = 1.0
"""How long a worker may go on with what nobody waits for any more."""


class WorkerRedactor(InlineRedactor):
    """The same with detection in `workers` processes, off the event loop.

    `seconds` is the time for one hop to a worker, waiting for it included.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        workers: int = 1,
        keep: Collection[str] = (),
        seconds: float = 5.0,
        longest: int = LONGEST,
        longest_total: int = LONGEST_TOTAL,
    ) -> None:
        super().__init__(vault, keep=keep, longest=longest, longest_total=longest_total)
        self.workers = workers
        self.seconds = seconds
        self._limiter = anyio.CapacityLimiter(workers)
        self._starting = anyio.Lock()
        self._warm = False
        self._hops: set[asyncio.Task[list[list[Finding]] | Failure]] = set()

    @property
    def is_warm(self) -> bool:
        """Whether the workers have loaded their model; one that was killed is replaced at the next call."""
        return self._warm

    async def start(self) -> None:
        """Start the workers and load the model in each; at once if they are warm.

        Raises:
            RedactionFailed: they did not start.
        """
        if self._warm:
            return
        async with self._starting:
            if not self._warm:
                with anyio.move_on_after(START_SECONDS):
                    self._warm = await self._warm_all()
        if not self._warm:
            raise RedactionFailed("The check for personal data did not start; try again in a moment.")

    async def _find(self, texts: Sequence[str]) -> list[list[Finding]]:
        found: list[list[Finding]] = []
        for batch in batches(texts, HOP_CHARACTERS):
            found += await self._batch(batch)
        return found

    async def _batch(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Have a worker look through texts; if it died meanwhile, another one."""
        for _ in range(MAX_ATTEMPTS):
            await self.start()
            found = await self._undisturbed(texts)
            if found != DIED:
                break
        return findings_of(found)

    async def _undisturbed(self, texts: Sequence[str]) -> list[list[Finding]] | Failure:
        """A hop that may end though its caller is cancelled: a worker that is left in the middle has to be killed, and all
        others wait for the next one to load its model.
        """
        hop = asyncio.create_task(self._hop(texts))
        self._hops.add(hop)
        hop.add_done_callback(self._hops.discard)
        try:
            return await asyncio.shield(hop)
        except asyncio.CancelledError:
            asyncio.get_running_loop().call_later(LEFT_SECONDS, hop.cancel)
            raise

    async def _hop(self, texts: Sequence[str]) -> list[list[Finding]] | Failure:
        """Ask a worker; one that takes too long is killed, and the next call warms another."""
        found: list[list[Finding]] | Failure = TOO_LATE
        try:
            with anyio.move_on_after(self.seconds):
                found = await to_process.run_sync(find_all, texts, self.keep, cancellable=True, limiter=self._limiter)
        except anyio.BrokenWorkerProcess:
            found = DIED
        finally:
            self._warm = self._warm and not isinstance(found, Failure)
        return found

    async def _warm_all(self) -> bool:
        failures: list[Failure] = []

        async def warm_one() -> None:
            try:
                failure = await to_process.run_sync(warm, TOGETHER_SECONDS, cancellable=True, limiter=self._limiter)
            except anyio.BrokenWorkerProcess:
                failure = DIED
            failures.extend([failure] if failure else [])

        async with anyio.create_task_group() as group:
            for _ in range(self.workers):
                group.start_soon(warm_one)
        for failure in failures:
            log.error("redaction_worker_not_started", error=failure.error, place=failure.place)
        return not failures


def findings_of(found: list[list[Finding]] | Failure) -> list[list[Finding]]:
    """The findings.

    Raises:
        RedactionFailed: there are none because something went wrong, which is logged.
    """
    if isinstance(found, Failure):
        log.error("redaction_failed", error=found.error, place=found.place)
        raise RedactionFailed
    return found


def needs_rules(text: str) -> bool:
    """Whether a rule could find anything: figures, dates and ids, of which a tool's result is full, hold nothing personal."""
    return _FIGURE.fullmatch(text) is None


def is_blank(text: str) -> bool:
    """Whether nothing can be found in a text, so that no worker need look."""
    return text.isascii() and not any(character.isalnum() for character in text)


def secret_of(finding: Finding) -> PersonalValue:
    return PersonalValue(finding.kind, finding.key, finding.value)


def batches(texts: Sequence[str], characters: int) -> Iterator[list[str]]:
    """Texts in groups of so many characters together; a longer one is a group of its own."""
    batch: list[str] = []
    for text in texts:
        if batch and sum(map(len, batch)) + len(text) > characters:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch
