"""The settings choose the providers."""

import base64
from pathlib import Path

import pytest
from opentelemetry.trace import NoOpTracer

from graph.adapters.postgres.provisioning import DatabaseUrls
from graph.adapters.postgres.runs.notifications import PostgresNotifier
from graph.adapters.redis_notifications import RedisNotifier
from graph.errors import ConfigurationError
from graph.settings import Settings, read_settings
from graph.wiring.providers import build_notifier, build_tracer, load_vault_keys

SERVER = "postgresql://chat_server@127.0.0.1/chat"
DIRECT = "postgresql://chat_server@127.0.0.2/chat"
URLS = DatabaseUrls(server=SERVER, migration=None)
CURRENT, OLDER, OLDEST = (bytes([number]) * 32 for number in (1, 2, 3))


def settings(**values: object) -> Settings:
    return read_settings(_env_file=None, **values)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_notifications_go_over_the_servers_connection_string_by_default() -> None:
    notifier = build_notifier(settings(), URLS)
    assert isinstance(notifier, PostgresNotifier)
    assert notifier.address == SERVER


def test_notifications_go_over_the_direct_address_where_one_is_set() -> None:
    notifier = build_notifier(settings(listen_database_url=DIRECT), URLS)
    assert isinstance(notifier, PostgresNotifier)
    assert notifier.address == DIRECT


def test_notifications_go_over_redis_where_it_is_set() -> None:
    assert isinstance(build_notifier(settings(redis_url="redis://127.0.0.1:1"), URLS), RedisNotifier)


def test_the_configured_keys_are_read_with_the_current_one_first() -> None:
    previous = f"{encoded(OLDER)}, {encoded(OLDEST)}"
    read = load_vault_keys(settings(vault_key=encoded(CURRENT), vault_previous_keys=previous))
    assert read() == [CURRENT, OLDER, OLDEST]


def test_a_previous_key_that_is_not_base64_is_refused_by_the_name_of_its_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"^VAULT_PREVIOUS_KEYS is not base64"):
        load_vault_keys(settings(vault_key=encoded(CURRENT), vault_previous_keys="?"))


def test_without_a_configured_key_one_is_created_that_only_this_user_can_read(tmp_path: Path) -> None:
    read = load_vault_keys(settings(data_dir=tmp_path))
    [key] = read()
    assert read() == [key]
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600


async def test_without_a_collector_nothing_is_traced() -> None:
    async with build_tracer(settings()) as tracer:
        assert isinstance(tracer, NoOpTracer)
