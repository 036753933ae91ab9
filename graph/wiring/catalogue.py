"""The employees, tools and tool queries that a process serves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from employees.roster import Roster, read_roster
from graph.adapters.mcp.servers import equipped, join, read_servers
from graph.settings import Settings
from graph.tool import Tool
from tools.catalog import CATALOG

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class House:
    """Who works here and with what: the files that make one runtime another."""

    employees: Path = ROOT / "employees"
    tools: Sequence[Tool] = tuple(CATALOG)
    queries: Sequence[Path] = (ROOT / "tools" / "sql",)
    """Folders of the tools' queries."""
    lent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Tools that employees may use beside those of their files, by slug."""
    unreachable: Sequence[str] = ()
    """MCP servers whose tools are missing."""
    left_out: Sequence[str] = ()
    """Tools of MCP servers that no model can be told, and why."""

    def tools_by_name(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}


OUR_HOUSE = House()


async def with_servers(house: House, settings: Settings) -> House:
    """The house with the tools of the MCP servers that are configured and answer.

    Raises:
        ConfigurationError: their file is not right.
    """
    if not settings.mcp_servers:
        return house
    servers = await asyncio.to_thread(read_servers, settings.mcp_servers)
    joined = await join(servers, [tool.name for tool in house.tools])
    return replace(
        house,
        tools=(*house.tools, *joined.tools),
        lent=joined.lent,
        unreachable=joined.unreachable,
        left_out=joined.left_out,
    )


def roster_of(house: House) -> Roster:
    """Raises: ConfigurationError."""
    return equipped(read_roster(house.employees, house.tools_by_name()), house.lent)


def now() -> datetime:
    return datetime.now(UTC)
