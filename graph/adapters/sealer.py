"""Sealing: AES-256-GCM and keyed hashes, with keys derived from one secret."""

import base64
import binascii
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from graph.adapters.secret_files import keep_secret
from graph.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"


class Sealer:
    """Seals bytes so that only this key, and only for the same context, opens them again."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigurationError(
                f"VAULT_KEY must be {KEY_BYTES} bytes in base64: `openssl rand -base64 32` makes one."
            )
        self._cipher = AESGCM(derive(key, b"seal"))
        self._hash_key = derive(key, b"lookup")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; `context` (whose it is) is authenticated, so a sealed value moved to another owner does not open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt.

        Raises:
            ConfigurationError: this key did not seal the value, or not for this context.
        """
        version, nonce, body = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            if version != VERSION:
                raise InvalidTag
            return self._cipher.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):  # ValueError: it is shorter than a nonce
            raise ConfigurationError("A sealed value does not open: VAULT_KEY is not the key that sealed it.") from None

    def digest(self, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA-256) by which equal values are found again without opening any."""
        return hmac.digest(self._hash_key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), "sha256")


def derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"chat-runtime/" + purpose).derive(key)


def decode_key(text: str) -> bytes:
    """The key behind VAULT_KEY.

    Raises:
        ConfigurationError: the text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError("VAULT_KEY is not base64: `openssl rand -base64 32` makes one.") from None


def keep_key(file: Path) -> bytes:
    """The key in this file, made on first use.

    Raises:
        ConfigurationError: the file cannot be used, or holds no key.
    """
    return decode_key(keep_secret(file, new_key).decode("ascii", "replace").strip())


def new_key() -> bytes:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES))
