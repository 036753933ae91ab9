"""A wrong setting stops the start with a message that names the variable and never quotes its value."""

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
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take all settings out of the environment, and work in a folder without `.env`."""
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
def test_nonsense_is_accepted_or_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    others = {"vault_key": KEY} if name == "database_url" else {}
    messages = [message for value in NONSENSE if (message := refusal(monkeypatch, **{**others, name: value}))]
    assert [message for message in messages if name.upper() not in message or SECRET in message] == []


def refusal(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    """The traceback of a refused start; empty if it is not refused."""
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
def test_a_wrong_address_of_a_database_is_refused_and_not_quoted(
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
def test_an_address_that_libpq_reads_is_accepted(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert read(monkeypatch, vault_key=KEY, database_url=address).database_url


@pytest.mark.parametrize("origin", ["https://app.example/", "app.example", "https://app.example/path", "null"])
def test_a_text_that_is_not_an_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^CORS_ORIGINS: "):
        read(monkeypatch, cors_origins=f"https://one.example, {origin}")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    origins = read(monkeypatch, cors_origins="http://localhost:3000, capacitor://localhost,*").cors_origins
    assert origins == ("http://localhost:3000", "capacitor://localhost", "*")


@pytest.mark.parametrize("content", [b"OPENAI_MODEL=\xff\xfe", b"\xff\xfeP\x00O\x00"])
def test_an_env_file_that_is_not_utf8_is_refused(content: bytes) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^\.env cannot be read"):
        read_settings()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_env_file_is_refused() -> None:
    Path(".env").touch(0)
    with pytest.raises(ConfigurationError, match=r"^\.env cannot be read"):
        read_settings()


ADDRESS = "https://provider.example/v1"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"database_url": "postgresql://u:p@127.0.0.1/d"}, "DATABASE_URL needs VAULT_KEY"),
        ({"vault_previous_keys": KEY}, "VAULT_PREVIOUS_KEYS needs VAULT_KEY"),
        ({"supabase_jwt_secret": "s" * 32}, "SUPABASE_JWT_SECRET and SUPABASE_ISSUER need SUPABASE_URL"),
        ({"supabase_issuer": ADDRESS}, "SUPABASE_JWT_SECRET and SUPABASE_ISSUER need SUPABASE_URL"),
        ({"embeddings": "openai"}, "EMBEDDINGS=openai needs OPENAI_API_KEY or OPENAI_BASE_URL"),
        ({"openai_model_fallback": "m"}, "OPENAI_MODEL_FALLBACK needs OPENAI_API_KEY or OPENAI_BASE_URL"),
        (
            {"openai_api_key": "k", "openai_fallback_base_url": ADDRESS},
            "OPENAI_FALLBACK_BASE_URL needs OPENAI_MODEL_FALLBACK",
        ),
        (
            {"openai_api_key": "k", "openai_model_fallback": "m", "openai_fallback_api_key": "k"},
            "OPENAI_FALLBACK_API_KEY needs OPENAI_FALLBACK_BASE_URL",
        ),
    ],
)
def test_a_setting_without_the_one_that_it_needs_is_refused_with_both_names(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        read(monkeypatch, **values)


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
