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
from graph.wiring.infrastructure import Infrastructure


def build_run_store(infra: Infrastructure) -> PostgresRunStore:
    settings = infra.settings
    return PostgresRunStore(
        infra.database,
        infra.sealer,
        infra.memory,
        default_employee=default_employee(infra.roster, settings),
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


async def build_ports(infra: Infrastructure, approvals: Approvals) -> Ports:
    """What the steps of a turn need, in the service and in LangGraph Studio.

    Args:
        shared: what the service and Studio stand on.
        approvals: where users decide; the stored ones need an accepted run, which Studio has not.
    """
    tools = {name: infra.observer.around_tool(tool) for name, tool in infra.catalogue.tools_by_name().items()}
    return Ports(
        redactor=infra.redactor,
        memory=infra.memory,
        retriever=infra.retriever,
        model=infra.model,
        approvals=approvals,
        toolbox=await asyncio.to_thread(
            PostgresToolbox,
            infra.database,
            tools,
            infra.catalogue.queries,
            infra.sealer,
            infra.checkpoints.commit,
            PostgresFiles(infra.database, infra.sealer).of,
            partial(OwnedKnowledge, infra.redactor, infra.retriever),
        ),
        transcript=PostgresTranscript(infra.database, infra.count),
        summaries=QueuedSummaries(infra.database, infra.queue),
        roster=infra.roster,
        wording=read_wording(),
        prices=read_prices(),
        count=infra.count,
        clock=infra.catalogue.clock,
        budget=infra.settings.default_token_budget,
    )
