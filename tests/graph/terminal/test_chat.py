"""The chat finds its service and its token, and ends in order."""

import os
import signal
from pathlib import Path

import pytest

from graph.errors import ConfigurationError
from graph.settings import Settings
from graph.terminal.chat import ChatOptions, choose_token, ended_by_signals, service_address
from graph.terminal.local_service import started_service
from tests.support.screens import piped_screen

LOCAL = "http://127.0.0.1:8000"
REMOTE = "https://chat.example"


def token(options: ChatOptions, address: str = LOCAL, **settings: str) -> str:
    return choose_token(Settings(**settings), options, address, lambda: "issued")  # type: ignore[arg-type]  # pydantic checks them


def test_the_token_of_the_command_line_comes_before_that_of_the_environment() -> None:
    assert token(ChatOptions(token="typed"), chat_token="set") == "typed"
    assert token(ChatOptions(url=REMOTE), REMOTE, chat_token="set") == "set"


@pytest.mark.parametrize("options", [ChatOptions(), ChatOptions(url=LOCAL), ChatOptions(url="http://localhost:1")])
def test_a_service_on_this_machine_gets_a_token_of_the_local_issuer(options: ChatOptions) -> None:
    assert token(options, options.url or LOCAL) == "issued"


def test_a_service_elsewhere_needs_a_token_that_was_given() -> None:
    with pytest.raises(ConfigurationError, match="set CHAT_TOKEN, or pass --token"):
        token(ChatOptions(url=REMOTE), REMOTE)


@pytest.mark.parametrize("url", ["chat.example", "ftp://chat.example", "http://", "127.0.0.1:8000"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="--url must be"),
        service_address(Settings(), ChatOptions(url=url), piped_screen().screen),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_chat_in_order(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number


def test_a_service_that_refuses_its_settings_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with (
        pytest.raises(ConfigurationError, match="The service cannot start: LOG_LEVEL"),
        started_service(tmp_path / "data" / "log", lambda line: None),
    ):
        pass


def test_a_log_that_cannot_be_written_is_reported_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigurationError, match="DATA_DIR"),
        started_service(tmp_path / "file" / "log", lambda line: None),
    ):
        pass
