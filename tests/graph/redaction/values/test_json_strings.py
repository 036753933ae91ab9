"""The strings inside a JSON value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.redaction.values.json_strings import strings_in, with_strings

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(json_values)
def test_putting_the_same_strings_back_changes_nothing(data: object) -> None:
    assert with_strings(data, strings_in(data)) == data


@given(json_values)
def test_each_string_goes_back_to_its_place(data: object) -> None:
    texts = [str(number) for number, _ in enumerate(strings_in(data))]
    assert strings_in(with_strings(data, texts)) == texts


def test_a_wrong_number_of_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="more texts"):
        with_strings(["a"], ["b", "c"])
    with pytest.raises(ValueError, match="fewer texts"):
        with_strings(["a", "b"], ["c"])
