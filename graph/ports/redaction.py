"""Masking of personal values, and the vault that holds them."""

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

JsonT = TypeVar("JsonT")
"""A JSON value: a text, a list, an object."""


@dataclass(frozen=True, slots=True)
class MaskedTexts:
    """Texts in which every personal value that was found is replaced by a token, in the order they were given."""

    texts: tuple[str, ...]


NOTHING_RESTORED: Mapping[str, str] = MappingProxyType({})


class Redactor(Protocol):
    """Replaces personal values by tokens, and tokens by values for their owner."""

    async def mask(
        self, user_id: str, texts: Sequence[str], restored: Mapping[str, str] = NOTHING_RESTORED
    ) -> MaskedTexts:
        """Mask texts of one user; the same value always gets the same token, however it is spelt.

        Args:
            texts: as they came.
            restored: values by token that a tool was given whose texts these are. They are replaced wherever they stand.

        Raises:
            RedactionFailed: the texts could not be checked in time; they must not be passed on.
        """
        ...

    async def token_values(self, user_id: str, value: Any) -> Mapping[str, str]:
        """The owner's values behind the tokens that a JSON value mentions, by token."""
        ...

    async def unmask(self, user_id: str, value: JsonT) -> JsonT:
        """Put the owner's values back into every text of a JSON value; a token that was not issued to this owner stays."""
        ...


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A personal value; two spellings of one value ("4111 1111…", "4111-1111…") are equal."""

    kind: str
    """CARD, EMAIL, PERSON …: the first part of its token."""
    key: str = field(repr=False)
    """The normal form: what is compared, and what the vault looks up (as a keyed hash)."""
    text: str = field(repr=False, compare=False)
    """The value as its owner first wrote it: what the vault seals and a token is restored to."""


class Vault(Protocol):
    """Keeps the values behind the tokens, sealed, for one user each."""

    async def tokenize(self, user_id: str, secrets: Set[PersonalValue]) -> Mapping[PersonalValue, str]:
        """The token of each value; new ones are made for values that this user never had.

        Two callers at once get the same token for the same value, and no two values of a user share a token.
        """
        ...

    async def detokenize(self, user_id: str, tokens: Set[str]) -> Mapping[str, str]:
        """The texts of those tokens that were issued to this user."""
        ...

    async def values_since(self, user_id: str, since: dt.datetime | None) -> "IssuedValues":
        """The values that were issued to this user since an instant, some seconds before it included; all for None."""
        ...


@dataclass(frozen=True, slots=True)
class IssuedValues:
    """Values of one user's vault."""

    secrets: Sequence[PersonalValue]
    """The newest first; some thousands at most."""
    until: dt.datetime | None
    """When the newest was issued; None if there is none."""
