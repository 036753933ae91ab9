"""The ports of a turn."""

import asyncio
from functools import partial

from employees.roster import Roster
from graph.adapters.knowledge import OwnedKnowledge
from graph.adapters.models.pricing import read_prices
from graph.adapters.postgres.conversation.transcript import PostgresTranscript
from graph.adapters.postgres.ledger.toolbox import PostgresToolbox
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.adapters.postgres.runs.run_store import PostgresRunStore
from graph.build import Ports
from graph.errors import ConfigurationError, UnknownEmployee
from graph.jobs.summaries import QueuedSummaries
from graph.ports.approvals import Approvals
from graph.settings import Settings
from graph.turn.prompt import read_wording
from graph.wiring.catalogue import now
from graph.wiring.infrastructure import Foundations


def store_of(shared: Foundations) -> PostgresRunStore:
    settings = shared.settings
    return PostgresRunStore(
        shared.database,
        shared.sealer,
        shared.memory,
        default_employee=default_employee(shared.roster, settings),
        turns_per_minute=settings.rate_limit_per_minute,
        daily_tokens=settings.daily_token_budget,
        lease_seconds=settings.lease_seconds,
    )


def default_employee(roster: Roster, settings: Settings) -> str:
    """Slug of who answers where nobody is asked for.

    Raises:
        ConfigurationError: there is no such employee.
    """
    try:
        return roster.find(settings.default_employee_slug).slug
    except UnknownEmployee:
        raise ConfigurationError("DEFAULT_EMPLOYEE_SLUG names no employee; docs/employees.md lists them.") from None


async def ports_of(shared: Foundations, approvals: Approvals) -> Ports:
    """What the steps of a turn need, in the service and in LangGraph Studio.

    Args:
        shared: what the service and Studio stand on.
        approvals: where users decide; the stored ones need an accepted run, which Studio has not.
    """
    tools = {name: shared.observer.around_tool(tool) for name, tool in shared.house.tools_by_name().items()}
    return Ports(
        redactor=shared.redactor,
        memory=shared.memory,
        retriever=shared.retriever,
        model=shared.model,
        approvals=approvals,
        toolbox=await asyncio.to_thread(
            PostgresToolbox,
            shared.database,
            tools,
            shared.house.queries,
            shared.sealer,
            shared.checkpoints.commit,
            PostgresFiles(shared.database, shared.sealer).of,
            partial(OwnedKnowledge, shared.redactor, shared.retriever),
        ),
        transcript=PostgresTranscript(shared.database, shared.count),
        summaries=QueuedSummaries(shared.database, shared.queue),
        roster=shared.roster,
        wording=read_wording(),
        prices=read_prices(),
        count=shared.count,
        clock=now,
        budget=shared.settings.default_token_budget,
    )
