"""The employees, tools and tool queries that a process serves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from employees.roster import Roster, read_roster
from graph.adapters.mcp.servers import connect, read_servers, with_extra_tools
from graph.errors import ConfigurationError, UnknownEmployee
from graph.ports.memory import Clock
from graph.settings import Settings
from graph.tool import Tool
from tools.catalog import CATALOG

ROOT = Path(__file__).parents[2]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The employees and tools that a process serves, and its clock. Another deployment may serve others."""

    employees: Path = ROOT / "employees"
    """The folder of the employees' files."""
    tools: Sequence[Tool] = tuple(CATALOG)
    queries: Sequence[Path] = (ROOT / "tools" / "sql",)
    """Folders with the queries of the tools."""
    extra_tools: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of tools that an employee may use in addition to those in its file, by the employee's slug."""
    unreachable_servers: Sequence[str] = ()
    """Names of the MCP servers that did not answer at the start."""
    rejected_tools: Sequence[str] = ()
    """Tools of MCP servers that cannot be offered to a model, each with the reason."""
    clock: Clock = now
    """Tells a turn which day it is; an evaluation sets a fixed one."""

    def tools_by_name(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}


DEFAULT_CATALOGUE = Catalogue()


async def with_mcp_tools(catalogue: Catalogue, settings: Settings) -> Catalogue:
    """Add the tools of the configured MCP servers that answer.

    Raises:
        ConfigurationError: the file `MCP_SERVERS` is invalid.
    """
    if not settings.mcp_servers:
        return catalogue
    servers = await asyncio.to_thread(read_servers, settings.mcp_servers)
    connected = await connect(servers, [tool.name for tool in catalogue.tools])
    return replace(
        catalogue,
        tools=(*catalogue.tools, *connected.tools),
        extra_tools=connected.extra_tools,
        unreachable_servers=connected.unreachable_servers,
        rejected_tools=connected.rejected_tools,
    )


def build_roster(catalogue: Catalogue) -> Roster:
    """Read the employees and add the tools of MCP servers to them.

    Raises:
        ConfigurationError: an employee's file is invalid.
    """
    return with_extra_tools(read_roster(catalogue.employees, catalogue.tools_by_name()), catalogue.extra_tools)


def default_employee(roster: Roster, settings: Settings) -> str:
    """The slug of the employee that answers in a new session when the request names none.

    Raises:
        ConfigurationError: no employee has the slug `DEFAULT_EMPLOYEE_SLUG`.
    """
    try:
        return roster.find(settings.default_employee_slug).slug
    except UnknownEmployee:
        raise ConfigurationError("DEFAULT_EMPLOYEE_SLUG names no employee; docs/employees.md lists them.") from None
