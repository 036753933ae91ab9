"""Sign-in: who sends a request, and the keys of a local token issuer."""

from typing import Any, Protocol


class TokenVerifier(Protocol):
    """Verifies bearer tokens."""

    problem: str
    """What an operator has to fix so that users can sign in; empty if no problem is known."""

    async def is_available(self, wait_seconds: float = ...) -> bool:
        """Whether the keys to verify tokens are available; waits at most `wait_seconds` for them."""
        ...

    async def verify(self, token: str) -> str:
        """The id of the user to whom the token was issued.

        Raises:
            Unauthenticated: the issuer did not give this token to a signed-in user, or it is not valid now.
            ServiceUnavailable: the issuer's keys cannot be fetched.
        """
        ...


class PublicKeys(Protocol):
    """The public keys of an issuer of tokens."""

    async def keys(self) -> list[dict[str, Any]]:
        """The keys as a JWKS document lists them."""
        ...
