"""What is logged at any level is ours, or is a library's warning without what it quotes."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from graph.adapters.telemetry.logging import OURS, configure_logs, log_warning

CARD = "4111 1111 1111 1111"
LIBRARIES = (
    "mcp.client.streamable_http",
    "openai._base_client",
    "httpcore.http11",
    "langchain_core",
    "asyncio",
    "psycopg",
)

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """What was logged at LOG_LEVEL=debug."""
    stream = io.StringIO()
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    configure_logs("debug")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = kept, level
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_says_nothing_below_a_warning_at_the_level_debug(lines: Read, name: str) -> None:
    logging.getLogger(name).debug("Sending client message: %s", CARD)
    logging.getLogger(name).info("HTTP Request: %s", CARD)
    assert lines() == []


def test_our_own_lines_are_logged_at_the_level_debug(lines: Read) -> None:
    structlog.get_logger("graph.anything").debug("looked", count=3)
    [line] = lines()
    assert (line["event"], line["level"], line["count"]) == ("looked", "debug", 3)


def test_a_warning_of_a_library_names_its_place_and_not_what_it_put_into_its_words(lines: Read) -> None:
    logging.getLogger("mcp").warning("Raw result: %s", CARD)
    [line] = lines()
    assert (line["event"], line["logger"], line["level"]) == ("Raw result: %s", "mcp", "warning")
    assert line["place"].startswith("test_logging.py:")


def test_a_warning_of_a_library_whose_words_may_hold_a_value_names_its_place_only(lines: Read) -> None:
    logging.getLogger("mcp").warning(f"Raw result: {CARD}")
    [line] = lines()
    assert CARD not in json.dumps(line)
    assert line["place"].startswith("test_logging.py:")


def test_an_exception_of_a_library_is_logged_by_type_and_place(lines: Read) -> None:
    try:
        raise ValueError(CARD)
    except ValueError:
        logging.getLogger("mcp").exception("Error parsing JSON response")
    [line] = lines()
    assert CARD not in json.dumps(line)
    assert line["exception"].startswith("ValueError at test_logging.py:")


def test_a_warning_of_python_names_its_category_and_place(lines: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", log_warning)
        warnings.warn(f"unexpected input_value={CARD!r}", UserWarning, stacklevel=1)
    [line] = lines()
    assert CARD not in json.dumps(line)
    assert line["category"] == "UserWarning"
