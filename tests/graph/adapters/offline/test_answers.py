"""Tool results in words: the summary that a tool wrote, an error as it is, and anything else field by field."""

import pytest

from graph.adapters.offline.answers import render_result


def test_the_summary_of_a_result_is_the_answer() -> None:
    content = '{"summary": " You spent $12.50 in October. ", "status": "ok", "totals": [{"spent_net": "12.50"}]}'
    assert render_result(content) == "You spent $12.50 in October."


def test_an_error_is_passed_on_and_not_papered_over() -> None:
    assert render_result('{"error": "No account matches; the user has: Everyday"}') == (
        "I could not look that up: No account matches; the user has: Everyday."
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"jobs_done": 3, "note": "fine", "gone": null}', "- jobs done: 3\n- note: fine"),
        ('{"summary": "", "note": "fine"}', "- summary: \n- note: fine"),
        ('{"summary": {"of": 3}}', '- summary: {"of": 3}'),
        ("{}", "The result is empty."),
        ("[1, 2]", "[1, 2]"),
        ("no json at all", "no json at all"),
    ],
)
def test_a_result_without_a_summary_is_rendered_field_by_field(content: str, expected: str) -> None:
    assert render_result(content) == expected
