"""The tokens of a plain first question to each employee: the messages, and the schemas of the tools."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import HumanMessage

from employees.roster import Employee, Roster, read_roster
from graph.adapters.models.token_counter import token_counter
from graph.ports.models import CountTokens
from graph.turn.colleague_directory import colleague_lines
from graph.turn.prompt import TOKENS_PER_MESSAGE, Prompt, PromptTemplates, load_templates
from tools.catalog import by_name

ROOT = Path(__file__).parent.parent.parent
QUESTION = "How much did I spend on groceries last month?"
TODAY = "2026-11-29"
MAX_PROMPT_TOKENS = 2_600
"""The bar for every employee."""


@dataclass(frozen=True, slots=True)
class PromptSize:
    """Tokens (o200k_base) of one employee's first prompt."""

    employee: str
    tools: int
    """How many tools the employee has."""
    message_tokens: int
    tool_tokens: int

    @property
    def total(self) -> int:
        return self.message_tokens + self.tool_tokens


def prompt_sizes() -> list[PromptSize]:
    """The sizes for all employees, the largest first."""
    roster = read_roster(ROOT / "employees", by_name())
    templates = load_templates()
    with tempfile.TemporaryDirectory() as cache:
        count = token_counter(Path(cache))
        sizes = [prompt_size(employee, roster, templates, count) for employee in roster.all()]
    return sorted(sizes, key=lambda size: -size.total)


def prompt_size(employee: Employee, roster: Roster, templates: PromptTemplates, count: CountTokens) -> PromptSize:
    prompt = Prompt(
        templates=templates,
        today=TODAY,
        persona=employee.prompt,
        colleagues=colleague_lines(roster, employee),
        facts=(),
        summary="",
        passages=(),
        history=(),
        turn=[HumanMessage(QUESTION)],
    )
    tools = by_name()
    schemas = [tools[name].schema() for name in employee.tools]
    return PromptSize(
        employee=employee.slug,
        tools=len(schemas),
        message_tokens=sum(TOKENS_PER_MESSAGE + count(str(message.text)) for message in prompt.messages()),
        tool_tokens=count(json.dumps(schemas, separators=(",", ":"), ensure_ascii=False)) if schemas else 0,
    )


def prompt_table(sizes: Iterable[PromptSize]) -> str:
    rows = [f"{'employee':<18}{'tools':>6}{'messages':>10}{'schemas':>9}{'tokens':>8}"]
    rows += [
        f"{size.employee:<18}{size.tools:>6}{size.message_tokens:>10}{size.tool_tokens:>9}{size.total:>8}"
        for size in sizes
    ]
    return "\n".join(rows)
