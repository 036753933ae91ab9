"""Tokens, cost and time of a user's turns."""

from typing import Annotated

from fastapi import APIRouter, Query

from graph.web.auth import UserId
from graph.web.schemas import Page, error_responses
from graph.web.service import ServiceDep

router = APIRouter(prefix="/api", tags=["usage"], responses=error_responses(409))


@router.get("/usage")
async def usage(user_id: UserId, service: ServiceDep, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Page:
    """Turns, sessions, tokens, cost (US dollars), failures and average time for each day (UTC), employee and model."""
    return Page(items=[dict(row) for row in await service.sessions.usage(user_id, days)])
