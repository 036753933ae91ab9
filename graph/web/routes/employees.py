"""The employees, and the ranking of them for a question."""

from typing import Any

from fastapi import APIRouter

from employees.ranking import Match
from employees.roster import Employee
from graph.errors import MessageEmpty, MessageTooLong
from graph.web.auth import Caller
from graph.web.schemas import Page, Question
from graph.web.service import Deps

router = APIRouter(prefix="/api", tags=["employees"])


@router.get("/employees")
async def list_employees(caller: Caller, service: Deps) -> Page:
    """Whom one can talk to."""
    return Page(items=[card(employee) for employee in service.roster.all()])


@router.get("/employees/{slug}")
async def read_employee(slug: str, caller: Caller, service: Deps) -> dict[str, Any]:
    """One employee, by slug or alias."""
    return card(service.roster.find(slug))


@router.post("/route")
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
