"""Chat models, embedders and the token counter that the settings choose."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import AnyHttpUrl, SecretStr

from graph.adapters.embeddings.local import LocalEmbedder
from graph.adapters.embeddings.openai import PASSAGES_SECONDS, OpenAIEmbedder, openai_embeddings
from graph.adapters.models.fallback import WithFallback
from graph.adapters.models.langchain import MAX_ATTEMPTS, LangChainModel, openai_model
from graph.adapters.models.token_counter import token_counter
from graph.adapters.offline.model import offline_model
from graph.adapters.telemetry.instrumentation import Telemetry
from graph.ports.models import DIMENSIONS, ChatModel, CountTokens, Embedder
from graph.settings import Settings
from tools.catalog import CATALOG


@dataclass(frozen=True, slots=True)
class Models:
    """The models that turns and jobs use."""

    chat: ChatModel
    embedder: Embedder
    count_tokens: CountTokens


async def build_models(settings: Settings, telemetry: Telemetry, stack: AsyncExitStack) -> Models:
    """Build all models; `stack` closes their connections.

    Raises:
        ConfigurationError: the provider's embedder returns unusable vectors.
    """
    chat = build_chat_model(settings, telemetry, stack)
    embedder, count_tokens = await asyncio.to_thread(load_local_files, settings, telemetry)
    if isinstance(embedder, OpenAIEmbedder):
        await embedder.verify_configuration()
    return Models(chat, embedder, count_tokens)


def load_local_files(settings: Settings, telemetry: Telemetry) -> tuple[Embedder, CountTokens]:
    """Load the embedder and the tokenizer from disk. It blocks for a moment."""
    embedder = build_embedder(settings, partial(telemetry.providers.report, "embeddings"))
    return embedder, build_token_counter(settings)


def build_chat_model(
    settings: Settings, telemetry: Telemetry | None = None, stack: AsyncExitStack | None = None
) -> ChatModel:
    """Build the provider's models, with the fallback if one is configured; without a provider the offline model.

    Args:
        settings: choose the models.
        telemetry: observes each answer; None for no observation.
        stack: closes the connections; None leaves them open until the process ends.
    """
    builder = ChatModelBuilder(settings, telemetry, stack)
    if not settings.uses_provider:
        return builder.offline()
    chosen = builder.chosen()
    return WithFallback(chosen, builder.fallback()) if settings.openai_model_fallback else chosen


@dataclass(frozen=True, slots=True)
class ChatModelBuilder:
    """Builds chat models with the deadlines of the settings."""

    settings: Settings
    telemetry: Telemetry | None
    stack: AsyncExitStack | None

    def offline(self) -> ChatModel:
        model = offline_model(CATALOG)
        return self._wrap({"small": model, "large": model}, {"small": "offline", "large": "offline"})

    def chosen(self) -> ChatModel:
        settings = self.settings
        names = {"small": settings.openai_model, "large": settings.large_model}
        key, address = settings.openai_api_key, settings.openai_base_url
        return self._wrap({size: self._client(name, key, address) for size, name in names.items()}, names)

    def fallback(self) -> ChatModel:
        """One model for both sizes; it gets one attempt, as the chosen one had its retry."""
        name = self.settings.openai_model_fallback or ""
        client = self._client(name, *self.settings.fallback_provider)
        return self._wrap({"small": client, "large": client}, {"small": name, "large": name}, "fallback", attempts=1)

    def _client(self, name: str, key: SecretStr | None, address: AnyHttpUrl | None) -> ChatOpenAI:
        base_url = str(address) if address else None
        client = openai_model(name, key=key, base_url=base_url, timeout=self.settings.model_total_seconds)
        if self.stack:
            self.stack.push_async_callback(client.root_async_client.close)
        return client

    def _wrap(
        self,
        models: Mapping[str, BaseChatModel],
        names: Mapping[str, str],
        provider: str = "chosen",
        attempts: int = MAX_ATTEMPTS,
    ) -> ChatModel:
        settings, telemetry = self.settings, self.telemetry
        model = LangChainModel(
            models,
            names,
            first_token=settings.model_first_token_seconds,
            between_tokens=settings.model_stall_seconds,
            total=settings.model_total_seconds,
            attempts=attempts,
            breaker=telemetry.breaker(provider) if telemetry else None,
            report=partial(telemetry.providers.report, provider) if telemetry else None,
        )
        return telemetry.wrap_model(model) if telemetry else model


def build_embedder(settings: Settings, report: Callable[[str | None], None] = lambda fault: None) -> Embedder:
    """Build the embedder that `EMBEDDINGS` names.

    Args:
        settings: choose the embedder.
        report: called with a fault of the provider that only an operator can mend, and with None when it has passed.
    """
    if settings.embeddings == "local":
        return build_local_embedder(settings)
    client = openai_embeddings(
        settings.openai_embedding_model,
        width=DIMENSIONS,
        key=settings.openai_api_key,
        base_url=str(settings.openai_base_url) if settings.openai_base_url else None,
        timeout=PASSAGES_SECONDS,
    )
    return OpenAIEmbedder(client, report)


def build_local_embedder(settings: Settings) -> LocalEmbedder:
    return LocalEmbedder(settings.data_dir / "embedder")


def build_token_counter(settings: Settings) -> CountTokens:
    return token_counter(settings.data_dir / "tiktoken")
