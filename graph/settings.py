"""The only reader of the environment (and of `.env`). Read once, frozen, checked before anything starts."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError
from pydantic_settings.sources import EnvSettingsSource

from graph.errors import ConfigurationError
from graph.setting_checks import (
    DAY,
    HOUR,
    MAX_BIGINT,
    MAX_INTEGER,
    MINUTE,
    Count,
    DatabaseAddress,
    HeaderPairs,
    HeaderValue,
    JwtSecret,
    Origin,
    Seconds,
    without_control_characters,
)

MAX_DAYS = 36_500

FORMER_NAMES = {
    "approval_minutes": "approval_ttl_minutes",
    "grace_seconds": "shutdown_grace_seconds",
    "kept_turns": "checkpoint_turns",
    "model_between_tokens_seconds": "model_stall_seconds",
    "recording": "studio_recording",
    "run_seconds": "run_timeout_seconds",
    "vault_key_old": "vault_previous_keys",
}
"""Renamed settings. A former name stops the start: without its VAULT_KEY_OLD a service could not read what it stored."""


class Settings(BaseSettings):
    """What an operator can set; `.env.example` lists every name with a line on it."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore", env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    data_dir: Path = Path(".data")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = ()

    database_url: DatabaseAddress | None = None
    """The server's role. Without it an embedded PostgreSQL is started under `data_dir`."""
    migration_database_url: DatabaseAddress | None = None
    """The owner of the tables; needed by `make migrate` only."""
    database_pool_size: Annotated[int, Field(ge=1, le=200)] = 16

    supabase_url: AnyHttpUrl | None = None
    """The project whose users sign in. Without it a local issuer signs tokens."""
    supabase_jwt_secret: JwtSecret | None = None
    """With which the project signs; then tokens of HS256 are taken, and no others."""
    supabase_issuer: str | None = None
    """What the project's tokens name as their issuer, where that is not its address."""

    openai_api_key: HeaderValue | None = None
    openai_base_url: AnyHttpUrl | None = None
    openai_model: str = "gpt-4o-mini"
    openai_model_large: str | None = None
    openai_model_fallback: str | None = None
    """Answers where the chosen model failed before it showed anything."""
    openai_fallback_base_url: AnyHttpUrl | None = None
    openai_fallback_api_key: HeaderValue | None = None
    openai_embedding_model: str = "text-embedding-3-small"
    embeddings: Literal["local", "openai"] = "local"
    model_first_token_seconds: Seconds = 30.0
    model_stall_seconds: Seconds = 30.0
    model_total_seconds: Seconds = 180.0

    default_employee_slug: str = "prime-boss"
    default_token_budget: Annotated[int, Field(ge=1500, le=MAX_INTEGER)] = 6000
    max_message_chars: Annotated[int, Field(ge=1, le=100_000)] = 8000
    rate_limit_per_minute: Count = 20
    daily_token_budget: Annotated[int, Field(ge=0, le=MAX_BIGINT)] = 1_000_000
    """Tokens a user may spend in a day (UTC); 0 means no limit."""
    approval_ttl_minutes: Annotated[float, Field(gt=0, le=MAX_DAYS * DAY / MINUTE, allow_inf_nan=False)] = 15
    checkpoint_turns: Count = 5
    """How many turns of a session keep their checkpoints."""
    redaction_workers: Annotated[int, Field(ge=1, le=32)] = 1

    vault_key: SecretStr | None = None
    """32 bytes in base64; generated under `data_dir` by the embedded default."""
    vault_previous_keys: SecretStr | None = None
    """Keys of before, separated by commas: they open, and do not seal."""
    lease_seconds: Annotated[float, Field(ge=1, le=HOUR, allow_inf_nan=False)] = 15.0
    """How long a process vouches for a run at a time; a dead one's runs are taken over when that has passed."""
    run_timeout_seconds: Seconds = 600.0
    max_active_runs: Count = 256
    """Answers that a process gives at once; more are refused with 503."""
    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=HOUR, allow_inf_nan=False)] = 10.0
    """How long running turns may go on when the process is told to stop, before another process has to take them over."""
    run_log_days: Annotated[float, Field(gt=0, le=MAX_DAYS, allow_inf_nan=False)] = 7.0
    redis_url: SecretStr | None = None
    """Carries news between processes in place of Postgres."""
    listen_database_url: DatabaseAddress | None = None
    """A direct address of the database for news between processes, where `database_url` is a transaction pooler's."""
    metrics_token: HeaderValue | None = None
    """What whoever asks for the metrics must send as a bearer token; without it anybody may."""
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = None
    """Where a collector takes OTLP over HTTP; without it nothing is traced."""
    otel_exporter_otlp_headers: HeaderPairs | None = None
    """`name=value` pairs with commas between them, percent-encoded, that are sent to the collector."""
    otel_service_name: str = "chat-runtime"
    failpoint: str | None = None
    """`<step>:<before|after_effect|after_checkpoint>:<kill|hang|raise>`: where a turn fails on purpose."""

    mcp_servers: Path | None = None
    """A YAML file of MCP servers whose tools employees may use."""

    studio_recording: Path | None = None
    """The recorded turn that `make studio` opens instead of the database and the models."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        refuse_former_names(env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings

    @field_validator("*", mode="before")
    @classmethod
    def refuse_control_characters(cls, value: object) -> object:
        return without_control_characters(value)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def split_origins(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def check_combinations(self) -> Self:
        if self.database_url and not self.vault_key:
            raise ValueError(
                "DATABASE_URL needs VAULT_KEY: `openssl rand -base64 32` makes one; keep it, the vault depends on it"
            )
        if (self.supabase_jwt_secret or self.supabase_issuer) and not self.supabase_url:
            raise ValueError("SUPABASE_JWT_SECRET and SUPABASE_ISSUER need SUPABASE_URL, the project's address")
        if self.vault_previous_keys and not self.vault_key:
            raise ValueError("VAULT_PREVIOUS_KEYS needs VAULT_KEY, the key that seals")
        if self.embeddings == "openai" and not self.uses_provider:
            raise ValueError("EMBEDDINGS=openai needs OPENAI_API_KEY or OPENAI_BASE_URL")
        if self.openai_model_fallback and not self.uses_provider:
            raise ValueError("OPENAI_MODEL_FALLBACK needs OPENAI_API_KEY or OPENAI_BASE_URL")
        if self.openai_fallback_base_url and not self.openai_model_fallback:
            raise ValueError("OPENAI_FALLBACK_BASE_URL needs OPENAI_MODEL_FALLBACK, the model's name there")
        if self.openai_fallback_api_key and not self.openai_fallback_base_url:
            raise ValueError("OPENAI_FALLBACK_API_KEY needs OPENAI_FALLBACK_BASE_URL, the address that it is for")
        return self

    @property
    def auth_address(self) -> str:
        """Where the project's users sign in."""
        return f"{str(self.supabase_url).rstrip('/')}/auth/v1"

    @property
    def uses_provider(self) -> bool:
        """Whether a real model answers; otherwise the offline model does."""
        return bool(self.openai_api_key or self.openai_base_url)

    @cached_property
    def large_model(self) -> str:
        """Behind a base URL nobody knows what else is served, so the one model named there does both."""
        return self.openai_model_large or (self.openai_model if self.openai_base_url else "gpt-4o")

    @property
    def fallback_provider(self) -> tuple[SecretStr | None, AnyHttpUrl | None]:
        """Key and address of the fallback model; a key never goes to another address than its own."""
        if self.openai_fallback_base_url:
            return self.openai_fallback_api_key, self.openai_fallback_base_url
        return self.openai_api_key, self.openai_base_url


def read_settings(**overrides: object) -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: a value is missing or out of range; the message names the variable, never its value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the overrides like the environment
    except ValidationError as error:
        raise ConfigurationError("; ".join(fault_of(fault) for fault in error.errors(include_input=False))) from None
    except (OSError, UnicodeError, SettingsError):
        raise ConfigurationError(".env cannot be read: it is a text file in UTF-8 that this user may read.") from None


def refuse_former_names(*sources: PydanticBaseSettingsSource) -> None:
    """
    Raises:
        ConfigurationError: the environment or `.env` sets a former name.
    """
    used = {name for source in sources if isinstance(source, EnvSettingsSource) for name in source.env_vars}
    renamed = [
        f"{name.upper()} is now called {FORMER_NAMES[name].upper()}" for name in sorted(used & FORMER_NAMES.keys())
    ]
    if renamed:
        raise ConfigurationError(f"{', '.join(renamed)}: rename {'it' if len(renamed) == 1 else 'them'}.")


def fault_of(fault: Mapping[str, Any]) -> str:
    """What is wrong with which variable."""
    message = fault["msg"].removeprefix("Value error, ")
    return f"{fault['loc'][0].upper()}: {message}" if fault["loc"] else message
