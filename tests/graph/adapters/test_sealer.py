"""What is sealed opens with its key, for its context, and unchanged only."""

import base64
from pathlib import Path

import pytest

from graph.adapters.sealer import Sealer, decode_key, keep_key
from graph.errors import ConfigurationError

KEY = bytes(range(32))


def test_what_is_sealed_opens_again() -> None:
    sealer = Sealer(KEY)
    for plain in (b"", b"4111 1111 1111 1111", "Zoë 💶".encode(), bytes(range(256)) * 100):
        assert sealer.unseal(sealer.seal(plain, "owner"), "owner") == plain


def test_another_sealer_with_the_same_key_opens_it() -> None:
    assert Sealer(KEY).unseal(Sealer(KEY).seal(b"value", "owner"), "owner") == b"value"


def test_a_sealed_value_shows_nothing_of_it() -> None:
    assert b"4111" not in Sealer(KEY).seal(b"4111 1111 1111 1111", "owner")


def test_the_same_value_is_sealed_differently_each_time() -> None:
    sealer = Sealer(KEY)
    assert len({sealer.seal(b"value", "owner") for _ in range(100)}) == 100


@pytest.mark.parametrize("context", ["", "other", "owner ", "owne"])
def test_it_does_not_open_for_another_context(context: str) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        sealer.unseal(sealer.seal(b"value", "owner"), context)


def test_it_does_not_open_with_another_key() -> None:
    with pytest.raises(ConfigurationError, match="VAULT_KEY"):
        Sealer(bytes(32)).unseal(Sealer(KEY).seal(b"value", "owner"), "owner")


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"value", "owner")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(ConfigurationError):
            sealer.unseal(changed, "owner")


@pytest.mark.parametrize("length", range(0, 30, 3))
def test_a_truncated_value_does_not_open(length: int) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(ConfigurationError):
        sealer.unseal(sealer.seal(b"value", "owner")[:length], "owner")


def test_a_digest_finds_equal_values_and_needs_the_key() -> None:
    sealer = Sealer(KEY)
    assert sealer.digest("a", "b") == Sealer(KEY).digest("a", "b")
    assert sealer.digest("a", "b") != Sealer(bytes(32)).digest("a", "b")


def test_digests_of_other_parts_differ() -> None:
    sealer = Sealer(KEY)
    digests = {sealer.digest(*parts) for parts in [("ab",), ("a", "b"), ("b", "a"), ("a", "b", ""), ("", "ab"), ()]}
    assert len(digests) == 6


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        Sealer(b"k" * length)


@pytest.mark.parametrize("text", ["not base64!", "abc", "é", "a" * 43 + "\n="])
def test_a_key_that_is_no_base64_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="base64") as refused:
        decode_key(text)
    assert text not in refused.value.message


def test_a_kept_key_is_made_once(tmp_path: Path) -> None:
    key = keep_key(tmp_path / "vault.key")
    assert len(key) == 32
    assert keep_key(tmp_path / "vault.key") == key
    assert keep_key(tmp_path / "other.key") != key


def test_a_key_file_that_was_damaged_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_bytes(b"\xff\xfe nonsense")
    with pytest.raises(ConfigurationError):
        keep_key(tmp_path / "vault.key")


def test_a_key_file_may_end_with_a_newline(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_bytes(base64.b64encode(KEY) + b"\n")
    assert keep_key(tmp_path / "vault.key") == KEY
