"""Reloads the employees' files when they change, without a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from employees.roster import Roster
from graph.errors import ChatError

log = structlog.get_logger(__name__)


async def watch_employees(
    folder: Path, current: Roster, read: Callable[[], Roster], apply: Callable[[Roster], Awaitable[None]]
) -> None:
    """Reload the folder whenever one of its files changes, until cancelled. Invalid files change nothing.

    Args:
        folder: where the files are.
        current: the roster in use; its employees are replaced in one step.
        read: reads all files; called in a thread.
        apply: called before the newer roster takes effect, for example to write it to the database.
    """
    try:
        async for _ in awatch(folder, watch_filter=is_employee, recursive=False):
            await reload(current, read, apply)
    except (OSError, RuntimeError) as error:
        log.warning("employees_not_watched", reason=str(error))


async def reload(current: Roster, read: Callable[[], Roster], apply: Callable[[Roster], Awaitable[None]]) -> None:
    """Replace the roster by the files' content. If a file is invalid, log the file, the field and the reason instead."""
    try:
        newer = await asyncio.to_thread(read)
        await apply(newer)
    except ChatError as error:
        log.error("employees_not_reloaded", **(error.details or {"reason": error.message}))
        return
    changed = sorted({employee.slug for employee in {*current.all()} ^ {*newer.all()}})
    current.replace(newer)
    log.info("employees_reloaded", changed=changed)


def is_employee(_: Change, path: str) -> bool:
    return path.endswith(".md")
