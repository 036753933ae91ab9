"""Takes up the employees' files when they change, without a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from employees.roster import Roster
from graph.errors import ChatError

log = structlog.get_logger(__name__)


async def watch(
    folder: Path, current: Roster, read: Callable[[], Roster], take_up: Callable[[Roster], Awaitable[None]]
) -> None:
    """Read the folder whenever one of its files changes, until cancelled; what cannot be used leaves everybody as they were.

    Args:
        folder: where the files are.
        current: the roster that everything holds; it becomes the newer one in one step.
        read: reads all files; called in a thread.
        take_up: what must be done before the newer roster counts, such as writing it to the database.
    """
    try:
        async for _ in awatch(folder, watch_filter=is_employee, recursive=False):
            await reload(current, read, take_up)
    except (OSError, RuntimeError) as error:
        log.warning("employees_not_watched", reason=str(error))


async def reload(current: Roster, read: Callable[[], Roster], take_up: Callable[[Roster], Awaitable[None]]) -> None:
    """Replace the roster by what the files say now, or keep it and log which file is wrong, in which field and why."""
    try:
        newer = await asyncio.to_thread(read)
        await take_up(newer)
    except ChatError as error:
        log.error("employees_not_reloaded", **(error.details or {"reason": error.message}))
        return
    changed = sorted({employee.slug for employee in {*current.all()} ^ {*newer.all()}})
    current.replace(newer)
    log.info("employees_reloaded", changed=changed)


def is_employee(_: Change, path: str) -> bool:
    return path.endswith(".md")
