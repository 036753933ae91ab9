"""Tools of MCP servers, as entries of the catalogue. The servers, and who may use their tools, stand in a file of the operator.

A session is opened for each call, so a server may be restarted at any time. What a server returns is data that somebody else
wrote: all of it is masked, and nothing in it is fetched.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self

import structlog
import yaml
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, ValidationError, model_validator

from employees.roster import Employee, Roster
from graph.adapters.base.circuit_breaker import CircuitBreaker
from graph.adapters.mcp.calls import Offer, Remote, list_offers
from graph.adapters.mcp.schemas import OddSchema
from graph.errors import ConfigurationError, UnknownEmployee, safe_summary
from graph.tool import Risk, Tool
from graph.validation import validation_messages

log = structlog.get_logger(__name__)

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
MAX_NAME_CHARS = 64
"""Of the name of a tool, as providers of models take it."""
MAX_TOOLS = 64
"""Of one server."""
SILENT = ("sh", "-c", 'exec "$0" "$@" 2>/dev/null')
"""What a server writes to its error stream may repeat what it was asked, so it does not come into our log."""


class McpServer(BaseModel):
    """One server of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """Under which it is named in the log and at /ready."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Program and arguments of a server that speaks over its standard input and output."""
    env: dict[str, str] = Field(default_factory=dict)
    """Its environment; `${NAME}` in a value stands for that variable of ours."""
    url: AnyHttpUrl | None = None
    """Address of a server that speaks over HTTP."""
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,30}$")] = ""
    """What comes before the names of its tools, so that they collide with no others."""
    risk: Risk = "outbound"
    """Of its tools: an outbound call is made after the user has approved its arguments."""
    tools: dict[str, Risk] = Field(default_factory=dict)
    """Risk of single tools, by the server's own names."""
    timeout: Annotated[float, Field(gt=0, le=120)] = 10.0
    """Seconds for a call, and for the list of tools at the start."""
    employees: tuple[str, ...] = ()
    """Slugs of those who may use its tools."""

    @model_validator(mode="after")
    def require_one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("a server has either a command or a url")
        return self

    def connection(self) -> dict[str, Any]:
        """As langchain-mcp-adapters takes it."""
        if self.command:
            program, *arguments = SILENT
            return {
                "transport": "stdio",
                "command": program,
                "args": [*arguments, *self.command],
                "env": self.env or None,
            }
        return {
            "transport": "streamable_http",
            "url": str(self.url),
            "headers": self.headers or None,
            "timeout": self.timeout,
            "sse_read_timeout": self.timeout,
        }


class McpFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    servers: tuple[McpServer, ...]

    @model_validator(mode="after")
    def require_different_names(self) -> Self:
        if len({server.name for server in self.servers}) < len(self.servers):
            raise ValueError("two servers have one name")
        return self


@dataclass(frozen=True, slots=True)
class Joined:
    """What the servers bring."""

    tools: Sequence[Tool] = ()
    lent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of tools by the slug of the employee who may use them."""
    unreachable: Sequence[str] = ()
    """Names of servers whose tools are missing."""
    left_out: Sequence[str] = ()
    """Tools that no model can be told, each with its server and the reason."""


def read_servers(file: Path) -> Sequence[McpServer]:
    """The servers of a YAML file.

    Raises:
        ConfigurationError: it cannot be read, or a field of it is not right; never with a value of it.
    """
    try:
        return McpFile.model_validate(yaml.safe_load(file.read_text("utf-8"))).servers
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"MCP_SERVERS: {file} cannot be read as YAML.") from error
    except ValidationError as error:
        raise ConfigurationError(f"MCP_SERVERS: {'; '.join(validation_messages(error, 'file'))}") from None


async def join(servers: Sequence[McpServer], taken: Sequence[str] = ()) -> Joined:
    """Ask all servers for their tools. A server that does not answer, and a tool that no model can be told, are left out, and
    named in the log.

    Args:
        servers: of the file.
        taken: names of tools that are in the catalogue already.
    """
    lists = await asyncio.gather(*(list_tools(server) for server in servers))
    names, tools = set(taken), list[Tool]()
    lent: dict[str, Sequence[str]] = {}
    left_out: list[str] = []
    for server, offers in zip(servers, lists, strict=True):
        admitted: list[Tool] = []
        breaker = CircuitBreaker()
        for offer in offers or ():
            try:
                tool = tool_of(server, offer, breaker, names)
            except OddSchema as reason:
                left_out.append(f"{server.name}: {named(offer)} ({reason})")
                log.warning("mcp_tool_rejected", server=server.name, tool=named(offer), reason=str(reason))
                continue
            names.add(tool.name)
            admitted.append(tool)
        tools += admitted
        for slug in server.employees:
            lent[slug] = [*lent.get(slug, ()), *(tool.name for tool in admitted)]
    unreachable = [server.name for server, offers in zip(servers, lists, strict=True) if offers is None]
    return Joined(tools, lent, unreachable, left_out)


async def list_tools(server: McpServer) -> Sequence[Offer] | None:
    """What a server offers; None if it cannot be reached."""
    try:
        offers = await list_offers(server.connection(), server.timeout)
    except Exception as error:  # noqa: BLE001 - an unreachable server must not stop the start
        log.warning("mcp_unreachable", server=server.name, reason=safe_summary(error))
        return None
    log.info("mcp_connected", server=server.name, tools=len(offers))
    if len(offers) > MAX_TOOLS:
        log.warning("mcp_too_many_tools", server=server.name, tools=len(offers), taken=MAX_TOOLS)
    return offers[:MAX_TOOLS]


def tool_of(server: McpServer, offer: Offer, breaker: CircuitBreaker, taken: Set[str]) -> Tool:
    """The tool for the catalogue.

    Raises:
        OddSchema: no model can be told it.
    """
    if not isinstance(offer.name, str) or not offer.name:
        raise OddSchema("it has no name")
    name = server.prefix + named(offer)
    if name in taken or len(name) > MAX_NAME_CHARS:
        raise OddSchema("its name is taken, or too long")
    risk = server.tools.get(offer.name, server.risk)
    return Remote(server.name, server.connection(), server.timeout, offer.name, risk, breaker).as_tool(name, offer)


def named(offer: Offer) -> str:
    """The name of a tool with the characters that providers of models take."""
    return NOT_IN_A_NAME.sub("_", offer.name if isinstance(offer.name, str) else "")[:MAX_NAME_CHARS] or "(no name)"


def equipped(roster: Roster, lent: Mapping[str, Sequence[str]]) -> Roster:
    """The employees, some with tools beside those of their files.

    Raises:
        ConfigurationError: there is no such employee.
    """
    by_slug: dict[str, Employee] = {employee.slug: employee for employee in roster.all()}
    for name, tools in lent.items():
        try:
            employee = by_slug[roster.find(name).slug]
        except UnknownEmployee:
            raise ConfigurationError(f"MCP_SERVERS: employees: there is no '{name}'.") from None
        by_slug[employee.slug] = employee.model_copy(update={"tools": (*employee.tools, *tools)})
    return Roster(by_slug.values())
