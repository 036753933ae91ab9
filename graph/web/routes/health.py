"""Liveness, readiness, and the public keys of the local token issuer."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from graph.errors import NotFound
from graph.web.service import ServiceDep

router = APIRouter(tags=["service"])

MAX_LISTED = 20
"""Tools that are left out, as far as they are named."""

READINESS_RESPONSE: dict[str, Any] = {"model": dict[str, bool | str], "description": "Each part, and whether it works."}


@router.get("/auth/v1/.well-known/jwks.json")
async def list_keys(service: ServiceDep) -> dict[str, Any]:
    """The public keys of the local issuer; 404 where Supabase issues the tokens."""
    if service.local_issuer is None:
        raise NotFound
    return {"keys": await service.local_issuer.keys()}


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={200: READINESS_RESPONSE, 503: READINESS_RESPONSE})
async def ready(service: ServiceDep) -> JSONResponse:
    """Whether requests may be sent here: database, migrations and models, each with its state; 503 if one is missing.

    `mcp_unreachable` names servers whose tools are missing, `mcp_left_out` tools that no model can be told, `providers`
    those that do not serve until somebody mends it (a key, an account, a model's name), if there are any, and
    `sign_in_problem` what an operator should set so that tokens are taken; they alone are no reason for 503.
    """
    parts = await service.health.readiness()
    well = all(parts.values())
    faults = [f"{provider}: {fault}" for provider, fault in service.health.provider_faults().items()]
    missing = {
        "sign_in_problem": service.verifier.problem,
        "mcp_unreachable": ", ".join(service.health.unreachable_servers),
        "mcp_left_out": summarize(service.health.rejected_tools),
        "providers": "; ".join(faults),
    }
    detail = {name: text for name, text in missing.items() if text}
    return JSONResponse({"status": "ready" if well else "not ready", **parts, **detail}, 200 if well else 503)


def summarize(left_out: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = [f"and {len(left_out) - MAX_LISTED} more"] if len(left_out) > MAX_LISTED else []
    return "; ".join([*left_out[:MAX_LISTED], *more])
