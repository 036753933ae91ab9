"""Structured logs: one line of JSON an event, on standard error, without anything that a user typed.

Our own lines name ids, codes and counts. Of foreign exceptions only the type and the place are written: their messages may
quote values.
"""

import logging
import sys
from typing import Any

import structlog

from graph.errors import describe

QUIET = (
    "httpx",
    "httpx2",
    "httpcore",
    "openai",
    "presidio-analyzer",
    "procrastinate",
    "psycopg.pool",
    "uvicorn.access",
)
"""Libraries whose informational lines say nothing to an operator; their warnings stay."""


def configure_logs(level: str) -> None:
    """Send every line, ours and the libraries', through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_messages,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def without_messages(logger: object, method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Replace an exception by its type and place."""
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = describe(error)
    line.pop("stack_info", None)
    return line
