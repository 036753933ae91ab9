"""Liveness, readiness, and the public keys of the local token issuer."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from graph.errors import NotFound
from graph.web.service import ServiceDep

router = APIRouter(tags=["service"])

MAX_LISTED = 20
"""Rejected tools that readiness lists; the others are counted."""

READINESS_RESPONSE: dict[str, Any] = {"model": dict[str, bool | str], "description": "Each part and whether it works."}


@router.get("/auth/v1/.well-known/jwks.json")
async def list_keys(service: ServiceDep) -> dict[str, Any]:
    """The public keys of the local token issuer; 404 where Supabase issues the tokens."""
    if service.local_issuer is None:
        raise NotFound
    return {"keys": await service.local_issuer.keys()}


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> dict[str, str]:
    """Liveness: the process answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={200: READINESS_RESPONSE, 503: READINESS_RESPONSE})
async def ready(service: ServiceDep) -> JSONResponse:
    """Readiness: the state of database, migrations and models; 503 if one of them does not work.

    Four further fields appear where an operator has something to mend. They do not make the service unready. `mcp_unreachable`
    lists MCP servers that could not be reached, `mcp_left_out` tools that no model can call, and `providers` model providers
    that reject the service (a key, an account, a model's name). `sign_in_problem` says why users cannot sign in.
    """
    parts = await service.health.readiness()
    is_ready = all(parts.values())
    faults = [f"{provider}: {fault}" for provider, fault in service.health.provider_faults().items()]
    notes = {
        "sign_in_problem": service.verifier.problem,
        "mcp_unreachable": ", ".join(service.health.unreachable_servers),
        "mcp_left_out": shortened_list(service.health.rejected_tools),
        "providers": "; ".join(faults),
    }
    detail = {name: text for name, text in notes.items() if text}
    return JSONResponse({"status": "ready" if is_ready else "not ready", **parts, **detail}, 200 if is_ready else 503)


def shortened_list(rejected_tools: Sequence[str]) -> str:
    """The first `MAX_LISTED` tools, and the number of the others."""
    more = [f"and {len(rejected_tools) - MAX_LISTED} more"] if len(rejected_tools) > MAX_LISTED else []
    return "; ".join([*rejected_tools[:MAX_LISTED], *more])
