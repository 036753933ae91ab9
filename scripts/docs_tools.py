"""Writes `docs/tools.md` from the catalogue: `python -m scripts.docs_tools`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graph.tool import Tool
from tools.catalog import CATALOG

PAGE = Path(__file__).parent.parent / "docs" / "tools.md"

OPENING = """# Tools

Made from `tools/*.py` by `make docs`; change those files, not this one. A **read** tool runs when a model calls it. A
**write** or **outbound** tool waits until the user has approved the exact call, which is shown with what it would change
(`POST /api/runs/{run}/approvals/{id}`). Seconds are the deadline of a call; a minute holds so many calls of one user.
"""


def page(tools: Iterable[Tool]) -> str:
    """All tools at a glance, then one by one."""
    ordered = sorted(tools, key=lambda tool: tool.name)
    return "\n".join([OPENING, *overview(ordered), *(line for tool in ordered for line in chapter(tool))])


def overview(tools: Iterable[Tool]) -> Iterator[str]:
    yield "| tool | risk | seconds | a minute | what it does |"
    yield "| --- | --- | ---: | ---: | --- |"
    for tool in tools:
        first = " ".join(tool.description.split("\n\n")[0].split()).split(". ")[0].rstrip(".")
        limits = f"{tool.timeout_seconds:g} | {tool.max_calls_per_minute}"
        yield f"| [{tool.name}](#{tool.name}) | {tool.risk} | {limits} | {first} |"


def chapter(tool: Tool) -> Iterator[str]:
    yield f"\n## {tool.name}\n"
    yield tool.description
    properties = tool.schema()["function"]["parameters"]["properties"]
    if properties:
        yield "\n| argument | type | default | meaning |\n| --- | --- | --- | --- |"
    required = tool.schema()["function"]["parameters"].get("required", [])
    for name, given in properties.items():
        default = "needed" if name in required else f"`{given.get('default')}`"
        yield f"| `{name}` | {type_of(given)} | {default} | {' '.join(str(given.get('description', '')).split())} |"


def type_of(given: Mapping[str, Any]) -> str:
    """A JSON schema in a word or two."""
    if "enum" in given:
        return ", ".join(map(str, given["enum"]))
    if "anyOf" in given:
        kinds = [type_of(each) for each in given["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    return str(given.get("format") or given.get("type") or "object")


if __name__ == "__main__":
    PAGE.write_text(page(CATALOG) + "\n", "utf-8")
