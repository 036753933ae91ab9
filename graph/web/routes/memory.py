"""The facts that employees remember about a user."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from graph.web.auth import Caller
from graph.web.schemas import Fact, Page, refusals
from graph.web.service import Deps

router = APIRouter(prefix="/api", tags=["memory"], responses=refusals(409))


@router.get("/memory")
async def list_facts(caller: Caller, service: Deps) -> Page:
    """What the employees are told about the caller."""
    return Page(items=await service.redactor.reveal(caller, await service.facts.all(caller)))


@router.post("/memory", status_code=201)
async def add_fact(body: Fact, caller: Caller, service: Deps) -> dict[str, Any]:
    """Tell all employees a fact (`global`) or one of them (its slug). The same fact again changes the one there is."""
    scope = body.scope if body.scope == "global" else service.roster.find(body.scope).slug
    masked = await service.redactor.mask(caller, [body.fact])
    row = await service.facts.add(caller, masked.texts[0], scope, body.is_pinned)
    return await service.redactor.reveal(caller, row)


@router.delete("/memory/{fact_id}", status_code=204)
async def forget_fact(fact_id: UUID, caller: Caller, service: Deps) -> None:
    """Forget a fact."""
    await service.facts.forget(caller, str(fact_id))
