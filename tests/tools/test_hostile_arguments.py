"""What a hijacked model could write into arguments: SQL is a word like any other, paths and templates are refused, and whatever
it is, no tool opens a file or a connection because of it.
"""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from pydantic import ValidationError

from graph.tool import Tool, ToolContext
from tests.support.fakes.seed_every_table import furnished
from tests.support.ledgers import TODAY, RolledBackRows
from tests.support.tool_arguments import calls_with, outcome_text, without_value
from tools.catalog import CATALOG

SQL = (
    "' or '1'='1",
    "'; drop table transactions; --",
    '" or ""="',
    "x' union select * from auth.users --",
    "1) or 1=1 --",
    "%%%",
    "___",
    "zq\\zq",
    "%' or true --",
    "$1",
    "%(user_id)s",
    ":owner",
    "'||pg_sleep(5)||'",
    "E'\\x27'",
    "; copy (select 1) to program 'true'",
)
CODE = (
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\Windows",
    "file:///etc/passwd",
    "{0.__class__.__init__.__globals__}",
    "{self.key}",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "%s%s%s%n",
    "__proto__",
)
ADDRESS = "http://169.254.169.254/latest/meta-data"


@pytest.fixture(scope="module")
def somebody(admin_url: str) -> Iterator[str]:
    """A user with a row in every table."""
    user = str(uuid.uuid4())
    with furnished(admin_url, user):
        yield user


@pytest.fixture
def rows(connection: psycopg.AsyncConnection[DictRow], somebody: str) -> RolledBackRows:
    return RolledBackRows(connection, somebody)


def takes(tool: Tool) -> list[dict[str, Any]]:
    """The tool's calls with a word in each place that takes one."""
    return list(calls_with(tool, "word"))


def put(arguments: dict[str, Any], value: str) -> dict[str, Any]:
    return {
        name: [value] if given == ["word"] else value if given == "word" else given for name, given in arguments.items()
    }


OPENED = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system")


@contextmanager
def watching(*words: str) -> Iterator[list[tuple[str, str]]]:
    """What Python is asked to open that holds one of these words."""
    seen: list[tuple[str, str]] = []
    on = True

    def hear(event: str, details: tuple[Any, ...]) -> None:
        if on and event in OPENED and any(word in str(details) for word in words):
            seen.append((event, str(details)))

    sys.addaudithook(hear)
    try:
        yield seen
    finally:
        on = False


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
async def test_sql_in_an_argument_is_a_word_that_matches_nothing(tool: Tool, rows: RolledBackRows) -> None:
    context, different = ToolContext(rows=rows, today=TODAY), []
    for arguments in takes(tool):
        plain = await outcome_text(tool, put(arguments, "qqzzword"), context, "qqzzword")
        for value in SQL:
            answer = await outcome_text(tool, put(arguments, value), context, value)
            if shape(answer, value) != shape(plain, "qqzzword"):
                different.append((arguments, value, answer, plain))
    assert different == []


def shape(answer: str, value: str) -> str:
    """An answer without the value, as it stands in JSON."""
    return without_value(answer, value.replace("\\", "\\\\").replace('"', '\\"'))


@pytest.mark.parametrize("tool", [tool for tool in CATALOG if takes(tool)], ids=lambda tool: tool.name)
def test_a_path_or_a_template_is_refused(tool: Tool) -> None:
    for arguments in takes(tool):
        for value in CODE:
            with pytest.raises(ValidationError):
                tool.arguments.model_validate(put(arguments, value))


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
async def test_no_tool_opens_what_a_model_wrote(tool: Tool, rows: RolledBackRows) -> None:
    context = ToolContext(rows=rows, today=TODAY)
    with watching("169.254.169.254", "meta-data") as seen:
        for arguments in takes(tool):
            await outcome_text(tool, put(arguments, ADDRESS), context, ADDRESS)
    assert seen == []


@pytest.mark.parametrize(
    "text",
    [
        "50% off at Ana's",
        "w/ Ben and/or Cleo",
        "Dinner (2/3)",
        "a.b/c",
        "{see note}",
        "https://example.com/a",
        "3 $ tip",
    ],
)
def test_what_people_write_is_no_code(text: str) -> None:
    [tool] = [tool for tool in CATALOG if tool.name == "set_reminder"]
    assert tool.arguments.model_validate({"text": text, "date": TODAY.isoformat()})
