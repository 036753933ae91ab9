"""Copies the employees and the tool catalogue into their tables."""

import json
from collections.abc import Iterable

from employees.roster import Roster
from graph.adapters.postgres.database import Database
from graph.adapters.postgres.named_queries import adapter_queries
from graph.tool import Tool

QUERIES = adapter_queries("catalogue_sync")


async def sync_catalogue(database: Database, roster: Roster, tools: Iterable[Tool]) -> None:
    """Make `employee_profiles` and `tools_registry` equal to the roster and the catalogue."""
    employees = [
        {
            "slug": employee.slug,
            "title": employee.title,
            "name": employee.name,
            "emoji": employee.emoji,
            "system_prompt": employee.prompt,
            "capabilities": list(employee.capabilities),
            "tools_allowed": list(employee.tools),
            "model": employee.model,
            "temperature": employee.temperature,
            "max_tokens": employee.max_tokens,
            "version": employee.version,
        }
        for employee in roster.all()
    ]
    catalogue = [
        {
            "name": tool.name,
            "purpose": tool.description,
            "risk": tool.risk,
            "parameters_schema": tool.schema()["function"]["parameters"],
        }
        for tool in tools
    ]
    async with database.system_transaction() as connection:
        await connection.execute(QUERIES["sync_employees"], {"rows": json.dumps(employees)})
        await connection.execute(QUERIES["sync_tools"], {"rows": json.dumps(catalogue)})
