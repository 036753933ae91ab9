"""Puts prefetching between a turn's ports and its steps (`PREFETCH`)."""

from collections.abc import Callable
from dataclasses import replace

from graph.adapters.embeddings.local import LocalEmbedder
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.prefetch import (
    PrefetchingEmbedder,
    PrefetchingMemory,
    PrefetchingRedactor,
    PrefetchingRetriever,
    TurnPrefetcher,
)
from graph.build import Ports
from graph.ports.models import Embedder
from graph.ports.runs import Run
from graph.wiring.infrastructure import Infrastructure


def with_prefetching(ports: Ports, infra: Infrastructure) -> tuple[Ports, Callable[[Run, str], None]]:
    """The ports of a turn and what starts their work early; the same ports and a no-op if prefetching is off."""
    if not infra.settings.prefetch:
        return ports, lambda run, text: None
    embedder = prefetching_embedder(infra.models.embedder)
    retriever = PostgresRetriever(infra.database, embedder or infra.models.embedder)
    prefetcher = TurnPrefetcher(
        PrefetchingRedactor(infra.redactor),
        PrefetchingMemory(infra.stores.memory),
        PrefetchingRetriever(retriever),
        embedder,
        infra.redactor.known.mark_current,
    )
    wrapped = replace(ports, redactor=prefetcher.redactor, memory=prefetcher.memory, retriever=prefetcher.retriever)
    return wrapped, prefetcher.start


def prefetching_embedder(embedder: Embedder) -> PrefetchingEmbedder | None:
    """None for a provider's embedder: it gets masked texts only, so its vectors are not prefetched."""
    return PrefetchingEmbedder(embedder) if isinstance(embedder, LocalEmbedder) else None
