"""The service behind the routes, as a dependency of each route."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from employees.ranking import EmployeeRanker
from employees.roster import Roster
from graph.ports.approvals import ApprovalDecisions
from graph.ports.auth import PublicKeys, TokenVerifier
from graph.ports.redaction import Redactor
from graph.ports.runs import RunIntake
from graph.ports.storage import Facts, Profiles, Sessions, StoredFiles
from graph.ports.telemetry import MetricsPage
from graph.runs.manager import RunManager
from graph.tool import Tool


@dataclass(frozen=True, slots=True)
class Health:
    """What readiness reports."""

    readiness: Callable[[], Awaitable[dict[str, bool]]]
    """Returns for each part that a turn needs whether it works now."""
    provider_faults: Callable[[], Mapping[str, str]]
    """Returns the faults, by model provider, that an operator has to mend."""
    unreachable_servers: Sequence[str]
    """MCP servers that could not be reached; their tools are missing."""
    rejected_tools: Sequence[str]
    """Tools of MCP servers that no model can call, each with the reason."""


@dataclass(frozen=True, slots=True)
class Service:
    """The ports and values that the routes use, built once when the process starts."""

    runs: RunManager
    intake: RunIntake
    sessions: Sessions
    profiles: Profiles
    facts: Facts
    files: StoredFiles
    approvals: ApprovalDecisions
    tools: Mapping[str, Tool]
    """By name."""
    roster: Roster
    ranker: EmployeeRanker
    redactor: Redactor
    verifier: TokenVerifier
    local_issuer: PublicKeys | None
    """The issuer of tokens for the embedded database; None where Supabase issues the tokens."""
    health: Health
    metrics: MetricsPage
    metrics_token: SecretStr | None
    """The token that a scraper of the metrics has to send; None if it needs none."""
    max_message_chars: int


async def get_service(request: Request) -> Service:
    """The service of the application. It is a coroutine because FastAPI calls other functions in a thread."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]
