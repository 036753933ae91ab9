"""The only reader of the environment and of `.env`.

Settings are read once, validated before anything starts, and never change. Each class is a section of `.env.example`.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from graph.errors import ConfigurationError
from graph.setting_checks import (
    MAX_BIGINT,
    Count,
    DatabaseAddress,
    Days,
    GraceSeconds,
    HeaderPairs,
    HeaderValue,
    JwtSecret,
    LeaseSeconds,
    Minutes,
    Origins,
    PromptTokens,
    Seconds,
    format_fault,
    refuse_former_names,
    without_control_characters,
)


class ServerSettings(BaseModel):
    """Server."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    cors_origins: Origins = Field((), description="Browser origins that may call the API, comma-separated.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error, for this service's log lines; libraries log warnings only."
    )


class DataSettings(BaseModel):
    """Data."""

    data_dir: Path = Field(Path(".data"), description="Directory of the embedded database, the keys and the caches.")
    database_url: DatabaseAddress | None = Field(
        None, description="Address for the server's role, chat_server. Unset: an embedded PostgreSQL is started."
    )
    migration_database_url: DatabaseAddress | None = Field(
        None, description="Address for the role that owns the tables; only `make migrate` uses it."
    )
    database_pool_size: int = Field(
        16, ge=1, le=200, description="Maximum number of database connections that this process opens for requests."
    )
    vault_key: SecretStr | None = Field(
        None,
        description="Key that encrypts personal values: 32 bytes in base64. `DATABASE_URL` needs it; the embedded database "
        "has one generated in `DATA_DIR`.",
    )
    vault_previous_keys: SecretStr | None = Field(
        None, description="Previous keys, comma-separated; used to decrypt only, until `make rotate` is done."
    )


class SignInSettings(BaseModel):
    """Sign-in."""

    supabase_url: AnyHttpUrl | None = Field(
        None,
        description="Supabase project whose users sign in. Unset: a local issuer signs the tokens of `make token`.",
    )
    supabase_jwt_secret: JwtSecret | None = Field(
        None,
        description="The project's JWT secret, at least 32 bytes, if it signs with that (HS256). No other tokens are "
        "accepted then.",
    )
    supabase_issuer: str | None = Field(
        None,
        description="The `iss` of the project's tokens if it is not `SUPABASE_URL/auth/v1`, as behind a custom domain.",
    )


class ProviderSettings(BaseModel):
    """Models."""

    openai_api_key: HeaderValue | None = Field(
        None, description="API key of the provider. Without it and without a base URL the offline model answers."
    )
    openai_base_url: AnyHttpUrl | None = Field(
        None, description="Any OpenAI-compatible server: Ollama, vLLM, llama.cpp …"
    )
    openai_model: str = Field("gpt-4o-mini", description="Model of employees with `model: small`.")
    openai_model_large: str | None = Field(
        None,
        description="Model of employees with `model: large`. Unset: gpt-4o, or `OPENAI_MODEL` where a base URL is set.",
    )
    openai_model_fallback: str | None = Field(
        None, description="Model that answers when the chosen one fails before its first token, after one retry."
    )
    openai_fallback_base_url: AnyHttpUrl | None = Field(
        None, description="Server of the fallback model. Unset: the server of the other models."
    )
    openai_fallback_api_key: HeaderValue | None = Field(None, description="API key for the fallback's server.")
    embeddings: Literal["local", "openai"] = Field(
        "local", description="local (computed on this machine, English) or openai."
    )
    openai_embedding_model: str = Field(
        "text-embedding-3-small",
        description="Model for `EMBEDDINGS=openai`; its vectors have 384 numbers, or it accepts `dimensions`. The start "
        "tests it.",
    )
    model_first_token_seconds: Seconds = Field(
        30.0, description="Maximum time until the first token of an answer, including one retry."
    )
    model_stall_seconds: Seconds = Field(30.0, description="Maximum pause between two tokens.")
    model_total_seconds: Seconds = Field(180.0, description="Maximum time for a whole answer of a model.")


class ConversationSettings(BaseModel):
    """Conversations."""

    default_employee_slug: str = Field(
        "prime-boss", description="Employee that answers in a new session when the request names none."
    )
    default_token_budget: PromptTokens = Field(
        6000, description="Maximum tokens of a prompt: rules, employee, memory, passages, history and question."
    )
    max_message_chars: int = Field(8000, ge=1, le=100_000, description="Maximum characters of a message.")
    rate_limit_per_minute: Count = Field(20, description="Messages that a user may send in a minute.")
    daily_token_budget: int = Field(
        1_000_000, ge=0, le=MAX_BIGINT, description="Tokens that a user may spend in a day (UTC); 0 means no limit."
    )
    approval_ttl_minutes: Minutes = Field(
        15, description="Minutes until a call that waits for the user's approval expires."
    )
    checkpoint_turns: Count = Field(5, description="Number of turns of a session whose checkpoints are retained.")
    redaction_workers: int = Field(1, ge=1, le=32, description="Number of processes that detect personal values.")
    prefetch: bool = Field(
        True,
        description="Whether masking, memory and search start when a run is accepted, before the steps that need them.",
    )


