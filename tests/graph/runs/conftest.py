"""Processes of the service in memory."""

from typing import Any

import pytest
from pydantic import BaseModel

from graph.runs import log_writer, manager
from graph.tool import Tool, ToolContext
from tests.support.run_processes import Cluster


class NoArguments(BaseModel):
    """None."""


def read_and_write(calls: list[str]) -> dict[str, Tool]:
    """A tool that reads and one that needs an approval; both note their calls."""

    async def look(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        """Look."""
        calls.append("look")
        return {"seen": "12.00"}

    async def change(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        """Change."""
        calls.append("change")
        return {"changed": "yes"}

    async def preview(arguments: NoArguments, context: ToolContext) -> dict[str, Any]:
        return {"before": "no", "after": "yes"}

    return {"look": Tool(look), "change": Tool(change, risk="write", preview=preview)}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "CLAIM_SECONDS", 0.02)
    monkeypatch.setattr(manager, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(log_writer, "WRITE_SECONDS", 0.01)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(read_and_write)
