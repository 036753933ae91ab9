"""The checkpointers use four private members of LangGraph's packages; an upgrade that lacks one turns these tests red."""

import ast
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from graph.adapters.postgres.runs import buffered_checkpointer, checkpointer

PRIVATE_MEMBERS: Mapping[str, str] = {
    "langgraph.checkpoint.postgres.aio:AsyncPostgresSaver._cursor": "overridden: each operation carries the user's claims",
    "langgraph.checkpoint.postgres.aio:AsyncPostgresSaver._load_checkpoint_tuple": "overridden: decodes without a thread",
    "langgraph.checkpoint.postgres:PostgresSaver._load_checkpoint_tuple": "borrowed for decoding",
    "langgraph.checkpoint.serde.types:_DeltaSnapshot": "recognised, to mark a snapshot in its checkpoint",
}
"""Each private member that is used, and what for."""


def missing_members(members: Mapping[str, str]) -> list[str]:
    missing: list[str] = []
    for path, purpose in members.items():
        module, _, names = path.partition(":")
        found: Any = import_module(module)
        for name in names.split("."):
            found = getattr(found, name, None)
        if found is None:
            missing.append(f"{path} is gone ({purpose}): adapt graph/adapters/postgres/runs/checkpointer.py")
    return missing


def test_every_private_member_that_the_checkpointers_use_exists() -> None:
    assert missing_members(PRIVATE_MEMBERS) == []


def test_a_private_member_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(AsyncPostgresSaver, "_cursor")
    [message] = missing_members(PRIVATE_MEMBERS)
    assert message.startswith("langgraph.checkpoint.postgres.aio:AsyncPostgresSaver._cursor is gone (overridden")


@pytest.mark.parametrize("operation", ["aget_tuple", "alist", "aput_writes", "adelete_thread", "aprune"])
def test_the_stock_operations_go_through_the_cursor_that_carries_the_claims(operation: str) -> None:
    assert "self._cursor(" in inspect.getsource(getattr(AsyncPostgresSaver, operation))


def test_the_overridden_members_have_the_signatures_of_the_stock_ones() -> None:
    assert list(inspect.signature(AsyncPostgresSaver._cursor).parameters) == ["self", "pipeline"]
    assert inspect.iscoroutinefunction(AsyncPostgresSaver._load_checkpoint_tuple)
    assert not inspect.iscoroutinefunction(PostgresSaver._load_checkpoint_tuple)
    for stock in (AsyncPostgresSaver, PostgresSaver):
        assert list(inspect.signature(stock._load_checkpoint_tuple).parameters) == ["self", "value"]


@pytest.mark.parametrize("module", [checkpointer, buffered_checkpointer], ids=lambda module: module.__name__)
def test_no_other_private_member_is_used(module: object) -> None:
    tree = ast.parse(Path(inspect.getfile(module)).read_text("utf-8"))  # type: ignore[arg-type]
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    private = {name for name in used - own if name.startswith("_") and not name.startswith("__")}
    listed = {path.rpartition(":")[2].rpartition(".")[2] for path in PRIVATE_MEMBERS}
    assert private <= listed
