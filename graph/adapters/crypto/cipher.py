"""Encryption: AES-256-GCM under a key that can be rotated, and keyed hashes under a key that stays.

A ciphertext begins with a byte for its format and four bytes for the key that encrypted it. So a ciphertext of an older key
decrypts as long as that key is configured, and a job can find the ciphertexts of older keys. The keyed hashes have a random key
of their own, which is stored encrypted in the database (`key_rotation`). A rotation encrypts that one row again and changes no
hash: a value keeps its token, and a repeated request is still recognised, during a rotation and after it.
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

from graph.adapters.crypto.secret_files import load_or_create_secret, replace_private
from graph.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_BYTES = 4
FORMAT = b"\x02"
"""The format of a ciphertext that names its key."""
LEGACY_FORMAT = b"\x01"
"""The format of a ciphertext that does not name its key."""

ReadKeys = Callable[[], Sequence[bytes]]
"""Returns the configured keys, the current one first."""


class VaultCipher:
    """Encrypts bytes for a context. They decrypt under these keys and for the same context only."""

    def __init__(
        self, key: bytes, *previous: bytes, hash_key: bytes | None = None, read: ReadKeys | None = None
    ) -> None:
        """
        Args:
            key: encrypts and decrypts.
            previous: keys that only decrypt.
            hash_key: key of the keyed hashes; derived from `key` if it is None.
            read: called for the current keys when a ciphertext names an unknown key.
        """
        self._read = read
        self._set_keys(key, *previous)
        self._hash_key = hash_key or derive(key, b"lookup")

    def _set_keys(self, *keys: bytes) -> None:
        if any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError(
                f"VAULT_KEY must be {KEY_BYTES} bytes in base64: `openssl rand -base64 32` makes one."
            )
        self._current = key_id(keys[0])
        self._ciphers = {key_id(key): AESGCM(derive(key, b"seal")) for key in keys}

    @property
    def key_prefix(self) -> bytes:
        """The first bytes of every ciphertext of the current key."""
        return FORMAT + self._current

    @property
    def hash_key(self) -> bytes:
        return self._hash_key

    def reload_keys(self) -> None:
        """Read the configured keys again.

        Raises:
            ConfigurationError: the keys cannot be read.
        """
        if self._read:
            self._set_keys(*self._read())

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Encrypt. The context names the user and the row, so a ciphertext that is moved to another user does not decrypt."""
        nonce, current = secrets.token_bytes(NONCE_BYTES), self._current
        return FORMAT + current + nonce + self._ciphers[current].encrypt(nonce, plain, context.encode())

    def decrypt(self, ciphertext: bytes, context: str) -> bytes:
        """Decrypt.

        Raises:
            ConfigurationError: no configured key decrypts the ciphertext for this context.
        """
        if ciphertext[:1] == FORMAT and ciphertext[1 : 1 + KEY_ID_BYTES] not in self._ciphers:
            self.reload_keys()
        body = ciphertext[1:] if ciphertext[:1] == LEGACY_FORMAT else ciphertext[1 + KEY_ID_BYTES :]
        for cipher in self._ciphers_for(ciphertext):
            try:
                return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], context.encode())
            except (InvalidTag, ValueError):  # a ciphertext shorter than a nonce raises ValueError
                continue
        raise ConfigurationError("An encrypted value does not decrypt: VAULT_KEY is not the key that encrypted it.")

    def _ciphers_for(self, ciphertext: bytes) -> Sequence[AESGCM]:
        if ciphertext[:1] == LEGACY_FORMAT:
            return tuple(self._ciphers.values())
        cipher = self._ciphers.get(ciphertext[1 : 1 + KEY_ID_BYTES]) if ciphertext[:1] == FORMAT else None
        return (cipher,) if cipher else ()

    def digest(self, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA-256): it finds equal values without decrypting any."""
        return hmac.digest(self._hash_key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), "sha256")


def key_id(key: bytes) -> bytes:
    """The id of a key; it reveals nothing of the key."""
    return derive(key, b"id")[:KEY_ID_BYTES]


def derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"chat-runtime/" + purpose).derive(key)


def decode_key(text: str, name: str = "VAULT_KEY") -> bytes:
    """Decode a key from base64; `name` is the setting or file to name in the error.

    Raises:
        ConfigurationError: the text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{name} is not base64: `openssl rand -base64 32` makes one.") from None


def load_or_create_key(file: Path) -> bytes:
    """The current key in a file; the file is created on first use.

    Raises:
        ConfigurationError: the file cannot be used, or holds no key.
    """
    return load_or_create_keys(file)[0]


def load_or_create_keys(file: Path) -> list[bytes]:
    """The keys in a file, the current one first. A line is `version:key`, and the highest version is current; a line without
    a version has version 1. The file is created with one key on first use.

    Raises:
        ConfigurationError: the file cannot be used, or a line is no such line.
    """
    keys: dict[int, bytes] = {}
    for line in load_or_create_secret(file, new_key).decode("ascii", "replace").split():
        version, colon, key = line.rpartition(":")
        if colon and not version.isdecimal():
            raise ConfigurationError(f"{file.name} has a line that is not `version:key`.")
        keys[int(version or 1)] = decode_key(key, file.name)
    if not keys:
        raise ConfigurationError(f"{file} holds no key.")
    return [keys[version] for version in sorted(keys, reverse=True)]


def add_key(file: Path) -> None:
    """Add a new key to a file; it becomes the current one.

    Raises:
        ConfigurationError: as in `load_or_create_keys`.
    """
    previous = reversed(load_or_create_keys(file))
    keys = [*(base64.b64encode(key) for key in previous), new_key()]
    replace_private(file, b"".join(b"%d:%s\n" % (version, key) for version, key in enumerate(keys, 1)))


def new_key() -> bytes:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES))
