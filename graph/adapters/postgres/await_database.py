"""Waits for a database that an operator runs, and says which setting is wrong if it lets nobody in.

libpq's messages quote parts of the address, so none of them is passed on.
"""

import asyncio
import re
import time
from collections.abc import Callable

import psycopg

from graph.errors import ConfigurationError

WAIT_SECONDS = 30.0
"""How long a database may take to come up beside the service, as in a compose file."""
PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 2

REFUSALS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (
            r"authentication failed|no password supplied|not permitted to log in|role .* does not exist|Tenant or user",
            "The database refuses the user or the password of {name}: correct them there, or give the role that password "
            "(`alter role … login password '…'`).",
        ),
        (
            r"database .* does not exist",
            "{name} names a database that its server does not have: create it, or correct the name.",
        ),
        (r"pg_hba\.conf", "The database lets the role of {name} not in from this machine (pg_hba.conf, or sslmode)."),
        (r"SSL|certificate|channel binding", "The database and {name} do not agree on encryption: see its sslmode."),
        (
            r"invalid .* value|invalid .* option|unrecognized configuration|service .* not found",
            "{name} has an option that is not valid.",
        ),
    )
)
"""What a server, or libpq itself, says that no waiting mends."""


async def await_database(address: str, name: str, report: Callable[[str], None], seconds: float = WAIT_SECONDS) -> None:
    """Return when the database lets its role in.

    Args:
        address: where it is.
        name: the setting that says so.
        report: takes a line if there is something to wait for.
        seconds: how long to wait.

    Raises:
        ConfigurationError: it refuses the role, or was not there in that time.
    """
    deadline = time.monotonic() + seconds
    waiting = False
    while (reason := await failure_of(address)) is not None:
        for pattern, advice in REFUSALS:
            if pattern.search(reason):
                raise ConfigurationError(advice.format(name=name))
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"The database of {name} was not there within {seconds:g} s: start it, or correct host and port."
            )
        if not waiting:
            report(f"waiting for the database of {name}, for {seconds:g} s at most")
            waiting = True
        await asyncio.sleep(PAUSE_SECONDS)


async def failure_of(address: str) -> str | None:
    """Why no connection comes about; None if one does."""
    try:
        connection = await psycopg.AsyncConnection.connect(address, connect_timeout=CONNECT_SECONDS)
    except psycopg.Error as error:
        return str(error)
    await connection.close()
    return None
