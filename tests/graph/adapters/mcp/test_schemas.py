"""A tool's schema reaches the model whole and refers to nothing; one that no model can be told is refused by itself."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from graph.adapters.mcp.schemas import (
    MAX_ARGUMENT_DESCRIPTION_CHARS,
    MAX_DESCRIPTION_CHARS,
    UnsupportedSchema,
    arguments_model,
    drop_undeclared_nulls,
    resolve_schema,
    truncated,
)

ACCOUNT = {"type": "object", "properties": {"iban": {"type": "string"}}, "required": ["iban"]}
ORDER: dict[str, Any] = {
    "type": "object",
    "$defs": {"Account": ACCOUNT},
    "properties": {
        "order": {
            "type": "object",
            "description": "What to move.",
            "properties": {"from": {"$ref": "#/$defs/Account"}, "amount": {"type": "number"}},
        },
        "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "to": {"$ref": "#/$defs/Account", "description": "To whom."},
    },
    "required": ["order"],
}


def model_of(schema: dict[str, Any]) -> type[BaseModel]:
    return arguments_model("tool", resolve_schema(schema))


def given(model: type[BaseModel], **arguments: Any) -> dict[str, Any]:
    return model.model_validate(arguments).model_dump(mode="json", by_alias=True, exclude_unset=True)


# What a model is told -------------------------------------------------------------------------------------------------


def test_nested_schemas_stay_whole_and_references_are_inlined() -> None:
    told = model_of(ORDER).model_json_schema()
    assert told["properties"] == {
        **ORDER["properties"],
        "order": {**ORDER["properties"]["order"], "properties": {"from": ACCOUNT, "amount": {"type": "number"}}},
        "to": {**ACCOUNT, "description": "To whom."},
    }
    assert (told["required"], told["additionalProperties"]) == (["order"], False)
    assert "$" not in str(told)


@pytest.mark.parametrize("reference", ["#/definitions/Account", "#account", "https://a.example/account"])
def test_references_of_every_kind_within_the_schema_are_known(reference: str) -> None:
    account = {"$anchor": "account", "$id": "https://a.example/account", **ACCOUNT}
    if reference.startswith("#account"):
        del account["$id"]
    schema = {"properties": {"to": {"$ref": reference}}, "definitions": {"Account": account}, "$defs": {"A": account}}
    assert resolve_schema(schema)["properties"]["to"] == ACCOUNT


def test_a_recursive_schema_is_inlined_to_a_maximum_depth() -> None:
    node = {"type": "object", "properties": {"name": {"type": "string"}, "kids": {"items": {"$ref": "#/$defs/Node"}}}}
    told = resolve_schema({"properties": {"root": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}})
    kids = told["properties"]["root"]["properties"]["kids"]["items"]
    assert kids["properties"]["name"] == {"type": "string"}
    assert "nested deeper" in kids["properties"]["kids"]["items"]["description"]


def test_conditions_on_all_arguments_are_merged_since_providers_refuse_them() -> None:
    part = {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    other = {"properties": {"b": {"type": "string"}}, "required": ["a", "b"]}
    assert resolve_schema({"type": "object", "allOf": [part, other]}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert resolve_schema({"type": "object", "oneOf": [part, other]})["required"] == ["a"]


def test_descriptions_are_bounded_and_say_so() -> None:
    long = {"properties": {"q": {"type": "string", "description": "why " * 1000}}}
    told = resolve_schema(long)["properties"]["q"]["description"]
    assert len(told) <= MAX_ARGUMENT_DESCRIPTION_CHARS
    assert told.endswith("(shortened)")
    assert truncated("short", MAX_DESCRIPTION_CHARS) == "short"


LAUGHS = {f"a{n}": {"properties": {x: {"$ref": f"#/$defs/a{n + 1}"} for x in "abcdefgh"}} for n in range(9)}
DEEP: dict[str, Any] = {"type": "string"}
for _ in range(200):
    DEEP = {"type": "array", "items": DEEP}


@pytest.mark.parametrize(
    "odd",
    [
        True,
        None,
        [],
        "object",
        {"type": "array"},
        {"type": "string"},
        {"type": ["object", "null"]},
        {"properties": None},
        {"properties": []},
        {"properties": {"a": True}},
        {"properties": {"a": None}},
        {"properties": {"a": ["string"]}},
        {"properties": {"a": {"type": "text"}}},
        {"properties": {"a": {"enum": None}}},
        {"properties": {"a": {"type": "string", "minLength": "1"}}},
        {"properties": {"a": {"exclusiveMinimum": True, "minimum": 0}}},
        {"properties": {"a": {"type": "array", "items": True}}},
        {"properties": {"a": {"anyOf": None}}},
        {"properties": {"a": {"anyOf": [{"type": "string"}, True]}}},
        {"properties": {"a": {"default": float("nan")}}},
        {"required": None},
        {"required": "a"},
        {"properties": {"a": {"$ref": "#/$defs/Missing"}}},
        {"properties": {"a": {"$ref": "https://elsewhere.example/schema"}}},
        {"properties": {"a": {"$ref": 7}}},
        {"properties": {"a": {"$dynamicRef": "#a"}}},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"$ref": "#/$defs/B"}}, "$defs": {"B": {"$ref": "#/$defs/C"}, "C": {"$ref": "#/$defs/B"}}},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": {**LAUGHS, "a9": {"type": "string"}}},
        {"properties": {"a": DEEP}},
        {"properties": {"a": {"enum": ["x" * 1000] * 50}}},
    ],
    ids=lambda odd: str(odd)[:70],
)
def test_an_unsupported_schema_is_rejected(odd: Any) -> None:
    with pytest.raises(UnsupportedSchema):
        resolve_schema(odd)


# The check before a call ----------------------------------------------------------------------------------------------


def test_names_that_python_cannot_take_are_kept() -> None:
    schema = {"properties": {name: {"type": "string"} for name in ("from", "model_config", "user-id", "_x", "schema")}}
    arguments = {"from": "a", "model_config": "b", "user-id": "c", "_x": "d", "schema": "e"}
    model = model_of(schema)
    assert given(model, **arguments) == arguments
    assert set(model.model_json_schema()["properties"]) == set(arguments)


def test_what_is_not_given_is_not_sent_and_what_is_nested_is_passed_on() -> None:
    schema = {
        "properties": {
            "filter": {"type": "object", "properties": {"deep": {"type": "array"}}},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 2},
            "anything": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "days": {"type": "integer", "minimum": 1, "maximum": 31, "default": 7},
        },
        "required": ["filter"],
    }
    model = model_of(schema)
    assert given(model, filter={"deep": [1]}) == {"filter": {"deep": [1]}}
    assert given(model, filter={}, tags=["a"], anything=3, days=31)["anything"] == 3
    for wrong in ({"tags": ["a", "b", "c"]}, {"days": 0}, {"days": 32}, {"filter": 1}, {"other": 1}):
        with pytest.raises(ValidationError):
            model.model_validate({"filter": {}} | wrong)


def test_a_tool_without_arguments_takes_none() -> None:
    for schema in ({"type": "object"}, {}):
        model = model_of(schema)
        assert given(model) == {}
        with pytest.raises(ValidationError):
            model.model_validate({"x": 1})


def test_a_tool_that_takes_whatever_it_is_given_is_given_it() -> None:
    assert given(model_of({"additionalProperties": {"type": "string"}}), x="1") == {"x": "1"}


def test_one_of_several_types_and_values_of_several_types_are_taken() -> None:
    schema = {
        "properties": {
            "either": {"type": ["string", "integer"]},
            "level": {"enum": [1.5, "high"]},
            "side": {"enum": ["buy", None]},
            "number": {"type": "number"},
        }
    }
    model = model_of(schema)
    for arguments in ({"either": 3, "level": 1.5}, {"either": "3", "level": "high", "side": None}, {"number": 10**20}):
        assert given(model, **arguments) == arguments
    with pytest.raises(ValidationError):
        model.model_validate({"side": "hold"})


def test_null_is_sent_only_where_the_schema_takes_it() -> None:
    schema = {
        "properties": {
            "days": {"type": "integer"},
            "side": {"enum": ["buy", "sell"]},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "until": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "memo": {"type": ["string", "null"]},
            "any": {},
        }
    }
    nulls = dict.fromkeys(schema["properties"])
    assert drop_undeclared_nulls({**nulls, "more": None}, resolve_schema(schema)) == {
        "until": None,
        "memo": None,
        "any": None,
        "more": None,
    }
    assert drop_undeclared_nulls({"days": 0, "side": "buy"}, resolve_schema(schema)) == {"days": 0, "side": "buy"}


def test_what_no_request_can_hold_is_taken_out_of_a_schema() -> None:
    told = resolve_schema({"properties": {"q": {"type": "string", "description": "a\ud800b\x00c"}}})
    assert told["properties"]["q"]["description"] == "abc"
