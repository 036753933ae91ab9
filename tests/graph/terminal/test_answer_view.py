"""One answer is drawn from its events."""

from typing import Any

from graph.terminal.answer_view import AnswerView
from tests.support.pseudo_terminal import SEQUENCE
from tests.support.screens import RecordedScreen, piped_screen, terminal_screen

START = {"type": "start", "session_id": "s", "run_id": "r", "employee": {"slug": "dash", "title": "", "emoji": "📈"}}
DONE = {"type": "done", "status": "complete"}
ROWS = [{"shop": "Greenleaf", "spent": "12.50"}, {"shop": "Corner", "spent": "9.00"}]
RESULT = {"type": "tool_result", "tool_call_id": "c", "result": {"status": "ok", "shops": ROWS}}
CALL = {"type": "tool_call", "tool": {"id": "c", "name": "spending_by_merchant", "args": {"limit": 2, "type": None}}}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def draw(recorded: RecordedScreen, *events: dict[str, Any]) -> AnswerView:
    view = AnswerView(recorded.screen, {"dash": "📈", "tag-ai": "🏷"})
    for event in events:
        view.draw(event)
    return view


def test_a_pipe_gets_the_answer_and_its_table_and_the_rest_goes_to_the_error_output() -> None:
    piped = piped_screen()
    draw(piped, START, CALL, RESULT, text("Two "), text("shops."), DONE)
    assert [line.rstrip() for line in piped.out.getvalue().splitlines()] == [
        *("Two shops.", "", "Shops", "shop       spent", "Greenleaf  12.50", "Corner      9.00")
    ]
    assert piped.err.getvalue() == "📈 dash\n· spending_by_merchant(limit: 2)\n"
    assert "\x1b" not in piped.out.getvalue() + piped.err.getvalue()


def test_a_table_that_the_answer_states_is_left_out() -> None:
    piped = piped_screen()
    draw(piped, START, CALL, RESULT, text("Greenleaf took 12.50 and Corner 9.00."), DONE)
    assert piped.out.getvalue() == "Greenleaf took 12.50 and Corner 9.00.\n"


def test_a_tool_call_is_one_line_however_long_its_arguments_are() -> None:
    recorded = terminal_screen(columns=40)
    long = {"type": "tool_call", "tool": {"id": "c", "name": "search", "args": {"query": "word\n" * 50}}}
    draw(recorded, START, long)
    recorded.screen.stop_waiting()
    assert "· search(query: word word word word wor…\n" in SEQUENCE.sub("", recorded.out.getvalue())


def test_a_failed_call_says_why() -> None:
    piped = piped_screen()
    draw(piped, START, CALL, {**RESULT, "result": {"error": "there is no such shop"}})
    assert "✗ there is no such shop" in piped.err.getvalue()


def test_a_handoff_and_a_delegation_name_both_employees() -> None:
    piped = piped_screen()
    draw(
        piped,
        START,
        {"type": "delegate", "from": "dash", "to": "coach", "question": "How?", "status": "timeout", "answer": ""},
        {"type": "handoff", "from": "dash", "to": "tag-ai", "reason": "categories"},
        text("Hello"),
        DONE,
    )
    assert piped.err.getvalue().splitlines() == [
        "📈 dash",
        "→ dash asked coach (timeout): How?",
        "→ dash hands over to tag-ai: categories",
        "🏷 tag-ai",
    ]


def test_what_a_restart_makes_void_does_not_come_back() -> None:
    piped = piped_screen()
    citation = {"type": "citation", "marker": "[1]", "id": "1", "source": "notes"}
    draw(piped, START, RESULT, citation, text("Half an ans"), {"type": "restart"}, text("Whole."), DONE)
    assert piped.out.getvalue() == "Half an ans\nWhole.\n"
    assert "void" in piped.err.getvalue()
    assert "notes" not in piped.err.getvalue()


def test_an_end_that_is_not_complete_is_said() -> None:
    piped = piped_screen()
    draw(piped, START, text("a"), {**DONE, "status": "stopped", "finish": "length", "untraced_amounts": ["5 USD"]})
    assert piped.err.getvalue().splitlines()[1:] == [
        "■ stopped",
        "The answer reached its maximum length.",
        "No data of this turn accounts for: 5 USD",
    ]


def test_calls_that_wait_are_returned_once() -> None:
    approval = {"type": "approval_required", "approval_id": "1", "tool_call_id": "c", "tool": "t", "args": {}}
    view = draw(piped_screen(), START, approval, {**DONE, "status": "waiting"})
    assert view.take_approvals() == [approval]
    view.draw(approval)
    assert view.take_approvals() == []


def test_files_are_collected_and_make_no_table() -> None:
    chart = {"type": "chart", "title": "Spending", "file_id": "1", "media_type": "image/png", "alt": "…"}
    piped = piped_screen()
    view = draw(piped, START, {**RESULT, "display": chart}, text("Here."), DONE)
    assert view.files == [chart]
    assert piped.out.getvalue() == "Here.\n"


def test_events_of_later_versions_are_passed_over() -> None:
    piped = piped_screen()
    draw(piped, START, {"type": "mood", "value": "good"}, text("a"), DONE)
    assert piped.out.getvalue() == "a\n"
