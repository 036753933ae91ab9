"""Fake values for the tokens of a recording, which does not contain the values.

A replay shows whether masking works: each token is replaced by a fake value, `[CARD_7K3Q9D]` by `((CARD 7K3Q9D))`, as if the
user had typed it. A fake value in a checkpoint, an event or a request means that a real value would have leaked there.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from graph.ports.redaction import NOTHING_RESTORED, JsonT, MaskedTexts
from graph.redaction.unmasking.unmask import tokens_in, unmask_json
from graph.redaction.values.json_strings import strings_in
from graph.redaction.values.placeholders import CODE, ENTITY_TYPE, TOKEN
from graph.replay.interruption import Interruption

FAKE_VALUE = re.compile(rf"\(\(({ENTITY_TYPE}) ({CODE})\)\)")

ISSUED = re.compile(TOKEN)


def fake_value(token: str) -> str:
    kind, code = token[1:-1].split("_")
    return f"(({kind} {code}))"


def with_fake_values(text: str) -> str:
    """The text with fake values in the place of its tokens."""
    return ISSUED.sub(lambda match: fake_value(match[0]), text)


def masked(text: str) -> str:
    return FAKE_VALUE.sub(r"[\1_\2]", text)


class FakeValueRedactor:
    """Masks and unmasks fake values (port `Redactor`)."""

    def __init__(self, interruption: Interruption | None = None) -> None:
        self.interruption = interruption

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        if self.interruption:
            await self.interruption.trigger()
        return MaskedTexts(tuple(map(masked, texts)))

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        return fake_values(value)

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        return cast(JsonT, with_values(value))


def fake_values(value: Any) -> dict[str, str]:
    """The fake values by token, for the tokens in a JSON value."""
    tokens = {token for text in strings_in(value) for token in tokens_in(text)}
    return {token: fake_value(token) for token in tokens if ISSUED.fullmatch(token)}


def with_values(value: Any) -> Any:
    """A JSON value with fake values in the place of its tokens."""
    return unmask_json(value, fake_values(value))
