"""Writes `docs/tools.md` from the catalogue: `python -m scripts.docs_tools`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graph.tool import Tool
from tools.catalog import CATALOG

PAGE = Path(__file__).parent.parent / "docs" / "tools.md"

OPENING = """# Tools

Generated from `tools/*.py` by `make docs`; edit those files, not this one. A **read** tool runs when a model calls it. A
**write** or **outbound** tool waits until the user has approved the exact call, which is shown with a preview of its changes
(`POST /api/runs/{run}/approvals/{id}`). The table gives the timeout of a call in seconds, and how many calls a user may
make in a minute.
"""


def build_page(tools: Iterable[Tool]) -> str:
    """The page: a table of all tools, then a section for each."""
    ordered = sorted(tools, key=lambda tool: tool.name)
    return "\n".join([OPENING, *overview_table(ordered), *(line for tool in ordered for line in tool_section(tool))])


def overview_table(tools: Iterable[Tool]) -> Iterator[str]:
    yield "| tool | risk | timeout | calls a minute | what it does |"
    yield "| --- | --- | ---: | ---: | --- |"
    for tool in tools:
        first_sentence = " ".join(tool.description.split("\n\n")[0].split()).split(". ")[0].rstrip(".")
        limits = f"{tool.timeout_seconds:g} | {tool.max_calls_per_minute}"
        yield f"| [{tool.name}](#{tool.name}) | {tool.risk} | {limits} | {first_sentence} |"


def tool_section(tool: Tool) -> Iterator[str]:
    yield f"\n## {tool.name}\n"
    yield tool.description
    parameters = tool.arguments.model_json_schema()
    if parameters["properties"]:
        yield "\n| argument | type | default | meaning |\n| --- | --- | --- | --- |"
    required = parameters.get("required", [])
    for name, schema in parameters["properties"].items():
        default = "required" if name in required else f"`{schema.get('default')}`"
        yield f"| `{name}` | {type_name(schema)} | {default} | {' '.join(str(schema.get('description', '')).split())} |"


def type_name(schema: Mapping[str, Any]) -> str:
    """The type of a JSON schema in a few words."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        names = [type_name(option) for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(names))
    return str(schema.get("format") or schema.get("type") or "object")


if __name__ == "__main__":
    PAGE.write_text(build_page(CATALOG) + "\n", "utf-8")
