"""The service with one more tool, which changes something that can be counted afterwards."""

from pathlib import Path
from typing import Any

from pydantic import Field

from graph.settings import read_settings
from graph.tool import Tool, ToolContext
from graph.wiring.catalogue import DEFAULT_CATALOGUE, Catalogue
from server import main
from tools.shared.arguments import ToolArguments

HERE = Path(__file__).parent


class NoteEffect(ToolArguments):
    key: str = Field(description="What is noted.")


async def note_effect(arguments: NoteEffect, context: ToolContext) -> dict[str, Any]:
    """Note something."""
    [row] = await context.rows.fetch("note_effect", key=arguments.key)
    return {"noted": row["name"]}


CATALOGUE = Catalogue(
    employees=HERE / "employees",
    tools=(*DEFAULT_CATALOGUE.tools, Tool(note_effect, risk="write")),
    queries=(*DEFAULT_CATALOGUE.queries, HERE / "sql"),
)

if __name__ == "__main__":
    main(read_settings(), CATALOGUE)
