"""What a user's turns took."""

from typing import Annotated

from fastapi import APIRouter, Query

from graph.web.auth import Caller
from graph.web.schemas import Page, refusals
from graph.web.service import Deps

router = APIRouter(prefix="/api", tags=["usage"], responses=refusals(409))


@router.get("/usage")
async def usage(caller: Caller, service: Deps, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Page:
    """Turns, sessions, tokens, cost (US dollars), failures and average time for each day (UTC), employee and model."""
    return Page(items=[dict(row) for row in await service.sessions.usage(caller, days)])
