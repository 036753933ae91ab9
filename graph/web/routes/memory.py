"""The facts that employees remember about a user."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from graph.web.auth import UserId
from graph.web.schemas import NewFact, Page, error_responses
from graph.web.service import ServiceDep

router = APIRouter(prefix="/api", tags=["memory"], responses=error_responses(409))


@router.get("/memory")
async def list_facts(user_id: UserId, service: ServiceDep) -> Page:
    """The facts that employees know about you."""
    return Page(items=await service.redactor.unmask(user_id, await service.facts.all(user_id)))


@router.post("/memory", status_code=201)
async def add_fact(body: NewFact, user_id: UserId, service: ServiceDep) -> dict[str, Any]:
    """Add a fact for all employees (`global`) or one (its slug). An equal fact is updated."""
    scope = body.scope if body.scope == "global" else service.roster.find(body.scope).slug
    masked = await service.redactor.mask(user_id, [body.fact])
    row = await service.facts.add(user_id, masked.texts[0], scope, body.is_pinned)
    return await service.redactor.unmask(user_id, row)


@router.delete("/memory/{fact_id}", status_code=204)
async def delete_fact(fact_id: UUID, user_id: UserId, service: ServiceDep) -> None:
    """Delete a fact."""
    await service.facts.delete(user_id, str(fact_id))
