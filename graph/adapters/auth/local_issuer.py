"""The local token issuer of the embedded default: its key pair and JWKS. `JwtVerifier` verifies its tokens too."""

import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from graph.adapters.crypto.secret_files import load_or_create_secret
from graph.errors import ConfigurationError

ISSUER = "chat-runtime-local"
TOKEN_SECONDS = 7 * 86_400


class LocalIssuer:
    """Signs tokens with a key from a file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self._key = load_or_create_key_pair(file)
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.kid = str(public["x"])[:16]
        self._public = {**public, "kid": self.kid, "alg": "ES256", "use": "sig"}

    async def keys(self) -> list[dict[str, Any]]:
        """The public keys, as a JWKS document lists them."""
        return [self._public]

    def sign(self, subject: str, seconds: int = TOKEN_SECONDS, **claims: object) -> str:
        """A token for a user (a UUID), valid for `seconds`."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            **claims,
        }
        return jwt.encode(payload, self._key, algorithm="ES256", headers={"kid": self.kid})


def load_or_create_key_pair(file: Path) -> ec.EllipticCurvePrivateKey:
    """The key pair in `file`; generated if the file does not exist.

    Raises:
        ConfigurationError: the file is unreadable, or holds something else.
    """
    try:
        loaded = serialization.load_pem_private_key(load_or_create_secret(file, generate_key_pair), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        loaded = None
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
        raise ConfigurationError(
            f"{file.name} in DATA_DIR holds no key of this service: remove it, and a new one is made."
        )
    return loaded


def generate_key_pair() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
