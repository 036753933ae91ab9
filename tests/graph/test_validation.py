"""Validation messages name the field and the reason, and do not quote the value."""

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from graph.validation import validation_message, validation_messages


class Inner(BaseModel):
    count: int


class Outer(BaseModel):
    items: list[Inner]

    @model_validator(mode="after")
    def refuse_none(self) -> "Outer":
        if not self.items:
            raise ValueError("there is nothing in it")
        return self


def messages_for(value: object) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate(value)
    return validation_messages(raised.value, "file")


def test_each_message_names_the_field_and_not_its_value() -> None:
    [first, second] = messages_for({"items": [{"count": "4111"}, {"count": "secret"}, {}]})
    assert first.startswith("items.1.count: Input should be a valid integer")
    assert second == "items.2.count: Field required"
    assert "secret" not in first


def test_an_error_of_the_whole_input_names_the_input() -> None:
    assert messages_for({"items": []}) == ["file: Value error, there is nothing in it"]
    assert validation_message((), "it is missing", "body") == "body: it is missing"
