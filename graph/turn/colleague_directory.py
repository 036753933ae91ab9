"""The colleagues to whom an employee may turn in a tool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from employees.roster import Employee, Roster
from graph.context import TurnContext
from graph.errors import UnknownEmployee
from graph.ports.tools import DelegationPort
from graph.tool import ToolError
from graph.turn.handoff import DELEGATE_TOOL, HANDOFF_TOOL


def colleague_lines(roster: Roster, employee: Employee) -> list[str]:
    """The employee's colleagues for the prompt, a line each; none if the employee has no tool that turns to them."""
    if not {HANDOFF_TOOL, DELEGATE_TOOL} & set(employee.tools):
        return []
    return [f"{other.slug}: {other.name}, {other.title}" for other in roster.colleagues(employee.slug)]


@dataclass(frozen=True, slots=True)
class ColleagueDirectory:
    """Port `Colleagues`: the roster's colleagues of the employee who calls the tool."""

    roster: Roster
    delegation: DelegationPort
    context: TurnContext
    today: str

    @property
    def employee(self) -> str:
        return self.context.employee

    def resolve(self, name: str) -> str:
        listed = [colleague.slug for colleague in self.roster.colleagues(self.employee)]
        try:
            slug = self.roster.find(name).slug
        except UnknownEmployee:
            slug = ""
        if slug not in listed:
            raise ToolError(f"there is no such colleague to turn to; there are: {', '.join(listed) or 'none'}")
        return slug

    async def delegate(self, colleague: str, question: str) -> Mapping[str, Any]:
        return await self.delegation.delegate(self.context, colleague, question, self.today)
