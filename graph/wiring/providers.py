"""The providers that the settings choose for sign-in, keys, notifications and traces."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

from opentelemetry.trace import NoOpTracer, Tracer
from opentelemetry.util.re import parse_env_headers

from graph.adapters.auth.jwt_verifier import JwksCache, JwtVerifier, http_key_source
from graph.adapters.auth.local_issuer import ISSUER, LocalIssuer
from graph.adapters.auth.supabase import SharedSecretVerifier
from graph.adapters.crypto.cipher import ReadKeys, VaultCipher, decode_key, load_or_create_keys
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.key_rotation import load_hash_key
from graph.adapters.postgres.provisioning import DatabaseUrls
from graph.adapters.postgres.runs.notifications import PostgresNotifier
from graph.adapters.redis_notifications import RedisNotifier
from graph.adapters.telemetry.tracing import open_tracer
from graph.errors import ConfigurationError
from graph.ports.auth import TokenVerifier
from graph.ports.notifications import Notifier
from graph.settings import Settings

WRONG_KEY = (
    "The vault does not open: neither VAULT_KEY nor VAULT_PREVIOUS_KEYS (or the keys in vault.key) is the key that encrypted "
    "it. Set the right one: without it the values behind the tokens are lost."
)


def build_notifier(settings: Settings, urls: DatabaseUrls) -> Notifier:
    """Build the notifier on Redis if `REDIS_URL` is set, else on Postgres.

    Raises:
        ConfigurationError: `REDIS_URL` is not a valid address.
    """
    if settings.redis_url:
        return RedisNotifier(settings.redis_url.get_secret_value())
    direct = settings.listen_database_url
    return PostgresNotifier(direct.get_secret_value() if direct else urls.server)


def load_vault_keys(settings: Settings) -> ReadKeys:
    """Return a function that reads the keys: from the settings, or from `vault.key`, which it creates."""
    if not settings.vault_key:
        return partial(load_or_create_keys, settings.data_dir / "vault.key")
    previous = settings.vault_previous_keys.get_secret_value().split(",") if settings.vault_previous_keys else []
    keys = [
        decode_key(settings.vault_key.get_secret_value()),
        *(decode_key(key.strip(), "VAULT_PREVIOUS_KEYS") for key in previous),
    ]
    return lambda: keys


async def open_cipher(database: Database, read: ReadKeys) -> VaultCipher:
    """The cipher of a database, with the configured keys and the hash key that the database stores.

    Raises:
        ConfigurationError: the keys cannot be read, or belong to another database.
    """
    keys = await asyncio.to_thread(read)
    cipher = VaultCipher(*keys, read=read)
    try:
        return VaultCipher(*keys, hash_key=await load_hash_key(database, cipher), read=read)
    except ConfigurationError as error:
        raise ConfigurationError(WRONG_KEY) from error


def build_tracer(settings: Settings) -> AbstractAsyncContextManager[Tracer]:
    """Open a tracer that exports to the configured collector; without a collector it records nothing."""
    if not settings.otel_exporter_otlp_endpoint:
        return nullcontext(NoOpTracer())
    headers = settings.otel_exporter_otlp_headers
    return open_tracer(
        f"{str(settings.otel_exporter_otlp_endpoint).rstrip('/')}/v1/traces",
        parse_env_headers(headers.get_secret_value(), liberal=True) if headers else {},
        settings.otel_service_name,
    )


def build_verifier(settings: Settings, issuer: LocalIssuer | None) -> TokenVerifier:
    """Build the verifier of the local issuer's tokens, or of the Supabase project's if there is no local issuer."""
    if issuer:
        return JwtVerifier(JwksCache(issuer.keys), ISSUER)
    name = settings.supabase_issuer or settings.auth_address
    if settings.supabase_jwt_secret:
        return SharedSecretVerifier(settings.supabase_jwt_secret.get_secret_value().encode(), name)
    return JwtVerifier(JwksCache(http_key_source(f"{settings.auth_address}/.well-known/jwks.json")), name)
