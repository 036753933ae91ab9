"""Background work of the service: the job worker, and the hot reload of the employees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import procrastinate

from employees.hot_reload import watch_employees
from employees.roster import Roster
from graph.adapters.postgres.ledger.catalogue_sync import sync_catalogue
from graph.adapters.postgres.privacy.key_rotation import KeyRotation
from graph.jobs import retention, rotation, summaries
from graph.jobs.queue import run_worker_until_cancelled
from graph.jobs.summaries import Summarizer
from graph.wiring.catalogue import ROOT, build_roster
from graph.wiring.infrastructure import Infrastructure

SUMMARY_PROMPT = ROOT / "graph" / "prompts" / "summary.md"


def register_tasks(infra: Infrastructure) -> None:
    """Register everything that the queue can run."""
    summarizer = Summarizer(
        infra.database,
        infra.models.chat,
        infra.stores.embeddings,
        infra.models.count_tokens,
        SUMMARY_PROMPT.read_text("utf-8"),
    )
    summaries.register_tasks(infra.queue, summarizer)
    retention.register_tasks(infra.queue, infra.stores.runs, infra.settings.run_log_days, infra.stores.files)
    rotation.register_tasks(infra.queue, KeyRotation(infra.database, infra.cipher))


@asynccontextmanager
async def running_worker(queue: procrastinate.App) -> AsyncIterator[None]:
    """Run jobs of the queue for as long as the context is open."""
    worker = asyncio.create_task(run_worker_until_cancelled(queue), name="jobs")
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@asynccontextmanager
async def watching_employees(infra: Infrastructure) -> AsyncIterator[None]:
    """Reload changed employees for as long as the context is open."""
    read, apply = partial(build_roster, infra.catalogue), partial(apply_roster, infra)
    watcher = asyncio.create_task(
        watch_employees(infra.catalogue.employees, infra.roster, read, apply), name="employees"
    )
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def apply_roster(infra: Infrastructure, roster: Roster) -> None:
    """Write a reloaded roster to the database, and exempt its names from masking.

    Raises:
        UnknownEmployee: the default employee is missing.
    """
    roster.find(infra.settings.default_employee_slug)
    await sync_catalogue(infra.database, roster, infra.catalogue.tools)
    infra.redactor.allowed_names = frozenset(employee.name for employee in roster.all())
