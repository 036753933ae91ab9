"""Adapters for the providers that the settings choose."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from functools import partial

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from opentelemetry.trace import NoOpTracer, Tracer
from opentelemetry.util.re import parse_env_headers
from pydantic import AnyHttpUrl, SecretStr

from graph.adapters.auth.jwt_verifier import KeyRing, Verifier, fetch_over_http
from graph.adapters.auth.local_issuer import ISSUER, LocalIssuer
from graph.adapters.auth.supabase import SecretVerifier
from graph.adapters.crypto.cipher import ReadKeys, decode_key, keep_keys
from graph.adapters.embeddings.local import PASSAGES_SECONDS, WIDTH, LocalEmbedder, OpenAIEmbedder
from graph.adapters.embeddings.openai import openai_embeddings
from graph.adapters.models.fallback import WithFallback
from graph.adapters.models.langchain import ATTEMPTS, LangChainModel, openai_model
from graph.adapters.offline.model import offline_model
from graph.adapters.postgres.provisioning import DatabaseUrls
from graph.adapters.postgres.runs.notifications import PostgresNotifier
from graph.adapters.redis_notifications import RedisNotifier
from graph.adapters.telemetry.instrumentation import Observer
from graph.adapters.telemetry.tracing import open_tracer
from graph.ports.auth import TokenVerifier
from graph.ports.models import ChatModel, Embedder
from graph.ports.notifications import Notifier
from graph.settings import Settings
from tools.catalog import CATALOG


def build_notifier(settings: Settings, addresses: DatabaseUrls) -> Notifier:
    """Raises: ConfigurationError."""
    if settings.redis_url:
        return RedisNotifier(settings.redis_url.get_secret_value())
    direct = settings.listen_database_url
    return PostgresNotifier(direct.get_secret_value() if direct else addresses.server)


def load_vault_keys(settings: Settings) -> ReadKeys:
    """The keys that are configured, or those in the file that the embedded default keeps."""
    if not settings.vault_key:
        return partial(keep_keys, settings.data_dir / "vault.key")
    old = settings.vault_previous_keys.get_secret_value().split(",") if settings.vault_previous_keys else []
    keys = [
        decode_key(settings.vault_key.get_secret_value()),
        *(decode_key(key.strip(), "VAULT_PREVIOUS_KEYS") for key in old),
    ]
    return lambda: keys


def build_tracer(settings: Settings) -> AbstractAsyncContextManager[Tracer]:
    """Sends spans to the collector that is configured; without one nothing is traced."""
    if not settings.otel_exporter_otlp_endpoint:
        return nullcontext(NoOpTracer())
    given = settings.otel_exporter_otlp_headers
    return open_tracer(
        f"{str(settings.otel_exporter_otlp_endpoint).rstrip('/')}/v1/traces",
        parse_env_headers(given.get_secret_value(), liberal=True) if given else {},
        settings.otel_service_name,
    )


def build_model(
    settings: Settings, observer: Observer | None = None, closing: AsyncExitStack | None = None
) -> ChatModel:
    """A provider's models if one is configured, with a fallback behind them if one is named; else the offline model. Their
    connections are closed by `closing`."""

    def of_provider(name: str, key: SecretStr | None, address: AnyHttpUrl | None) -> ChatOpenAI:
        base_url = str(address) if address else None
        model = openai_model(name, key=key, base_url=base_url, timeout=settings.model_total_seconds)
        if closing:
            closing.push_async_callback(model.root_async_client.close)
        return model

    def timed(
        models: Mapping[str, BaseChatModel],
        names: Mapping[str, str],
        provider: str = "chosen",
        attempts: int = ATTEMPTS,
    ) -> ChatModel:
        model = LangChainModel(
            models,
            names,
            first_token=settings.model_first_token_seconds,
            between_tokens=settings.model_stall_seconds,
            total=settings.model_total_seconds,
            attempts=attempts,
            breaker=observer.breaker(provider) if observer else None,
            report=partial(observer.providers.report, provider) if observer else None,
        )
        return observer.around_model(model) if observer else model

    if not settings.uses_provider:
        offline = offline_model(CATALOG)
        return timed({"small": offline, "large": offline}, {"small": "offline", "large": "offline"})
    names = {"small": settings.openai_model, "large": settings.large_model}
    models = {
        size: of_provider(name, settings.openai_api_key, settings.openai_base_url) for size, name in names.items()
    }
    chosen = timed(models, names)
    if not settings.openai_model_fallback:
        return chosen
    name, (key, address) = settings.openai_model_fallback, settings.fallback_provider
    spare = of_provider(name, key, address)
    fallback = timed({"small": spare, "large": spare}, {"small": name, "large": name}, "fallback", attempts=1)
    return WithFallback(chosen, fallback)


def build_embedder(settings: Settings, report: Callable[[str | None], None] = lambda fault: None) -> Embedder:
    """The embedder that is configured; a provider's calls `report` with what keeps it from serving."""
    if settings.embeddings == "local":
        return LocalEmbedder(settings.data_dir / "embedder")
    client = openai_embeddings(
        settings.openai_embedding_model,
        width=WIDTH,
        key=settings.openai_api_key,
        base_url=str(settings.openai_base_url) if settings.openai_base_url else None,
        timeout=PASSAGES_SECONDS,
    )
    return OpenAIEmbedder(client, report)


def build_verifier(settings: Settings, issuer: LocalIssuer | None) -> TokenVerifier:
    """Supabase's tokens, or the local issuer's; checked by the same code."""
    if issuer:
        return Verifier(KeyRing(issuer.keys), ISSUER)
    name = settings.supabase_issuer or settings.auth_address
    if settings.supabase_jwt_secret:
        return SecretVerifier(settings.supabase_jwt_secret.get_secret_value().encode(), name)
    return Verifier(KeyRing(fetch_over_http(f"{settings.auth_address}/.well-known/jwks.json")), name)
