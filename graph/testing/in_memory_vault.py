"""The vault in memory: the twin of the Postgres one, for tests and replays."""

import datetime as dt
from collections.abc import Mapping, Set

from graph.ports.redaction import Issued, Secret
from graph.redaction.placeholders import new_token


class MemoryVault:
    """Keeps values, as they are, for the life of the process."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, Secret], str] = {}
        self._texts: dict[tuple[str, str], str] = {}

    async def issue(self, owner: str, secrets: Set[Secret]) -> Mapping[Secret, str]:
        return {secret: self._token(owner, secret) for secret in secrets}

    async def open(self, owner: str, tokens: Set[str]) -> Mapping[str, str]:
        return {token: self._texts[owner, token] for token in tokens if (owner, token) in self._texts}

    async def issued_since(self, owner: str, since: dt.datetime | None) -> Issued:
        secrets = [secret for user, secret in self._tokens if user == owner]
        return Issued(secrets[::-1], None)

    def _token(self, owner: str, secret: Secret) -> str:
        if (owner, secret) not in self._tokens:
            token = self._unused(owner, secret.kind)
            self._tokens[owner, secret] = token
            self._texts[owner, token] = secret.text
        return self._tokens[owner, secret]

    def _unused(self, owner: str, kind: str) -> str:
        token = new_token(kind)
        return self._unused(owner, kind) if (owner, token) in self._texts else token
