"""Writes `docs/employees.md` from the employees' files: `python -m scripts.docs_employees`."""

from collections.abc import Iterator
from pathlib import Path

from employees.roster import Employee, Roster, read_roster
from tools.catalog import by_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "employees.md"

OPENING = """# Employees

Made from `employees/*.md` by `make docs`; change those files, not this one. An employee is found by the slug or by any other
spelling listed here; whatever is in neither is an error (404), and two employees with one spelling stop the start.
`GET /api/employees` gives the same list, `POST /api/route` says who fits a question.
"""


def document(roster: Roster) -> str:
    """The page: everybody at a glance, then one by one."""
    return "\n".join([OPENING, *_overview(roster), *(line for each in roster.all() for line in _chapter(each, roster))])


def _overview(roster: Roster) -> Iterator[str]:
    yield "| | slug | name | title | model | other spellings |"
    yield "|---|---|---|---|---|---|"
    for each in roster.all():
        link = f"[{each.slug}](#{each.slug})"
        yield f"| {each.emoji} | {link} | {each.name} | {each.title} | {each.model} | {', '.join(each.aliases)} |"
    yield ""


def _chapter(employee: Employee, roster: Roster) -> Iterator[str]:
    colleagues = roster.colleagues(employee.slug)
    everybody = len(colleagues) > 1 and len(colleagues) == len(roster.all()) - 1
    yield f"## {employee.slug}\n"
    yield f"{employee.emoji} **{employee.name}**, {employee.title}\n"
    yield f"- Tools: {_listed(employee.tools, '`')}"
    yield f"- Hands over to: {'everybody' if everybody else _listed([each.slug for each in colleagues])}"
    yield f"- Capabilities: {_listed([each.replace('-', ' ') for each in employee.capabilities])}"
    yield f"- Model: {employee.model}, temperature {employee.temperature}, at most {employee.max_tokens} tokens an answer\n"
    yield from (f"> {example}  " for example in employee.examples)
    yield ""


def _listed(names: list[str] | tuple[str, ...], quote: str = "") -> str:
    return ", ".join(f"{quote}{name}{quote}" for name in names) or "none"


def main() -> None:
    PAGE.write_text(document(read_roster(ROOT / "employees", by_name())), "utf-8")


if __name__ == "__main__":
    main()
