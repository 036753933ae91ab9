"""Structured logs: one JSON line an event on standard error, without any text of a user.

Our own lines have ids, codes and counts. Exceptions are logged by type and place, and a library's line by its place and its
format string without arguments, since both may quote values. Libraries log warnings and errors only, at any LOG_LEVEL: at
`debug` they would log what they send.
"""

import logging
import sys
import warnings
from typing import Any, TextIO

import structlog

from graph.errors import safe_summary

OURS = ("graph", "nodes", "tools", "employees", "migrations", "server")
"""Packages whose level is LOG_LEVEL."""

log = structlog.get_logger(__name__)


def configure_logs(level: str) -> None:
    """Send all lines, ours and the libraries', through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_messages,
    ]
    foreign: list[Any] = [without_quotations, *shared]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=foreign,
            pass_foreign_args=True,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    warnings.showwarning = log_warning


def without_messages(logger: object, method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Replace an exception by its type and place."""
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = safe_summary(error)
    line.pop("stack_info", None)
    return line


def without_quotations(logger: object, method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Replace a library's message by its place, and by its format string if it has arguments."""
    record: logging.LogRecord = line["_record"]
    line["event"] = str(record.msg) if line.pop("positional_args", None) else "library"
    line["place"] = f"{record.filename}:{record.lineno}"
    return line


def log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log the category and place of a Python warning; its message may quote a value."""
    log.warning("python_warning", category=category.__name__, place=f"{filename.rsplit('/', 1)[-1]}:{lineno}")
