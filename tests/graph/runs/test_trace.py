"""The trace holds what is stored nowhere else."""

from langchain_core.messages import AIMessage, HumanMessage

from graph.ports.runs import ClaimedRun, Run
from graph.runs.live_run import LiveRun
from graph.runs.trace import answering_model, build_trace, trace_fields
from tests.support.fakes.ports import FakeChatModel, employee_of, turn_of

MODEL = FakeChatModel([])


def live_with(*messages: HumanMessage | AIMessage) -> LiveRun:
    live = LiveRun(ClaimedRun(Run("run", "user", "session", "tester"), "text"))
    live.turn = turn_of(*messages)
    live.employee = employee_of()
    return live


def test_messages_and_the_history_that_the_turn_read_are_left_out() -> None:
    turn = turn_of(HumanMessage("how much"))
    turn["recollection"]["history"] = [HumanMessage("before")]
    fields = trace_fields(turn)
    assert "messages" not in fields
    assert fields["recollection"]["history"] == []
    assert turn["recollection"]["history"] == [HumanMessage("before")]
    assert fields["today"] == turn["today"]


def test_the_usage_of_each_answer_is_listed() -> None:
    reported = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    answers = AIMessage("one", usage_metadata=reported), AIMessage("two")
    trace = build_trace(live_with(HumanMessage("how much"), *answers), MODEL)
    assert trace["usage"] == [answers[0].usage_metadata, None]
    assert "broken_off" not in trace


def test_the_model_is_the_one_that_gave_the_last_answer() -> None:
    named = AIMessage("one", response_metadata={"model_name": "a fallback"})
    assert answering_model(live_with(named), [named], MODEL) == "a fallback"
    assert answering_model(live_with(named), [AIMessage("one")], MODEL) == "model-small"


def test_a_run_that_never_began_here_has_no_model() -> None:
    live = live_with()
    live.employee = None
    trace = build_trace(live, MODEL)
    assert (trace["model"], trace["version"]) == ("", "")
