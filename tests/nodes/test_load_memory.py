"""What is remembered is cut to its share of the budget."""

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graph.ports.memory import MemorySnapshot
from graph.state import LoadedMemory
from graph.turn.prompt import FACTS_SHARE, HISTORY_SHARE, SUMMARY_SHARE, count_message_tokens
from graph.values.profile import Profile
from nodes.load_memory import LoadMemory
from tests.support.fakes.ports import OWNER, SESSION, FakeMemory, clock_at, runtime_of, words

NOON = clock_at("2026-11-23T12:00:00+00:00")
CALL = {"name": "totals", "args": {}, "id": "c", "type": "tool_call"}


def node(remembered: MemorySnapshot, budget: int = 1000, moment: str = "2026-11-23T12:00:00+00:00") -> LoadMemory:
    return LoadMemory(FakeMemory(remembered), words, clock_at(moment), budget)


async def test_it_asks_for_the_callers_session_and_employee() -> None:
    memory = FakeMemory()
    await LoadMemory(memory, words, NOON, 1000)({}, runtime_of())
    assert memory.asked == [(OWNER, SESSION, "tester")]


async def test_what_fits_is_kept_whole() -> None:
    history: list[AnyMessage] = [HumanMessage("hi"), AIMessage("hello")]
    turn = await node(MemorySnapshot(facts=["likes tea"], summary="They spoke.", history=history))({}, runtime_of())
    assert turn["recollection"] == LoadedMemory(
        facts=["likes tea"], summary="They spoke.", history=history, summarized_to=0, searchable=True
    )


async def test_facts_stay_within_their_share_the_first_ones_first() -> None:
    facts = [f"fact {number} of five words" for number in range(40)]
    kept = (await node(MemorySnapshot(facts=facts))({}, runtime_of()))["recollection"]["facts"]
    assert kept == facts[: int(1000 * FACTS_SHARE) // 5]


async def test_a_summary_stays_within_its_share_by_lines() -> None:
    lines = [f"line {number} has five words" for number in range(60)]
    kept = (await node(MemorySnapshot(summary="\n".join(lines)))({}, runtime_of()))["recollection"]["summary"]
    assert kept == "\n".join(lines[: int(1000 * SUMMARY_SHARE) // 5])


async def test_the_newest_of_the_history_stays_within_its_share() -> None:
    history: list[AnyMessage] = [
        message
        for number in range(60)
        for message in (HumanMessage(f"question {number} " + "w " * 10), AIMessage("answer"))
    ]
    kept = (await node(MemorySnapshot(history=history))({}, runtime_of()))["recollection"]["history"]
    assert kept == history[-len(kept) :]
    assert isinstance(kept[0], HumanMessage)
    assert (
        count_message_tokens(kept, words)
        <= 1000 * HISTORY_SHARE
        < count_message_tokens(history[-len(kept) - 2 :], words)
    )


async def test_a_call_never_loses_its_result() -> None:
    history: list[AnyMessage] = [
        message
        for number in range(30)
        for message in (
            HumanMessage(f"question {number}"),
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("row " * 40, tool_call_id="c"),
            AIMessage("answer"),
        )
    ]
    kept = (await node(MemorySnapshot(history=history))({}, runtime_of()))["recollection"]["history"]
    calls = [index for index, message in enumerate(kept) if isinstance(message, AIMessage) and message.tool_calls]
    assert calls
    assert all(isinstance(kept[index + 1], ToolMessage) for index in calls)


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("UTC", "2026-11-23T12:00:00+00:00", "2026-11-23"),
        ("Pacific/Auckland", "2026-11-23T12:00:00+00:00", "2026-11-24"),
        ("America/Los_Angeles", "2026-12-01T03:00:00+00:00", "2026-11-30"),
        ("Nowhere/At-All", "2026-11-23T12:00:00+00:00", "2026-11-23"),
        ("../../etc/passwd", "2026-11-23T12:00:00+00:00", "2026-11-23"),
        ("", "2026-11-23T12:00:00+00:00", "2026-11-23"),
        ("America", "2026-11-23T12:00:00+00:00", "2026-11-23"),
    ],
)
async def test_today_is_the_date_where_the_user_lives(zone: str, moment: str, today: str) -> None:
    turn = await node(MemorySnapshot(profile=Profile(time_zone=zone)), moment=moment)({}, runtime_of())
    assert turn["today"] == today


async def test_the_locale_and_the_currency_of_the_profile_go_on_to_the_tools() -> None:
    turn = await node(MemorySnapshot(profile=Profile(locale="de-AT", currency="EUR")))({}, runtime_of())
    assert turn["profile"] == {"locale": "de-AT", "currency": "EUR"}


async def test_the_name_to_be_called_by_is_the_first_fact() -> None:
    remembered = MemorySnapshot(profile=Profile(name="[PERSON_7K3Q9D]"), facts=["likes tea"])
    turn = await node(remembered)({}, runtime_of())
    assert turn["recollection"]["facts"] == ["Wants to be called [PERSON_7K3Q9D]", "likes tea"]
