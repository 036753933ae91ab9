"""The order of the nodes is said once: a node that is added to the flow is taken over, recorded, replayed and retried."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START
from langgraph.runtime import Runtime

from graph.build import DB_RETRY_POLICY, FLOW, Ports, build, with_checkpointer
from graph.context import TurnContext
from graph.ports.runs import RunRequest
from graph.replay.fake_values import with_fake_values
from graph.replay.play import Checkout, ReplayHarness, current_checkout, events_of, play
from graph.replay.record import StoredRun, ended_at
from graph.replay.recorded_ports import OWNER, RUN, SESSION
from graph.replay.recording import Recording
from graph.state import Turn, TurnInput
from graph.turn.flow import NodeSpec, names_of
from tests.support.fakes.ports import turn_of

ONE_TOOL = Path(__file__).parents[1] / "recordings" / "one_tool.json"
BEFORE_MODEL, MODEL = names_of(FLOW.before_model), FLOW.model.name
TOOLS, AFTER_ANSWER = names_of(FLOW.tools), names_of(FLOW.after_answer)
PATH = [*BEFORE_MODEL, MODEL, *TOOLS, MODEL, *AFTER_ANSWER]
"""The path of a turn with one tool."""


async def added(state: Turn, runtime: Runtime[TurnContext]) -> Turn:
    return Turn()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return current_checkout(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture
def recording() -> Recording:
    return Recording.read(ONE_TOOL)


@pytest.fixture(params=[("before_model", BEFORE_MODEL[1]), ("tools", TOOLS[0]), ("after_answer", AFTER_ANSWER[0])])
def path(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The path of a turn with one tool while the flow has a further node behind an old one, in each of its parts."""
    part, before = request.param
    specs: tuple[NodeSpec[Ports], ...] = getattr(FLOW, part)
    place = [spec.name for spec in specs].index(before) + 1
    extended = (*specs[:place], NodeSpec("added", lambda ports: added, is_idempotent=True), *specs[place:])
    object.__setattr__(FLOW, part, extended)
    yield [name for step in PATH for name in ([step, "added"] if step == before else [step])]
    object.__setattr__(FLOW, part, specs)


def context_of(recording: Recording, run_id: str) -> TurnContext:
    return TurnContext(OWNER, SESSION, run_id, 0, recording.employee, with_fake_values(recording.question))


async def run_until(node: str, harness: ReplayHarness, run_id: str = RUN) -> tuple[list[str], list[str]]:
    """The path to the node's first run as the graph takes it and as the flow derives it from the checkpoint."""
    graph = with_checkpointer(build(harness.ports()), harness.checkpoints.saver)
    context = context_of(harness.recording, run_id)
    config: Any = {"configurable": {"thread_id": SESSION, "run": run_id}}
    stream = graph.astream(TurnInput(), config, context=context, stream_mode="updates", interrupt_before=[node])
    taken = [name async for part in stream for name in part if not name.startswith("__")]
    state = await graph.aget_state(config)
    return taken, FLOW.path_to(state.next, cast(Turn, state.values))


def test_the_drawing_of_the_graph_shows_the_order_of_the_nodes() -> None:
    drawing = "redact → load_memory → retrieve → reason ⇄ call_tools → persist → summarize"
    assert drawing in (build.__doc__ or "")
    assert names_of(FLOW.specs()) == re.findall(r"\w+", drawing)


@pytest.mark.parametrize("node", names_of(FLOW.specs())[1:])
async def test_the_path_to_a_checkpoint_follows_from_its_state(
    node: str, recording: Recording, checkout: Checkout
) -> None:
    taken, derived = await run_until(node, ReplayHarness(recording, checkout))
    assert derived == taken == PATH[: PATH.index(node)]


async def test_the_path_of_a_finished_turn_is_whole(recording: Recording, checkout: Checkout) -> None:
    taken, derived = await run_until(END, ReplayHarness(recording, checkout))
    assert derived == taken == PATH


async def test_before_the_first_node_the_messages_of_the_last_turn_are_no_path(
    recording: Recording, checkout: Checkout
) -> None:
    harness = ReplayHarness(recording, checkout)
    await run_until(END, harness)
    assert await run_until(BEFORE_MODEL[0], harness) == ([], [])


