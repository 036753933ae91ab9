"""The ports of the graph's nodes."""

import asyncio
from functools import partial

from graph.adapters.knowledge import UserKnowledge
from graph.adapters.models.pricing import read_prices
from graph.adapters.postgres.ledger.toolbox import PostgresToolbox
from graph.build import Ports
from graph.jobs.summaries import QueuedSummaries
from graph.ports.approvals import Approvals
from graph.turn.prompt import load_templates
from graph.wiring.infrastructure import Infrastructure


async def build_ports(infra: Infrastructure, approvals: Approvals) -> Ports:
    """Build the ports for the service, or for LangGraph Studio.

    Args:
        infra: holds the adapters.
        approvals: the stored approvals need an accepted run; Studio has none and uses its own.
    """
    tools = {name: infra.telemetry.wrap_tool(tool) for name, tool in infra.catalogue.tools_by_name().items()}
    return Ports(
        redactor=infra.redactor,
        memory=infra.stores.memory,
        retriever=infra.stores.retriever,
        model=infra.models.chat,
        approvals=approvals,
        toolbox=await asyncio.to_thread(
            PostgresToolbox,
            infra.database,
            tools,
            infra.catalogue.queries,
            infra.cipher,
            infra.stores.checkpoints.commit,
            infra.stores.files.of,
            partial(UserKnowledge, infra.redactor, infra.stores.retriever),
        ),
        transcript=infra.stores.transcript,
        summaries=QueuedSummaries(infra.database, infra.queue),
        roster=infra.roster,
        templates=load_templates(),
        prices=read_prices(),
        count_tokens=infra.models.count_tokens,
        clock=infra.catalogue.clock,
        prompt_tokens=infra.settings.default_token_budget,
    )
