"""Masking of personal values, and the vault that holds them."""

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, Self, TypeVar

from graph.redaction.values.entity_types import ENTITY_TYPES
from graph.redaction.values.normalise import normalise

JsonT = TypeVar("JsonT")
"""A JSON value: a text, a list, an object."""


@dataclass(frozen=True, slots=True)
class MaskedTexts:
    """Texts in which a token stands in the place of every personal value that was found."""

    texts: tuple[str, ...]
    """In the order of the unmasked texts."""


NOTHING_RESTORED: Mapping[str, str] = MappingProxyType({})


class Redactor(Protocol):
    """Replaces a user's personal values by tokens, and the tokens by the values."""

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        """Mask texts of one user. A value always gets the same token, in every spelling.

        Args:
            user_id: the user.
            texts: unmasked.
            restored: values by token that a tool was given; they are replaced wherever the texts repeat them.

        Raises:
            RedactionFailed: the texts could not be checked in time; they must not be passed on.
        """
        ...

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        """The user's values behind the tokens in a JSON value, by token."""
        ...

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        """The JSON value with the user's values in the place of their tokens; a token of another user stays."""
        ...


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A personal value; two spellings of one value ("4111 1111…", "4111-1111…") are equal."""

    kind: str
    """CARD, EMAIL, PERSON …: the first part of its token."""
    key: str = field(repr=False)
    """The normal form, which is compared; the vault looks up its keyed hash."""
    text: str = field(repr=False, compare=False)
    """The spelling that the user wrote first. The vault encrypts it, and the token is restored to it."""

    @classmethod
    def from_text(cls, kind: str, text: str) -> Self:
        """The value that the text spells."""
        return cls(kind, ENTITY_TYPES[kind](normalise(text).text), text)


class Vault(Protocol):
    """Stores the values behind the tokens, encrypted, for one user each."""

    async def tokenize(self, user_id: str, secrets: Set[PersonalValue]) -> Mapping[PersonalValue, str]:
        """The token of each value; a value that this user never had gets a new one.

        Concurrent calls get the same token for the same value. No two values of a user share a token.
        """
        ...

    async def detokenize(self, user_id: str, tokens: Set[str]) -> Mapping[str, str]:
        """The texts by token; a token of another user is left out."""
        ...

    async def values_since(self, user_id: str, since: dt.datetime | None) -> "IssuedValues":
        """The user's values that were stored since an instant, or all for None.

        The values of the last seconds before the instant are included, since transactions may commit late.
        """
        ...


@dataclass(frozen=True, slots=True)
class IssuedValues:
    """Values of one user's vault."""

    secrets: Sequence[PersonalValue]
    """Newest first; some thousands at most."""
    until: dt.datetime | None
    """When the newest value was stored; None without values."""
