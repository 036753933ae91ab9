"""Waits for a configured database, and names the wrong setting if the database refuses the connection.

libpq's messages quote parts of the address, so they are not shown.
"""

import asyncio
import re
import time
from collections.abc import Callable

import psycopg

from graph.errors import ConfigurationError

WAIT_SECONDS = 30.0
"""How long a database may take to start beside the service, as in a compose file."""
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
"""Messages of servers and of libpq that waiting does not resolve, and the advice for each."""


async def await_database(address: str, name: str, report: Callable[[str], None], seconds: float = WAIT_SECONDS) -> None:
    """Return when the database accepts connections.

    Args:
        address: the address of the database.
        name: the setting that holds the address.
        report: called with one line if the database is not up yet.
        seconds: how long to wait.

    Raises:
        ConfigurationError: the database refuses the connection, or was not up in that time.
    """
    deadline = time.monotonic() + seconds
    waiting = False
    while (reason := await connection_error(address)) is not None:
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


async def connection_error(address: str) -> str | None:
    """The message of a failed connection; None if the connection succeeds."""
    try:
        connection = await psycopg.AsyncConnection.connect(address, connect_timeout=CONNECT_SECONDS)
    except psycopg.Error as error:
        return str(error)
    await connection.close()
    return None
