"""Tokens are counted as tiktoken counts them, without a network."""

import socket
from pathlib import Path

import pytest

from graph.adapters.models.token_counter import token_counter


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiktoken") / "deep" / "cache"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello", 1), ("hello world", 2), ("tiktoken is great!", 6), ("<|endoftext|>", 7)],
)
def test_texts_are_counted_as_o200k_base_counts_them(cache: Path, text: str, tokens: int) -> None:
    assert token_counter(cache)(text) == tokens


def test_the_ranks_are_kept_for_the_next_start(cache: Path) -> None:
    token_counter(cache)
    [file] = cache.iterdir()
    written = file.stat().st_mtime_ns
    token_counter(cache)
    assert file.stat().st_mtime_ns == written


def test_nothing_is_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert token_counter(cache)("hello") == 1


@pytest.mark.parametrize("text", ["\x00", "\ud800", "💶" * 100, "a" * 100_000])
def test_any_text_can_be_counted(cache: Path, text: str) -> None:
    assert token_counter(cache)(text) > 0
