"""What anybody may know: the employees, the keys of the local issuer, whether the service is well."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from employees.ranking import Match
from employees.roster import Employee
from graph.errors import MessageEmpty, MessageTooLong, NotFound
from graph.web.auth import Caller
from graph.web.schemas import Page, Question
from graph.web.service import Deps

router = APIRouter()

MAX_NAMED = 20
"""Tools that are left out, as far as they are named."""

PARTS: dict[str, Any] = {"model": dict[str, bool | str], "description": "Each part, and whether it works."}


@router.get("/api/employees", tags=["employees"])
async def list_employees(caller: Caller, service: Deps) -> Page:
    """Whom one can talk to."""
    return Page(items=[card(employee) for employee in service.roster.all()])


@router.get("/api/employees/{slug}", tags=["employees"])
async def read_employee(slug: str, caller: Caller, service: Deps) -> dict[str, Any]:
    """One employee, by slug or alias."""
    return card(service.roster.find(slug))


@router.post("/api/route", tags=["employees"])
async def route_question(body: Question, caller: Caller, service: Deps) -> Page:
    """Who should be given a message: everybody, best first, each with a score from 0 to 1. Nothing is stored, and no model
    is asked."""
    if not body.message.strip():
        raise MessageEmpty
    if len(body.message) > service.max_message_chars:
        raise MessageTooLong(f"The message is longer than {service.max_message_chars} characters.")
    return Page(items=[ranked(match) for match in await service.router.rank(body.message)])


def ranked(match: Match) -> dict[str, Any]:
    return {**match.employee.card, "score": match.score}


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
        "handoff_to": list(employee.handoff_to),
        "examples": list(employee.examples),
        "version": employee.version,
    }


@router.get("/auth/v1/.well-known/jwks.json", tags=["service"])
async def keys(service: Deps) -> dict[str, Any]:
    """The public keys of the local issuer; 404 where Supabase issues the tokens."""
    if service.issuer is None:
        raise NotFound
    return {"keys": await service.issuer.keys()}


@router.head("/health", include_in_schema=False)
@router.get("/health", tags=["service"])
async def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", tags=["service"], responses={200: PARTS, 503: PARTS})
async def ready(service: Deps) -> JSONResponse:
    """Whether requests may be sent here: database, migrations and models, each with its state; 503 if one is missing.

    `mcp_unreachable` names servers whose tools are missing, `mcp_left_out` tools that no model can be told, `providers`
    those that do not serve until somebody mends it (a key, an account, a model's name), if there are any, and
    `sign_in_problem` what an operator should set so that tokens are taken; they alone are no reason for 503.
    """
    parts = await service.ready()
    well = all(parts.values())
    faults = [f"{provider}: {fault}" for provider, fault in service.provider_faults().items()]
    missing = {
        "sign_in_problem": service.verifier.problem,
        "mcp_unreachable": ", ".join(service.unreachable),
        "mcp_left_out": named(service.left_out),
        "providers": "; ".join(faults),
    }
    detail = {name: text for name, text in missing.items() if text}
    return JSONResponse({"status": "ready" if well else "not ready", **parts, **detail}, 200 if well else 503)


def named(left_out: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = [f"and {len(left_out) - MAX_NAMED} more"] if len(left_out) > MAX_NAMED else []
    return "; ".join([*left_out[:MAX_NAMED], *more])
