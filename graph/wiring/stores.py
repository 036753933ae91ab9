"""The stores on Postgres."""

from dataclasses import dataclass

from employees.roster import Roster
from graph.adapters.crypto.cipher import VaultCipher
from graph.adapters.postgres.conversation.embedding_store import EmbeddingStore
from graph.adapters.postgres.conversation.facts import PostgresFacts
from graph.adapters.postgres.conversation.memory import PostgresMemory
from graph.adapters.postgres.conversation.retriever import PostgresRetriever
from graph.adapters.postgres.conversation.sessions import PostgresSessions
from graph.adapters.postgres.conversation.transcript import PostgresTranscript
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.privacy.profiles import PostgresProfiles
from graph.adapters.postgres.privacy.vault import PostgresVault
from graph.adapters.postgres.runs.approvals import PostgresApprovals
from graph.adapters.postgres.runs.buffered_checkpointer import PostgresCheckpoints
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.runs.fault_injection import FailPoint
from graph.settings import Settings
from graph.wiring.catalogue import default_employee
from graph.wiring.models import Models


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is stored, each kind of it behind its own store."""

    approvals: PostgresApprovals
    checkpoints: PostgresCheckpoints
    embeddings: EmbeddingStore
    facts: PostgresFacts
    files: PostgresFiles
    memory: PostgresMemory
    profiles: PostgresProfiles
    retriever: PostgresRetriever
    runs: PostgresRunStore
    sessions: PostgresSessions
    transcript: PostgresTranscript


def build_stores(
    settings: Settings, database: Database, cipher: VaultCipher, models: Models, roster: Roster, failpoint: FailPoint
) -> Stores:
    """Build all stores on one database.

    Raises:
        ConfigurationError: no employee has the slug `DEFAULT_EMPLOYEE_SLUG`.
    """
    memory = PostgresMemory(database, models.embedder.model)
    return Stores(
        approvals=PostgresApprovals(database, cipher, seconds=60 * settings.approval_ttl_minutes),
        checkpoints=PostgresCheckpoints(database, settings.checkpoint_turns, failpoint.trigger_at),
        embeddings=EmbeddingStore(database, models.embedder, models.count_tokens),
        facts=PostgresFacts(database),
        files=PostgresFiles(database, cipher),
        memory=memory,
        profiles=PostgresProfiles(database, PostgresVault(database, cipher)),
        retriever=PostgresRetriever(database, models.embedder),
        runs=PostgresRunStore(
            database,
            cipher,
            memory if settings.prefetch else None,
            default_employee=default_employee(roster, settings),
            turns_per_minute=settings.rate_limit_per_minute,
            daily_tokens=settings.daily_token_budget,
            lease_seconds=settings.lease_seconds,
        ),
        sessions=PostgresSessions(database),
        transcript=PostgresTranscript(database, models.count_tokens),
    )
