"""Writes `docs/employees.md` from the employees' files: `python -m scripts.docs_employees`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from employees.roster import Employee, Roster, read_roster
from tools.catalog import by_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "employees.md"

OPENING = """# Employees

Generated from `employees/*.md` by `make docs`; edit those files, not this one. A request names an employee by the slug or by an
alias of this table; any other name is an error (404), and two employees with one alias stop the start. `GET /api/employees`
returns the same list, `POST /api/route` ranks the employees for a question.
"""


def build_page(roster: Roster) -> str:
    """The page: a table of all employees, then a section for each."""
    sections = (line for employee in roster.all() for line in employee_section(employee, roster))
    return "\n".join([OPENING, *overview_table(roster), *sections])


def overview_table(roster: Roster) -> Iterator[str]:
    yield "| | slug | name | title | model | aliases |"
    yield "|---|---|---|---|---|---|"
    for employee in roster.all():
        link = f"[{employee.slug}](#{employee.slug})"
        aliases = ", ".join(employee.aliases)
        yield f"| {employee.emoji} | {link} | {employee.name} | {employee.title} | {employee.model} | {aliases} |"
    yield ""


def employee_section(employee: Employee, roster: Roster) -> Iterator[str]:
    colleagues = [colleague.slug for colleague in roster.colleagues(employee.slug)]
    is_everybody = len(colleagues) > 1 and len(colleagues) == len(roster.all()) - 1
    yield f"## {employee.slug}\n"
    yield f"{employee.emoji} **{employee.name}**, {employee.title}\n"
    yield f"- Tools: {joined(employee.tools, '`')}"
    yield f"- Hands over to: {'everybody' if is_everybody else joined(colleagues)}"
    yield f"- Capabilities: {joined([capability.replace('-', ' ') for capability in employee.capabilities])}"
    yield f"- Model: {employee.model}, temperature {employee.temperature}, at most {employee.max_tokens} tokens an answer\n"
    yield from (f"> {example}  " for example in employee.examples)
    yield ""


def joined(names: Sequence[str], quote: str = "") -> str:
    return ", ".join(f"{quote}{name}{quote}" for name in names) or "none"


if __name__ == "__main__":
    PAGE.write_text(build_page(read_roster(ROOT / "employees", by_name())), "utf-8")