class RunSettings(BaseModel):
    """Runs."""

    lease_seconds: LeaseSeconds = Field(
        15.0, description="Duration of a process's lease on a run. When it expires, another process takes the run over."
    )
    run_timeout_seconds: Seconds = Field(600.0, description="Maximum duration of a run.")
    max_active_runs: Count = Field(
        256, description="Maximum number of concurrent runs of this process; further messages are refused with 503."
    )
    shutdown_grace_seconds: GraceSeconds = Field(
        10.0, description="Time that active runs have to finish after SIGTERM, before other processes take them over."
    )
    run_log_days: Days = Field(7.0, description="Days for which the stream of a finished run can be resumed.")
    redis_url: SecretStr | None = Field(
        None, description="Redis server for run notifications between processes. Unset: Postgres carries them."
    )
    listen_database_url: DatabaseAddress | None = Field(
        None,
        description="Direct address of the database for run notifications, where `DATABASE_URL` is a transaction pooler's.",
    )


class MonitoringSettings(BaseModel):
    """Monitoring."""

    metrics_token: HeaderValue | None = Field(
        None, description="Bearer token for `/metrics`. Unset: everybody who reaches the port can read the metrics."
    )
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = Field(
        None,
        description="OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`. Unset: no traces.",
    )
    otel_exporter_otlp_headers: HeaderPairs | None = Field(
        None,
        description="Headers for the collector, such as its API key: `name=value,name=value`, values percent-encoded.",
    )
    otel_service_name: str = Field("chat-runtime", description="OpenTelemetry service name.")


class ToolSettings(BaseModel):
    """Tools."""

    mcp_servers: Path | None = Field(
        None, description="YAML file of MCP servers whose tools employees may use; the README has an example."
    )


class TerminalSettings(BaseModel):
    """Chat in the terminal."""

    chat_token: HeaderValue | None = Field(
        None, description="Bearer token for `make chat` with a service elsewhere. Unset: one like that of `make token`."
    )


class DebugSettings(BaseModel):
    """Settings for fault injection and for Studio."""

    failpoint: str | None = Field(
        None,
        description="Where turns fail on purpose: `<step>:<before|after_effect|after_checkpoint>:<kill|hang|raise>`.",
    )
    studio_recording: Path | None = Field(
        None, description="Recorded turn that LangGraph Studio plays; `make studio RECORDING=…` sets it."
    )


class Settings(
    ServerSettings,
    DataSettings,
    SignInSettings,
    ProviderSettings,
    ConversationSettings,
    RunSettings,
    MonitoringSettings,
    ToolSettings,
    TerminalSettings,
    DebugSettings,
    BaseSettings,
):
    """Everything that an operator can set. `make docs` writes `.env.example` and the README's table from it."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore", env_ignore_empty=True
    )

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

    @model_validator(mode="after")
    def check_combinations(self) -> Self:
        if self.database_url and not self.vault_key:
            raise ValueError(
                "DATABASE_URL needs VAULT_KEY: `openssl rand -base64 32` makes one. Back it up: stored values need it."
            )
        if (self.supabase_jwt_secret or self.supabase_issuer) and not self.supabase_url:
            raise ValueError("SUPABASE_JWT_SECRET and SUPABASE_ISSUER need SUPABASE_URL, the project's address")
        if self.vault_previous_keys and not self.vault_key:
            raise ValueError("VAULT_PREVIOUS_KEYS needs VAULT_KEY, the current key")
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
        """Base address of the Supabase project's sign-in service."""
        return f"{str(self.supabase_url).rstrip('/')}/auth/v1"

    @property
    def uses_provider(self) -> bool:
        """Whether a real model answers; otherwise the offline model does."""
        return bool(self.openai_api_key or self.openai_base_url)

    @cached_property
    def large_model(self) -> str:
        """Model for `model: large`. A server behind a base URL may serve one model only, so that one is the default there."""
        return self.openai_model_large or (self.openai_model if self.openai_base_url else "gpt-4o")

    @property
    def fallback_provider(self) -> tuple[SecretStr | None, AnyHttpUrl | None]:
        """Key and address for the fallback model. A key is only sent to its own address."""
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
        raise ConfigurationError(
            "; ".join(format_fault(fault) for fault in error.errors(include_input=False))
        ) from None
    except (OSError, UnicodeError, SettingsError):
        raise ConfigurationError(".env cannot be read: it must be a UTF-8 text file that this user may read.") from None
