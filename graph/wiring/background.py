"""Work beside the requests: the job worker, and the reload of employees' files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import procrastinate

from employees.hot_reload import watch
from employees.roster import Roster
from graph.adapters.postgres.ledger.catalogue_sync import project
from graph.adapters.postgres.privacy.file_store import PostgresFiles
from graph.jobs import retention
from graph.jobs.queue import work
from graph.jobs.summaries import Summarizer, register
from graph.wiring.catalogue import ROOT, build_roster
from graph.wiring.infrastructure import Infrastructure
from graph.wiring.turn_ports import build_run_store


def register_summary_tasks(infra: Infrastructure) -> None:
    prompt = (ROOT / "graph" / "prompts" / "summary.md").read_text("utf-8")
    register(infra.queue, Summarizer(infra.database, infra.model, infra.notes, infra.count, prompt))


def register_retention_tasks(infra: Infrastructure) -> None:
    files = PostgresFiles(infra.database, infra.sealer)
    retention.register(infra.queue, build_run_store(infra), infra.settings.run_log_days, files)


@asynccontextmanager
async def running_worker(queue: procrastinate.App) -> AsyncIterator[None]:
    """Work off the queue while the service runs."""
    worker = asyncio.create_task(work(queue), name="jobs")
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@asynccontextmanager
async def watching_employees(infra: Infrastructure) -> AsyncIterator[None]:
    """Take up changed files of employees while the service runs."""
    read, use = partial(build_roster, infra.catalogue), partial(apply_roster, infra)
    watcher = asyncio.create_task(watch(infra.catalogue.employees, infra.roster, read, use), name="employees")
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def apply_roster(infra: Infrastructure, newer: Roster) -> None:
    """Make the database and the redactor know newer employees.

    Raises:
        UnknownEmployee: whom everybody meets first is not among them.
    """
    newer.find(infra.settings.default_employee_slug)
    await project(infra.database, newer, infra.catalogue.tools)
    infra.redactor.keep = frozenset(employee.name for employee in newer.all())
