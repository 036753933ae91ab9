"""The user's words, masked, begin the turn."""

import pytest
from langchain_core.messages import HumanMessage

from graph.errors import RedactionFailed
from graph.ports.redaction import MaskedTexts
from nodes.redact import Redact
from tests.support.fakes.ports import NAME, TOKEN, OneNameRedactor, passage, runtime_of, turn_of


async def test_the_typed_text_becomes_the_masked_question() -> None:
    turn = await Redact(OneNameRedactor())({}, runtime_of(text=f"I paid {NAME}"))
    assert turn["question"] == f"I paid {TOKEN}"
    assert turn["messages"] == [HumanMessage(f"I paid {TOKEN}")]


async def test_nothing_of_the_state_holds_the_typed_text() -> None:
    turn = await Redact(OneNameRedactor())({}, runtime_of(text=f"I paid {NAME}"))
    assert NAME not in repr(turn)


async def test_without_text_in_the_context_the_form_of_studio_is_masked() -> None:
    turn = await Redact(OneNameRedactor())({"message": f"I paid {NAME}"}, runtime_of())
    assert (turn["message"], turn["question"]) == (f"I paid {TOKEN}", f"I paid {TOKEN}")


async def test_a_turn_begins_without_what_the_last_one_left_in_the_state() -> None:
    old = turn_of(HumanMessage("before"), passages=[passage(1)], message_id="old", summary_due=True)
    turn = await Redact(OneNameRedactor())(old, runtime_of(text="now"))
    assert [message.text for message in turn["messages"]] == ["now"]
    assert (turn["passages"], turn["message_id"], turn["summary_due"], turn["usage"]["total"]) == ([], "", False, 0)
    assert turn["recollection"] == {"facts": [], "summary": "", "history": [], "summarized_to": 0, "searchable": False}


async def test_a_text_that_cannot_be_masked_ends_the_turn() -> None:
    class Failing(OneNameRedactor):
        async def mask(self, *_: object, **__: object) -> MaskedTexts:
            raise RedactionFailed

    with pytest.raises(RedactionFailed):
        await Redact(Failing())({}, runtime_of(text="anything"))
