"""The employees, and the ranking of them for a question."""

from typing import Any

from fastapi import APIRouter

from employees.ranking import Match
from employees.roster import Employee
from graph.web.auth import UserId
from graph.web.schemas import Page, RankingQuestion, require_message
from graph.web.service import ServiceDep

router = APIRouter(prefix="/api", tags=["employees"])


@router.get("/employees")
async def list_employees(user_id: UserId, service: ServiceDep) -> Page:
    """All employees."""
    return Page(items=[to_json(employee) for employee in service.roster.all()])


@router.get("/employees/{slug}")
async def read_employee(slug: str, user_id: UserId, service: ServiceDep) -> dict[str, Any]:
    """One employee, by slug or alias."""
    return to_json(service.roster.find(slug))


@router.post("/route")
async def route_question(body: RankingQuestion, user_id: UserId, service: ServiceDep) -> Page:
    """Rank all employees for a message, best first, with scores from 0 to 1. Nothing is stored, and no model is called."""
    require_message(body.message, service.max_message_chars)
    return Page(items=[to_ranked_json(match) for match in await service.ranker.rank(body.message)])


def to_ranked_json(match: Match) -> dict[str, Any]:
    """An employee's card and score."""
    return {**match.employee.card, "score": match.score}


def to_json(employee: Employee) -> dict[str, Any]:
    """An employee's public fields; the prompt is not among them."""
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
