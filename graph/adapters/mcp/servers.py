"""Adds the tools of MCP servers to the catalogue. The operator's file lists the servers and the employees that may use them.

Each call has a session of its own, so a server can restart at any time. Results are untrusted text: they are masked, and
nothing in them is fetched.
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
from graph.adapters.mcp.calls import ListedTool, McpTool, list_all_tools
from graph.adapters.mcp.schemas import UnsupportedSchema
from graph.errors import ConfigurationError, UnknownEmployee, safe_summary
from graph.tool import Risk, Tool
from graph.validation import validation_messages

log = structlog.get_logger(__name__)

INVALID_NAME_CHARS = re.compile(r"[^A-Za-z0-9_-]")
MAX_NAME_CHARS = 64
"""Maximum length of a tool's name that model providers accept."""
MAX_TOOLS = 64
"""Maximum tools of one server."""
DISCARD_STDERR = ("sh", "-c", 'exec "$0" "$@" 2>/dev/null')
"""A server's standard error may repeat arguments of calls, so it is discarded instead of logged."""


class McpServer(BaseModel):
    """One server of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """Its name in the log and at /ready."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Program and arguments of a server with the stdio transport."""
    env: dict[str, str] = Field(default_factory=dict)
    """Its environment; `${NAME}` in a value is replaced by that variable of this process."""
    url: AnyHttpUrl | None = None
    """Address of a server with the HTTP transport."""
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,30}$")] = ""
    """Prefix of its tools' names, against collisions."""
    risk: Risk = "outbound"
    """Risk of its tools: an outbound call needs the user's approval."""
    tools: dict[str, Risk] = Field(default_factory=dict)
    """Risk of single tools, by the server's own names."""
    timeout: Annotated[float, Field(gt=0, le=120)] = 10.0
    """Seconds for a call, and for listing the tools at the start."""
    employees: tuple[str, ...] = ()
    """Slugs of the employees that may use its tools."""

    @model_validator(mode="after")
    def require_one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("a server has either a command or a url")
        return self

    def connection(self) -> dict[str, Any]:
        """The connection in the form of langchain-mcp-adapters."""
        if self.command:
            program, *arguments = DISCARD_STDERR
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
class McpTools:
    """The tools of all servers."""

    tools: Sequence[Tool] = ()
    extra_tools: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of tools by the slug of the employee that may use them."""
    unreachable_servers: Sequence[str] = ()
    """Names of servers that did not answer."""
    rejected_tools: Sequence[str] = ()
    """Tools that cannot be offered to a model, each with its server and the reason."""


def read_servers(file: Path) -> Sequence[McpServer]:
    """Read the servers from a YAML file.

    Raises:
        ConfigurationError: the file is unreadable, or a field is invalid; the message quotes no value.
    """
    try:
        return McpFile.model_validate(yaml.safe_load(file.read_text("utf-8"))).servers
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"MCP_SERVERS: {file} cannot be read as YAML.") from error
    except ValidationError as error:
        raise ConfigurationError(f"MCP_SERVERS: {'; '.join(validation_messages(error, 'file'))}") from None


async def connect(servers: Sequence[McpServer], taken: Sequence[str] = ()) -> McpTools:
    """List the tools of all servers. Unreachable servers and unsupported tools are skipped and logged.

    Args:
        servers: the servers of the file.
        taken: names of tools that the catalogue already has.
    """
    lists = await asyncio.gather(*(list_tools(server) for server in servers))
    names, tools = set(taken), list[Tool]()
    extra_tools: dict[str, Sequence[str]] = {}
    rejected_tools: list[str] = []
    for server, listed_tools in zip(servers, lists, strict=True):
        admitted: list[Tool] = []
        breaker = CircuitBreaker()
        for listed_tool in listed_tools or ():
            try:
                tool = build_tool(server, listed_tool, breaker, names)
            except UnsupportedSchema as reason:
                rejected_tools.append(f"{server.name}: {safe_name(listed_tool)} ({reason})")
                log.warning("mcp_tool_rejected", server=server.name, tool=safe_name(listed_tool), reason=str(reason))
                continue
            names.add(tool.name)
            admitted.append(tool)
        tools += admitted
        for slug in server.employees:
            extra_tools[slug] = [*extra_tools.get(slug, ()), *(tool.name for tool in admitted)]
    unreachable_servers = [
        server.name for server, listed_tools in zip(servers, lists, strict=True) if listed_tools is None
    ]
    return McpTools(tools, extra_tools, unreachable_servers, rejected_tools)


async def list_tools(server: McpServer) -> Sequence[ListedTool] | None:
    """The tools of a server; None if it is unreachable."""
    try:
        listed_tools = await list_all_tools(server.connection(), server.timeout)
    except Exception as error:  # noqa: BLE001 - an unreachable server must not stop the start
        log.warning("mcp_unreachable", server=server.name, reason=safe_summary(error))
        return None
    log.info("mcp_connected", server=server.name, tools=len(listed_tools))
    if len(listed_tools) > MAX_TOOLS:
        log.warning("mcp_too_many_tools", server=server.name, tools=len(listed_tools), taken=MAX_TOOLS)
    return listed_tools[:MAX_TOOLS]


def build_tool(server: McpServer, listed_tool: ListedTool, breaker: CircuitBreaker, taken: Set[str]) -> Tool:
    """The tool for the catalogue.

    Raises:
        UnsupportedSchema: its name or its schema cannot be sent to a model.
    """
    if not isinstance(listed_tool.name, str) or not listed_tool.name:
        raise UnsupportedSchema("it has no name")
    name = server.prefix + safe_name(listed_tool)
    if name in taken or len(name) > MAX_NAME_CHARS:
        raise UnsupportedSchema("its name is taken, or too long")
    risk = server.tools.get(listed_tool.name, server.risk)
    return McpTool(server.name, server.connection(), server.timeout, listed_tool.name, risk, breaker).as_tool(
        name, listed_tool
    )


def safe_name(listed_tool: ListedTool) -> str:
    """The tool's name with characters that model providers accept."""
    return (
        INVALID_NAME_CHARS.sub("_", listed_tool.name if isinstance(listed_tool.name, str) else "")[:MAX_NAME_CHARS]
        or "(no name)"
    )


def with_extra_tools(roster: Roster, extra_tools: Mapping[str, Sequence[str]]) -> Roster:
    """The roster with the servers' tools added to their employees.

    Raises:
        ConfigurationError: an employee does not exist.
    """
    by_slug: dict[str, Employee] = {employee.slug: employee for employee in roster.all()}
    for name, tools in extra_tools.items():
        try:
            employee = by_slug[roster.find(name).slug]
        except UnknownEmployee:
            raise ConfigurationError(f"MCP_SERVERS: employees: there is no '{name}'.") from None
        by_slug[employee.slug] = employee.model_copy(update={"tools": (*employee.tools, *tools)})
    return Roster(by_slug.values())
