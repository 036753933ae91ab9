"""What anybody may know: the employees, the keys of the local issuer, whether the service is well."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from employees.roster import Employee
from graph.errors import NotFound
from graph.web.auth import Caller
from graph.web.schemas import Page
from graph.web.service import Deps

router = APIRouter()


@router.get("/api/employees", tags=["employees"])
async def list_employees(caller: Caller, service: Deps) -> Page:
    """Whom one can talk to."""
    return Page(items=[card(employee) for employee in service.roster.all()])


@router.get("/api/employees/{slug}", tags=["employees"])
async def read_employee(slug: str, caller: Caller, service: Deps) -> dict[str, Any]:
    """One employee, by slug or alias."""
    return card(service.roster.find(slug))


def card(employee: Employee) -> dict[str, Any]:
    """An employee without the prompt."""
    return {
        "slug": employee.slug,
        "aliases": list(employee.aliases),
        "name": employee.name,
        "title": employee.title,
        "emoji": employee.emoji,
        "capabilities": list(employee.capabilities),
        "tools": list(employee.tools),
        "version": employee.version,
    }


@router.get("/auth/v1/.well-known/jwks.json", tags=["service"])
async def keys(service: Deps) -> dict[str, Any]:
    """The public keys of the local issuer; 404 where Supabase issues the tokens."""
    if service.issuer is None:
        raise NotFound
    return {"keys": await service.issuer.keys()}


@router.get("/health", tags=["service"])
async def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/ready", tags=["service"])
async def ready(service: Deps) -> JSONResponse:
    """Whether requests may be sent here: database, migrations and models, each with its state; 503 if one is missing."""
    parts = await service.ready()
    well = all(parts.values())
    return JSONResponse({"status": "ready" if well else "not ready", **parts}, status_code=200 if well else 503)
