"""What the routes use, made once when the process starts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from employees.ranking import Router
from employees.roster import Roster
from graph.ports.approvals import ApprovalDecisions
from graph.ports.auth import PublicKeys, TokenVerifier
from graph.ports.redaction import Redactor
from graph.ports.runs import RunIntake
from graph.ports.storage import Facts, Sessions, StoredFiles
from graph.ports.telemetry import MetricsPage
from graph.runs.manager import RunManager
from graph.tool import Tool


@dataclass(frozen=True, slots=True)
class Service:
    """The parts behind the routes."""

    runs: RunManager
    store: RunIntake
    sessions: Sessions
    facts: Facts
    files: StoredFiles
    approvals: ApprovalDecisions
    tools: Mapping[str, Tool]
    roster: Roster
    router: Router
    redactor: Redactor
    verifier: TokenVerifier
    issuer: PublicKeys | None
    """The local issuer of the embedded default; None where Supabase issues the tokens."""
    ready: Callable[[], Awaitable[dict[str, bool]]]
    """Each part that must work before requests are sent here, and whether it does."""
    unreachable: Sequence[str]
    """MCP servers whose tools are missing; requests may be sent here all the same."""
    left_out: Sequence[str]
    """Tools of MCP servers that no model can be told, and why."""
    provider_faults: Callable[[], Mapping[str, str]]
    """Providers of models that do not serve until an operator mends it, with what is wrong."""
    metrics: MetricsPage
    metrics_token: SecretStr | None
    """What whoever asks for the metrics must send; None if anybody may."""
    max_message_chars: int


async def get_service(request: Request) -> Service:
    """The parts; a dependency that is no coroutine would be called in a thread."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]
