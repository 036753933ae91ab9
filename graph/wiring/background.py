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
from graph.wiring.catalogue import ROOT, roster_of
from graph.wiring.infrastructure import Foundations
from graph.wiring.turn_ports import store_of


def register_summaries(shared: Foundations) -> None:
    prompt = (ROOT / "graph" / "prompts" / "summary.md").read_text("utf-8")
    register(shared.queue, Summarizer(shared.database, shared.model, shared.notes, shared.count, prompt))


def register_retention(shared: Foundations) -> None:
    files = PostgresFiles(shared.database, shared.sealer)
    retention.register(shared.queue, store_of(shared), shared.settings.run_log_days, files)


@asynccontextmanager
async def working(queue: procrastinate.App) -> AsyncIterator[None]:
    """Work off the queue while the service runs."""
    worker = asyncio.create_task(work(queue), name="jobs")
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@asynccontextmanager
async def taking_up_changes(shared: Foundations) -> AsyncIterator[None]:
    """Take up changed files of employees while the service runs."""
    read, use = partial(roster_of, shared.house), partial(take_up, shared)
    watcher = asyncio.create_task(watch(shared.house.employees, shared.roster, read, use), name="employees")
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def take_up(shared: Foundations, newer: Roster) -> None:
    """Make the database and the redactor know newer employees.

    Raises:
        UnknownEmployee: whom everybody meets first is not among them.
    """
    newer.find(shared.settings.default_employee_slug)
    await project(shared.database, newer, shared.house.tools)
    shared.redactor.keep = frozenset(employee.name for employee in newer.all())
