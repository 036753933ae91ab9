"""A wrong setting stops the start with the name of the variable, whatever is wrong with it, and never with its value."""

import os
import traceback
from pathlib import Path

import pytest

from graph.errors import ConfigurationError
from graph.setting_checks import FORMER_NAMES
from graph.settings import Settings, read_settings

KEY = "A" * 43 + "="
SECRET = "S3cret"
NONSENSE = (
    "nonsense",
    "-1",
    "nan",
    "inf",
    "9" * 400,
    "\udcff\udcfe",
    "x" * 5000,
    "http://host:99999",
    "a\x00b",
    "\U0001f4a9",
    "{",
    f"postgresql://u:{SECRET}%Pw@host/name",
    f"postgresql+psycopg://u:{SECRET}@host/name",
    f"{SECRET}\n",
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from the environment or from a file."""
    monkeypatch.chdir(tmp_path)
    for name in [*Settings.model_fields, *FORMER_NAMES]:
        monkeypatch.delenv(name.upper(), raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        if "\x00" in value:
            Path(".env").write_text(f'{name.upper()}="{value}"\n', "utf-8", "surrogateescape")
        else:
            monkeypatch.setenv(name.upper(), value)
    return read_settings()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_nonsense_is_refused_by_the_name_of_its_variable_or_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    others = {"vault_key": KEY} if name == "database_url" else {}
    messages = [refusal for value in NONSENSE if (refusal := refusal_of(monkeypatch, **{**others, name: value}))]
    assert [message for message in messages if name.upper() not in message or SECRET in message] == []


def refusal_of(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    """Why the start is refused; nothing if it is not."""
    try:
        read(monkeypatch, **values)
    except ConfigurationError as error:
        return "".join(traceback.format_exception(error))
    return ""


@pytest.mark.parametrize("name", ["database_url", "migration_database_url", "listen_database_url"])
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+psycopg://chat_server:{SECRET}@127.0.0.1/chat",
        f"postgresql://chat_server:{SECRET}%Pw@127.0.0.1/chat",
        f"postgresql://chat_server:pass@{SECRET}@127.0.0.1/chat",
        f"mysql://chat_server:{SECRET}@127.0.0.1/chat",
        f"postgresql://chat_server@127.0.0.1:{SECRET}/chat",
        f"postgresql://chat_server:{SECRET}@127.0.0.1:99999/chat",
        f"postgresql://chat_server@127.0.0.1/chat?{SECRET}=1",
        f"postgresql://chat_server:{SECRET}@[::1/chat",
        f"chat_server:{SECRET}@127.0.0.1/chat",
    ],
)
def test_an_address_of_a_database_that_cannot_be_read_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name.upper()}: ") as refused:
        read(monkeypatch, **{"vault_key": KEY, name: address})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://chat_server:p%40ss%25@db.example:6543/postgres?sslmode=require",
        "postgresql://chat_server:p@[::1]:5432/chat",
        "postgresql://u:p@one:5432,two:5433/chat?target_session_attrs=read-write",
        "host=127.0.0.1 user=chat_server password='a b' dbname=chat",
        "postgresql:///chat?host=/var/run/postgresql",
    ],
)
def test_an_address_that_libpq_reads_is_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert read(monkeypatch, vault_key=KEY, database_url=address).database_url


@pytest.mark.parametrize("origin", ["https://app.example/", "app.example", "https://app.example/path", "null"])
def test_an_origin_that_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^CORS_ORIGINS: "):
        read(monkeypatch, cors_origins=f"https://one.example, {origin}")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = read(monkeypatch, cors_origins="http://localhost:3000, capacitor://localhost,*").cors_origins
    assert taken == ("http://localhost:3000", "capacitor://localhost", "*")


@pytest.mark.parametrize("content", [b"OPENAI_MODEL=\xff\xfe", b"\xff\xfeP\x00O\x00"])
def test_an_env_file_that_is_not_utf8_is_refused(content: bytes) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^\.env cannot be read"):
        read_settings()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_env_file_that_may_not_be_read_is_refused() -> None:
    Path(".env").touch(0)
    with pytest.raises(ConfigurationError, match=r"^\.env cannot be read"):
        read_settings()


def test_settings_that_need_one_another_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"^DATABASE_URL needs VAULT_KEY"):
        read(monkeypatch, database_url="postgresql://u:p@127.0.0.1/d")


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_a_former_name_in_the_environment_stops_the_start_with_the_new_name(
    monkeypatch: pytest.MonkeyPatch, former: str, name: str
) -> None:
    monkeypatch.setenv(former.upper(), SECRET)
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert refused.value.message == f"{former.upper()} is now called {name.upper()}: rename it."


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_a_former_name_in_the_env_file_stops_the_start_with_the_new_name(former: str, name: str) -> None:
    Path(".env").write_text(f"{former.upper()}={SECRET}\n", "utf-8")
    with pytest.raises(ConfigurationError, match=f"^{former.upper()} is now called {name.upper()}: rename it[.]$"):
        read_settings()


def test_a_former_name_stops_the_start_when_the_new_one_is_set_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_KEY_OLD", KEY)
    with pytest.raises(ConfigurationError, match=r"^VAULT_KEY_OLD is now called VAULT_PREVIOUS_KEYS"):
        read(monkeypatch, vault_key=KEY, vault_previous_keys=KEY)


def test_all_former_names_are_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_TURNS", "9")
    Path(".env").write_text("RUN_SECONDS=9\n", "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert refused.value.message == (
        "KEPT_TURNS is now called CHECKPOINT_TURNS, RUN_SECONDS is now called RUN_TIMEOUT_SECONDS: rename them."
    )


def test_a_former_name_without_a_value_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_TURNS", "")
    assert read_settings().checkpoint_turns == 5


def test_a_former_name_is_not_a_setting() -> None:
    assert FORMER_NAMES.keys().isdisjoint(Settings.model_fields)
    assert set(FORMER_NAMES.values()) <= set(Settings.model_fields)
