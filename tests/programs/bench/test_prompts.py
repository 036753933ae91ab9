"""A first question to any employee is short enough for a small model."""

from tests.bench.prompts import MAX_PROMPT_TOKENS, PromptSize, prompt_sizes, prompt_table


def test_a_first_question_to_any_employee_is_within_the_bar() -> None:
    sizes = prompt_sizes()
    assert len(sizes) == 42
    assert [size for size in sizes if size.total > MAX_PROMPT_TOKENS] == []


def test_the_table_has_a_line_for_each_employee() -> None:
    lines = prompt_table([PromptSize("coach", 3, 800, 400)]).splitlines()
    assert lines[1].split() == ["coach", "3", "800", "400", "1200"]
