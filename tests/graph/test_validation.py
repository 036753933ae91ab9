"""What is wrong with a value is said by field and reason, and the value is not repeated."""

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from graph.validation import fault_text, fault_texts


class Inner(BaseModel):
    count: int


class Outer(BaseModel):
    items: list[Inner]

    @model_validator(mode="after")
    def refuse_none(self) -> "Outer":
        if not self.items:
            raise ValueError("there is nothing in it")
        return self


def faults_of(given: object) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate(given)
    return fault_texts(raised.value, "file")


def test_each_fault_names_the_field_and_not_its_value() -> None:
    [first, second] = faults_of({"items": [{"count": "4111"}, {"count": "secret"}, {}]})
    assert first.startswith("items.1.count: Input should be a valid integer")
    assert second == "items.2.count: Field required"
    assert "secret" not in first


def test_a_fault_of_the_whole_is_named_after_the_whole() -> None:
    assert faults_of({"items": []}) == ["file: Value error, there is nothing in it"]
    assert fault_text((), "it is missing", "body") == "body: it is missing"
