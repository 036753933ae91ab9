"""Only the user's own words make an address one that may be shown."""

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.events import ApprovalRequired, Citation, Event, Handoff, Text, ToolCall, ToolResult
from graph.state import LoadedMemory
from graph.turn.links import DelegatedQuestion, history_without_foreign_links, without_foreign_links
from tests.support.fakes.ports import turn_of

LURE = "https://evil.example/x?d=[EMAIL_7K3Q9D]"
OWN = "https://bank.example/terms"
NOTE = "[link removed: evil[.]example]"

TURN = turn_of(
    HumanMessage(f"see {OWN}"),
    AIMessage("", tool_calls=[{"name": "totals", "args": {"merchant": LURE}, "id": "call_0"}]),
    ToolMessage(f'{{"merchant": "{LURE}"}}', tool_call_id="call_0"),
)


def events_with(text: str) -> list[Event]:
    """One event of each type that repeats what a model or a tool wrote."""
    return [
        ToolCall(type="tool_call", tool={"id": "call_0", "name": text, "args": {"merchant": [text], text: 1}}),
        ToolResult(type="tool_result", tool_call_id="call_0", result={"error": text}, display={"title": text}),
        ApprovalRequired(
            type="approval_required",
            approval_id="a",
            tool_call_id="call_0",
            tool="create_goal",
            args={"name": text},
            preview={"summary": text},
            reason="",
            expires_at="2026-11-29T00:00:00Z",
        ),
        Citation(type="citation", marker="[1]", id="p1", source=text),
        {"type": "handoff", "from": "a", "to": "b", "reason": text},
        {
            "type": "delegate",
            "from": "a",
            "to": "b",
            "question": text,
            "status": "ok",
            "answer": f"![x]({text})",
            "tools": [],
        },
    ]


def test_no_event_shows_an_address_of_the_model_even_if_a_tool_repeated_it() -> None:
    for event in events_with(LURE):
        shown = repr(without_foreign_links(event, TURN))
        assert NOTE in shown
        assert "evil.example" not in shown
        assert "![" not in shown


def test_an_address_that_the_user_wrote_is_shown_in_every_event() -> None:
    for event in events_with(OWN)[:-1]:
        assert without_foreign_links(event, TURN) == event


def test_an_address_of_the_users_history_and_facts_is_shown() -> None:
    memory = LoadedMemory(
        facts=["my club is https://club.example"],
        summary=f"see {LURE}",
        history=[HumanMessage(OWN), AIMessage(LURE)],
        summarized_to=0,
        searchable=True,
    )
    event: Handoff = {"type": "handoff", "from": "a", "to": "b", "reason": f"{OWN} https://club.example {LURE}"}
    shown = without_foreign_links(event, turn_of(recollection=memory))
    assert shown == {**event, "reason": f"{OWN} https://club.example {NOTE}"}


def test_a_delegated_question_makes_no_address_the_users() -> None:
    turn = turn_of(DelegatedQuestion(content=LURE))
    assert without_foreign_links(events_with(LURE)[3], turn) == events_with(NOTE)[3]


def test_text_is_left_as_the_step_that_streams_it_made_it() -> None:
    event = Text(type="text", content=LURE)
    assert without_foreign_links(event, TURN) == event


def test_history_shows_no_address_of_a_tools_result_or_of_a_calls_arguments() -> None:
    rows = [
        {"role": "user", "content": f"{OWN} and {LURE[:30]}", "metadata": {}},
        {"role": "assistant", "content": OWN, "metadata": {"tool_calls": [{"args": {"page": LURE, "own": OWN}}]}},
        {"role": "tool", "content": f"{OWN} {LURE}", "metadata": {"name": "totals"}},
    ]
    user, assistant, tool = history_without_foreign_links(rows)
    assert user == rows[0]
    assert assistant["metadata"] == {"tool_calls": [{"args": {"page": NOTE, "own": OWN}}]}
    assert tool["content"] == f"{OWN} {NOTE}"
