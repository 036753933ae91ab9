"""What the README shows works as it stands there."""

import datetime as dt
import importlib.util
import re
import uuid
from pathlib import Path

import psycopg

from employees.roster import read_roster
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.ledger.toolbox import UserRows
from graph.adapters.postgres.named_queries import read_queries
from graph.tool import Tool, ToolContext
from tools.catalog import by_name

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(language: str, containing: str) -> str:
    """The one code block of a language that contains a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (found,) = [text for text in blocks if containing in text]
    return str(found)


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake (?:-s )?([a-z]+)\b", README)) - {"sure"}
    assert named <= targets


def test_the_employee_of_the_readme_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "squirrel.md").write_text(block("markdown", "slug: squirrel"), "utf-8")
    (tmp_path / "prime-boss.md").write_text((ROOT / "employees" / "prime-boss.md").read_text("utf-8"), "utf-8")
    roster = read_roster(tmp_path, by_name())
    assert roster.find("squirrel-ai").title == "Savings companion"


def example_tool(folder: Path) -> Tool:
    file = folder / "idle_accounts.py"
    file.write_text(block("python", "idle_accounts"), "utf-8")
    spec = importlib.util.spec_from_file_location("idle_accounts", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tool: Tool = module.TOOL
    return tool


async def test_the_tool_of_the_readme_answers_from_the_callers_rows(
    tmp_path: Path, admin_url: str, database_url: str
) -> None:
    user_id, other = str(uuid.uuid4()), str(uuid.uuid4())
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for user, name in ((user_id, "Old savings"), (other, "Boat fund")):
            connection.execute(
                "insert into accounts (user_id, name, type, balance, balance_as_of, currency)"
                " values (%s, %s, 'savings', 900, '2025-12-31', 'USD')",
                (user, name),
            )
    (tmp_path / "idle_accounts.sql").write_text(block("sql", "name: idle_accounts"), "utf-8")
    tool = example_tool(tmp_path)
    async with Database.open(database_url, size=1) as database:
        rows = UserRows(database, read_queries(tmp_path / "idle_accounts.sql"), user_id)
        result = await tool.function(tool.arguments(), ToolContext(rows, dt.date(2026, 1, 1)))
    assert result["accounts"] == [{"name": "Old savings", "currency": "USD", "balance": "900.00"}]
