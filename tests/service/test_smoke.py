"""The service answers."""

from tests.support.clients import Client


def test_a_question_is_answered_by_a_tool_on_real_rows(user: Client) -> None:
    answer = user.ask("How much did I spend on groceries last month?")
    assert answer.events[0]["type"] == "start"
    assert answer.of("tool_call")[0]["tool"]["name"] == "transactions_query"
    assert answer.last["type"] == "done"
