"""The vault in memory (port `Vault`), for tests and replays."""

import datetime as dt
from collections.abc import Mapping, Set

from graph.ports.redaction import IssuedValues, PersonalValue
from graph.redaction.values.placeholders import new_token


class InMemoryVault:
    """Stores the values unencrypted for the life of the process."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, PersonalValue], str] = {}
        self._texts: dict[tuple[str, str], str] = {}

    async def tokenize(self, user_id: str, secrets: Set[PersonalValue]) -> Mapping[PersonalValue, str]:
        return {secret: self._token(user_id, secret) for secret in secrets}

    async def detokenize(self, user_id: str, tokens: Set[str]) -> Mapping[str, str]:
        return {token: self._texts[user_id, token] for token in tokens if (user_id, token) in self._texts}

    async def values_since(self, user_id: str, since: dt.datetime | None) -> IssuedValues:
        secrets = [secret for user, secret in self._tokens if user == user_id]
        return IssuedValues(secrets[::-1], None)

    def _token(self, user_id: str, secret: PersonalValue) -> str:
        if (user_id, secret) not in self._tokens:
            token = self._unused(user_id, secret.kind)
            self._tokens[user_id, secret] = token
            self._texts[user_id, token] = secret.text
        return self._tokens[user_id, secret]

    def _unused(self, user_id: str, kind: str) -> str:
        token = new_token(kind)
        return self._unused(user_id, kind) if (user_id, token) in self._texts else token
