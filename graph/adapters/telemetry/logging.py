"""Structured logs: one line of JSON an event, on standard error, without anything that a user typed.

Our own lines name ids, codes and counts. Of foreign exceptions only the type and the place are written, and of a library's
line the place and the words without what is put into them: their messages may quote values. Libraries say nothing below a
warning, at any LOG_LEVEL: at `debug` they write what they send.
"""

import logging
import sys
import warnings
from typing import Any, TextIO

import structlog

from graph.errors import safe_summary

OURS = ("graph", "nodes", "tools", "employees", "migrations", "server")
"""Packages whose lines LOG_LEVEL lets through."""

log = structlog.get_logger(__name__)


def configure_logs(level: str) -> None:
    """Send every line, ours and the libraries', through one formatter."""
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
    """Replace a library's message by the place that wrote it, and by its words where they are apart from what they quote."""
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
    """Log where Python warns of something; the words of a warning may quote a value."""
    log.warning("python_warning", category=category.__name__, place=f"{filename.rsplit('/', 1)[-1]}:{lineno}")