@pytest.mark.parametrize(
    ("upcoming", "path"),
    [
        ((), BEFORE_MODEL),
        *(((name,), BEFORE_MODEL[:place]) for place, name in enumerate(BEFORE_MODEL)),
        ((MODEL,), BEFORE_MODEL),
    ],
)
def test_the_steps_of_a_dead_process_are_known_by_what_comes_next(upcoming: tuple[str, ...], path: list[str]) -> None:
    assert FLOW.path_to(upcoming, turn_of()) == path


@pytest.mark.parametrize("upcoming", [(START,), (BEFORE_MODEL[0],)])
def test_a_turn_that_is_about_to_begin_has_no_path(upcoming: tuple[str, ...]) -> None:
    state = turn_of(HumanMessage("?"), AIMessage("!"), message_id="of the last turn")
    assert FLOW.path_to(upcoming, state) == []


def test_the_path_of_a_second_round_ends_before_its_calls() -> None:
    call: Any = {"name": "look", "args": {}, "id": "c", "type": "tool_call"}
    said = AIMessage("", tool_calls=[call])
    state = turn_of(HumanMessage("?"), said, ToolMessage("{}", tool_call_id="c"), said)
    assert FLOW.path_to((TOOLS[0],), state) == [*BEFORE_MODEL, MODEL, *TOOLS, MODEL]


async def test_a_node_that_is_added_is_part_of_the_graph(
    path: list[str], recording: Recording, checkout: Checkout
) -> None:
    assert (await play(recording, checkout)).outcome.path == path


async def test_a_node_that_is_added_and_idempotent_is_retried(
    path: list[str], recording: Recording, checkout: Checkout
) -> None:
    nodes = build(ReplayHarness(recording, checkout).ports()).nodes
    assert nodes["added"].retry_policy == nodes[BEFORE_MODEL[0]].retry_policy == (DB_RETRY_POLICY,)
    assert not nodes[MODEL].retry_policy


async def test_a_node_that_is_added_is_known_to_a_process_that_takes_the_run_over(
    path: list[str], recording: Recording, checkout: Checkout
) -> None:
    harness = ReplayHarness(recording, checkout)
    run = await harness.store.accept(RunRequest(OWNER, with_fake_values(recording.question), session_id=SESSION))
    taken, derived = await run_until("added", harness, run.id)
    assert derived == taken == path[: path.index("added")]
    harness.store.transcript.turns.clear()  # a stored turn ends where it is, without the steps that were to come
    harness.store.expire_lease(run.id)
    runs = harness.runs(build(harness.ports()))
    async with runs.lifespan():
        await asyncio.wait_for(events_of(runs, run.id), timeout=10)
    await runs.drain(grace_seconds=10)
    outcome = harness.store.runs[run.id].outcome
    assert outcome
    assert outcome.trace
    assert [step["node"] for step in outcome.trace["path"]] == path


def test_a_node_that_is_added_is_recorded_as_the_place_where_a_turn_ended(path: list[str]) -> None:
    before = path[: path.index("added")]
    called = [1] if before[-1] in (MODEL, *TOOLS) else []
    answers = [{"role": "assistant", "metadata": {"tool_calls": called}}]
    trace = {"path": [{"node": name} for name in before]}
    run = {"status": "failed", "error_code": "database_unavailable", "trace": trace}
    assert ended_at(StoredRun(run, answers if MODEL in before else [], [], [], None)) == "added"


async def test_a_turn_that_ended_in_a_node_that_is_added_ends_there_when_it_is_replayed(
    path: list[str], recording: Recording, checkout: Checkout
) -> None:
    error = {"code": "model_unavailable", "message": "The language model could not be reached."}
    failed = recording.model_copy(update={"ended_at": "added", "error": error})
    outcome = (await play(failed, checkout)).outcome
    assert (outcome.status, outcome.path) == ("failed", path[: path.index("added")])


async def test_a_turn_that_was_stopped_in_a_node_that_is_added_is_stopped_there(
    path: list[str], recording: Recording, checkout: Checkout
) -> None:
    outcome = (await play(recording.model_copy(update={"ended_at": "added"}), checkout)).outcome
    assert (outcome.status, outcome.path) == ("stopped", path[: path.index("added")])


async def test_a_graph_with_a_checkpointer_leaves_the_other_without(recording: Recording, checkout: Checkout) -> None:
    graph = build(ReplayHarness(recording, checkout).ports())
    assert with_checkpointer(graph, InMemorySaver()).checkpointer is not None
    assert graph.checkpointer is None
