"""A ciphertext decrypts with its key, for its context, and unchanged only; keys can be rotated."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from graph.adapters.crypto.cipher import (
    VaultCipher,
    add_key,
    decode_key,
    derive,
    key_id,
    load_or_create_key,
    load_or_create_keys,
)
from graph.errors import ConfigurationError

KEY = bytes(range(32))
NEW = bytes(range(1, 33))


def test_a_ciphertext_decrypts_to_its_value() -> None:
    cipher = VaultCipher(KEY)
    for plain in (b"", b"4111 1111 1111 1111", "Zoë 💶".encode(), bytes(range(256)) * 100):
        assert cipher.decrypt(cipher.encrypt(plain, "owner"), "owner") == plain


def test_another_cipher_with_the_same_key_decrypts_it() -> None:
    assert VaultCipher(KEY).decrypt(VaultCipher(KEY).encrypt(b"value", "owner"), "owner") == b"value"


def test_a_ciphertext_shows_nothing_of_its_value() -> None:
    assert b"4111" not in VaultCipher(KEY).encrypt(b"4111 1111 1111 1111", "owner")


def test_the_same_value_is_encrypted_differently_each_time() -> None:
    cipher = VaultCipher(KEY)
    assert len({cipher.encrypt(b"value", "owner") for _ in range(100)}) == 100


@pytest.mark.parametrize("context", ["", "other", "owner ", "owne"])
def test_it_does_not_open_for_another_context(context: str) -> None:
    cipher = VaultCipher(KEY)
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        cipher.decrypt(cipher.encrypt(b"value", "owner"), context)


def test_it_does_not_open_with_another_key() -> None:
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        VaultCipher(bytes(32)).decrypt(VaultCipher(KEY).encrypt(b"value", "owner"), "owner")


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    cipher = VaultCipher(KEY)
    ciphertext = cipher.encrypt(b"value", "owner")
    for place in range(len(ciphertext)):
        changed = ciphertext[:place] + bytes([ciphertext[place] ^ 1]) + ciphertext[place + 1 :]
        with pytest.raises(ConfigurationError):
            cipher.decrypt(changed, "owner")


@pytest.mark.parametrize("length", range(0, 30, 3))
def test_a_truncated_value_does_not_open(length: int) -> None:
    cipher = VaultCipher(KEY)
    with pytest.raises(ConfigurationError):
        cipher.decrypt(cipher.encrypt(b"value", "owner")[:length], "owner")


def test_a_digest_finds_equal_values_and_needs_the_key() -> None:
    cipher = VaultCipher(KEY)
    assert cipher.digest("a", "b") == VaultCipher(KEY).digest("a", "b")
    assert cipher.digest("a", "b") != VaultCipher(bytes(32)).digest("a", "b")


def test_digests_of_other_parts_differ() -> None:
    cipher = VaultCipher(KEY)
    digests = {cipher.digest(*parts) for parts in [("ab",), ("a", "b"), ("b", "a"), ("a", "b", ""), ("", "ab"), ()]}
    assert len(digests) == 6


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        VaultCipher(b"k" * length)


@pytest.mark.parametrize("text", ["not base64!", "abc", "é", "a" * 43 + "\n="])
def test_a_key_that_is_no_base64_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="base64") as refused:
        decode_key(text)
    assert text not in refused.value.message


def test_a_kept_key_is_made_once(tmp_path: Path) -> None:
    key = load_or_create_key(tmp_path / "vault.key")
    assert len(key) == 32
    assert load_or_create_key(tmp_path / "vault.key") == key
    assert load_or_create_key(tmp_path / "other.key") != key


def test_a_key_file_that_was_damaged_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_bytes(b"\xff\xfe nonsense")
    with pytest.raises(ConfigurationError):
        load_or_create_key(tmp_path / "vault.key")


def test_a_key_file_may_end_with_a_newline(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_bytes(base64.b64encode(KEY) + b"\n")
    assert load_or_create_key(tmp_path / "vault.key") == KEY


# Keys that change -----------------------------------------------------------------------------------------------------


def test_a_ciphertext_of_the_legacy_format_still_decrypts() -> None:
    nonce = bytes(12)
    before = b"\x01" + nonce + AESGCM(derive(KEY, b"seal")).encrypt(nonce, b"value", b"owner")
    assert VaultCipher(KEY).decrypt(before, "owner") == VaultCipher(NEW, KEY).decrypt(before, "owner") == b"value"
    assert not before.startswith(VaultCipher(KEY).key_prefix)
    with pytest.raises(ConfigurationError):
        VaultCipher(NEW).decrypt(before, "owner")


def test_a_ciphertext_names_its_key_and_shows_nothing_of_it() -> None:
    assert VaultCipher(KEY).encrypt(b"value", "owner").startswith(VaultCipher(KEY).key_prefix)
    assert VaultCipher(KEY).key_prefix == b"\x02" + key_id(KEY) != VaultCipher(NEW).key_prefix
    assert key_id(KEY) not in KEY


def test_a_previous_key_decrypts_and_the_current_one_encrypts() -> None:
    old, both = VaultCipher(KEY), VaultCipher(NEW, KEY)
    assert both.decrypt(old.encrypt(b"value", "owner"), "owner") == b"value"
    assert VaultCipher(NEW).decrypt(both.encrypt(b"value", "owner"), "owner") == b"value"


def test_a_ciphertext_does_not_decrypt_under_the_name_of_another_key() -> None:
    ciphertext = VaultCipher(KEY).encrypt(b"value", "owner")
    with pytest.raises(ConfigurationError):
        VaultCipher(NEW, KEY).decrypt(
            VaultCipher(NEW).key_prefix + ciphertext[len(VaultCipher(KEY).key_prefix) :], "owner"
        )


def test_hashes_stay_as_they_are_when_the_key_changes() -> None:
    hash_key = VaultCipher(KEY).hash_key
    assert VaultCipher(NEW, KEY, hash_key=hash_key).digest("a", "b") == VaultCipher(KEY).digest("a", "b")


def test_a_key_that_came_later_is_read_when_it_is_first_met() -> None:
    configured = [KEY]
    running = VaultCipher(*configured, read=lambda: configured)
    configured.insert(0, NEW)
    assert running.key_prefix == VaultCipher(KEY).key_prefix
    assert running.decrypt(VaultCipher(NEW).encrypt(b"value", "owner"), "owner") == b"value"
    assert running.key_prefix == VaultCipher(NEW).key_prefix
    with pytest.raises(ConfigurationError):
        running.decrypt(VaultCipher(bytes(32)).encrypt(b"value", "owner"), "owner")


def test_a_new_key_in_a_file_is_the_current_one_and_the_old_one_stays(tmp_path: Path) -> None:
    file = tmp_path / "vault.key"
    first = load_or_create_key(file)
    add_key(file)
    add_key(file)
    newest, second, oldest = load_or_create_keys(file)
    assert oldest == first
    assert len({newest, second, oldest}) == 3
    assert [line.partition(b":")[0] for line in file.read_bytes().split()] == [b"1", b"2", b"3"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_keys_in_a_file_may_stand_in_any_order_and_old_ones_may_go(tmp_path: Path) -> None:
    one, two = (base64.b64encode(key).decode() for key in (KEY, NEW))
    (tmp_path / "vault.key").write_text(f"7:{two}\n\n2:{one}\n")
    assert load_or_create_keys(tmp_path / "vault.key") == [NEW, KEY]
    (tmp_path / "vault.key").write_text(f"7:{two}\n")
    assert load_or_create_keys(tmp_path / "vault.key") == [NEW]


@pytest.mark.parametrize("content", ["", "x:AAAA", ":AAAA", "1:not base64", "-1:AAAA"])
def test_a_key_file_of_another_form_stops_the_start_without_being_repeated(tmp_path: Path, content: str) -> None:
    (tmp_path / "vault.key").write_text(content)
    with pytest.raises(ConfigurationError, match=r"vault\.key") as refused:
        load_or_create_keys(tmp_path / "vault.key")
    assert not content or content not in refused.value.message
