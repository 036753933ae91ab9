"""A terse schema says what a call may hold, and nothing twice."""

from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from graph.tool import Tool
from graph.values.json_schema import terse_schema
from tools.catalog import CATALOG


class Part(BaseModel):
    amount: Decimal = Field(description="Its amount.", gt=0, max_digits=9)


class Arguments(BaseModel):
    kind: Literal["a", "b"] = "a"
    name: str | None = Field(None, max_length=9, description="Its name.")
    rate: Decimal | None = Field(None, ge=0)
    limit: int = Field(20, ge=1)
    is_open: bool = False
    title: str = ""
    parts: list[Part] = Field(default_factory=list)


def test_titles_nulls_lengths_and_empty_defaults_are_left_out() -> None:
    schema = terse_schema(Arguments.model_json_schema())
    decimal = {"anyOf": [{"type": "number"}, {"type": "string"}]}
    assert schema["properties"] == {
        "kind": {"default": "a", "enum": ["a", "b"], "type": "string"},
        "name": {"type": "string", "description": "Its name."},
        "rate": decimal,
        "limit": {"default": 20, "minimum": 1, "type": "integer"},
        "is_open": {"type": "boolean"},
        "title": {"type": "string"},
        "parts": {"items": {"$ref": "#/$defs/Part"}, "type": "array"},
    }
    assert schema["$defs"]["Part"]["properties"] == {"amount": {**decimal, "description": "Its amount."}}
    assert schema["$defs"]["Part"]["required"] == ["amount"]


def test_an_argument_named_title_stays() -> None:
    assert "title" in terse_schema(Arguments.model_json_schema())["properties"]


def test_a_union_of_more_than_two_types_stays_one() -> None:
    union = {"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]}
    assert terse_schema(union) == {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}


@pytest.mark.parametrize("tool", CATALOG, ids=lambda tool: tool.name)
def test_the_terse_schema_of_a_tool_has_all_its_arguments_and_choices(tool: Tool) -> None:
    full = tool.arguments.model_json_schema()
    terse = terse_schema(full)
    assert terse.get("required") == full.get("required")
    assert {name: part.get("enum") for name, part in terse["properties"].items()} == {
        name: part.get("enum") or next((option["enum"] for option in part.get("anyOf", ()) if "enum" in option), None)
        for name, part in full["properties"].items()
    }
