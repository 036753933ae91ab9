import json
import re
from pathlib import Path

import pytest

import tools
from graph.errors import ConfigurationError
from graph.tool import Tool
from graph.turn.handoff import DELEGATE_TOOL, HANDOFF_TOOL
from tools.catalog import CATALOG, by_name

SQL = sorted((Path(tools.__file__).parent / "sql").glob("*.sql"))


def test_tools_are_found_by_name() -> None:
    assert by_name() == {tool.name: tool for tool in CATALOG}
    assert by_name()["transactions_query"] in CATALOG


def test_a_name_is_given_once() -> None:
    with pytest.raises(ConfigurationError, match="account_balances_query"):
        by_name([*CATALOG, by_name()["account_balances_query"]])


def test_each_tool_has_a_file_of_its_name() -> None:
    files = {file.stem for file in Path(tools.__file__).parent.glob("*.py")} - {"__init__", "catalog"}
    assert {tool.name: tool.function.__module__ for tool in CATALOG} == {name: f"tools.{name}" for name in files}


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
def test_a_model_is_told_what_each_tool_and_argument_is(tool: Tool) -> None:
    function = tool.schema()["function"]
    json.dumps(function)
    assert len(tool.description) > 100
    assert 20 < len(function["description"]) < 250
    assert function["parameters"]["additionalProperties"] is False
    assert all(argument.get("description") for argument in function["parameters"]["properties"].values())


CHOSEN_BY_EXAMPLE = [tool for tool in CATALOG if tool.name not in (HANDOFF_TOOL, DELEGATE_TOOL)]
"""The offline model turns to no colleague: it could not say what they must know."""


@pytest.mark.parametrize("tool", CHOSEN_BY_EXAMPLE, ids=lambda tool: tool.name)
def test_each_tool_has_examples_of_its_own(tool: Tool) -> None:
    assert 4 <= len(tool.examples) <= 10
    others = {example for other in CATALOG if other is not tool for example in other.examples}
    assert not others & set(tool.examples)


@pytest.mark.parametrize("file", SQL, ids=lambda file: file.name)
def test_each_query_is_named_and_described(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(re.findall(r"^-- name: \w+\n-- \w.+\n(?!--)", text, re.MULTILINE)) == text.count("-- name: ") > 0


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
def test_a_field_that_is_not_masked_has_its_reason(tool: Tool) -> None:
    assert all(len(reason.split()) >= 4 for reason in tool.unmasked_fields.values())
