"""Sealing: AES-256-GCM under a key that can be changed, and keyed hashes under one that stays.

A sealed value begins with a byte for its form and four for the key that sealed it, so a value under an older key opens as long
as that key is configured, and what is due for the current one can be found. The keyed hashes have a key of their own, drawn at
random and kept sealed in the database (`seals.py`): when the sealing key changes, that one row is sealed anew and every hash
stays as it is. So a value keeps its token, and a repeated request is still known as one, during a rotation and after it.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from graph.adapters.crypto.secret_files import keep_secret, replace_private
from graph.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_BYTES = 4
VERSION = b"\x02"
BEFORE_KEY_IDS = b"\x01"
"""The form of values that do not say which key sealed them."""

ReadKeys = Callable[[], Sequence[bytes]]
"""Gives the keys that are configured, the current one first."""


class Sealer:
    """Seals bytes so that only these keys, and only for the same context, open them again."""

    def __init__(self, key: bytes, *old: bytes, hash_key: bytes | None = None, read: ReadKeys | None = None) -> None:
        """
        Args:
            key: seals and opens.
            old: keys that only open.
            hash_key: makes the keyed hashes; without it one is derived from `key`.
            read: gives all keys anew when a value is under one that is not known here yet.
        """
        self._read = read
        self._use(key, *old)
        self._hash_key = hash_key or derive(key, b"lookup")

    def _use(self, *keys: bytes) -> None:
        if any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError(
                f"VAULT_KEY must be {KEY_BYTES} bytes in base64: `openssl rand -base64 32` makes one."
            )
        self._current = key_id(keys[0])
        self._ciphers = {key_id(key): AESGCM(derive(key, b"seal")) for key in keys}

    @property
    def prefix(self) -> bytes:
        """How everything begins that is under the current key."""
        return VERSION + self._current

    @property
    def hash_key(self) -> bytes:
        return self._hash_key

    def refresh(self) -> None:
        """Take the keys as they are configured now.

        Raises:
            ConfigurationError: they cannot be read.
        """
        if self._read:
            self._use(*self._read())

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; `context` (whose it is) is authenticated, so a sealed value moved to another owner does not open."""
        nonce, current = secrets.token_bytes(NONCE_BYTES), self._current
        return VERSION + current + nonce + self._ciphers[current].encrypt(nonce, plain, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt.

        Raises:
            ConfigurationError: none of the keys sealed the value, or not for this context.
        """
        if sealed[:1] == VERSION and sealed[1 : 1 + KEY_ID_BYTES] not in self._ciphers:
            self.refresh()
        body = sealed[1:] if sealed[:1] == BEFORE_KEY_IDS else sealed[1 + KEY_ID_BYTES :]
        for cipher in self._ciphers_for(sealed):
            try:
                return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], context.encode())
            except (InvalidTag, ValueError):  # ValueError: it is shorter than a nonce
                continue
        raise ConfigurationError("A sealed value does not open: VAULT_KEY is not the key that sealed it.")

    def _ciphers_for(self, sealed: bytes) -> Sequence[AESGCM]:
        if sealed[:1] == BEFORE_KEY_IDS:
            return tuple(self._ciphers.values())
        cipher = self._ciphers.get(sealed[1 : 1 + KEY_ID_BYTES]) if sealed[:1] == VERSION else None
        return (cipher,) if cipher else ()

    def digest(self, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA-256) by which equal values are found again without opening any."""
        return hmac.digest(self._hash_key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), "sha256")


def key_id(key: bytes) -> bytes:
    """By what a key is known; it tells nothing of the key."""
    return derive(key, b"id")[:KEY_ID_BYTES]


def derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"chat-runtime/" + purpose).derive(key)


def decode_key(text: str, name: str = "VAULT_KEY") -> bytes:
    """The key behind VAULT_KEY.

    Raises:
        ConfigurationError: the text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{name} is not base64: `openssl rand -base64 32` makes one.") from None


def keep_key(file: Path) -> bytes:
    """The current key of this file, made on first use.

    Raises:
        ConfigurationError: the file cannot be used, or holds no key.
    """
    return keep_keys(file)[0]


def keep_keys(file: Path) -> list[bytes]:
    """The keys of a file, the current one first: lines of `version:key`, of which the highest version is current; a line
    without a version is version 1. The first one is made on first use.

    Raises:
        ConfigurationError: the file cannot be used, or a line is none of these.
    """
    keys: dict[int, bytes] = {}
    for line in keep_secret(file, new_key).decode("ascii", "replace").split():
        version, colon, key = line.rpartition(":")
        if colon and not version.isdecimal():
            raise ConfigurationError(f"{file.name} has a line that is not `version:key`.")
        keys[int(version or 1)] = decode_key(key, file.name)
    if not keys:
        raise ConfigurationError(f"{file} holds no key.")
    return [keys[version] for version in sorted(keys, reverse=True)]


def add_key(file: Path) -> None:
    """Put a new key into a file; it is the current one from now on.

    Raises:
        ConfigurationError: as `keep_keys`.
    """
    old = reversed(keep_keys(file))
    keys = [*(base64.b64encode(key) for key in old), new_key()]
    replace_private(file, b"".join(b"%d:%s\n" % (version, key) for version, key in enumerate(keys, 1)))


def new_key() -> bytes:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES))
