"""A summary without a language model is an extract of what was said, and says so."""

import json
from typing import Any

from graph.adapters.offline.summary import extract_summary


def summary(earlier: str, *lines: str) -> dict[str, Any]:
    tags = ["<previous_summary>", earlier, "</previous_summary>", "<new_messages>", *lines, "</new_messages>"]
    made: dict[str, Any] = json.loads(extract_summary("\n".join(tags)))
    return made


def stored(made: dict[str, Any]) -> str:
    """A summary as the next one is given it: with its facts as a list."""
    return "\n".join([made["summary"], *(f"- {fact}" for fact in made["key_facts"])])


def test_it_says_what_it_is_and_repeats_what_was_said() -> None:
    question = "user: My card is [CARD_7K3Q9D]. How much did I spend?"
    assert summary("", question, "assistant: You spent 12.50 USD. Anything else?") == {
        "summary": "An extract of the conversation, made without a language model:\n"
        "The user: My card is [CARD_7K3Q9D]. How much did I spend?\n"
        "Answered: You spent 12.50 USD.",
        "key_facts": ["The user said: “My card is [CARD_7K3Q9D].”"],
    }


def test_it_goes_on_from_the_one_before_and_stays_short() -> None:
    first = summary("", *(f"user: I like number {number} best of all." for number in range(50)))
    second = summary(stored(first), "user: I moved to Lisbon.")
    for made in (first, second):
        assert len(made["summary"].split()) <= 200
        assert len(made["key_facts"]) == 5
    assert second["summary"].count("without a language model") == 1
    assert "number 49" in second["summary"]
    assert second["key_facts"][-1] == "The user said: “I moved to Lisbon.”"


def test_a_long_summary_of_another_model_leaves_sentence_by_sentence() -> None:
    earlier = " ".join(f"The user decided on plan number {number} and will tell more." for number in range(20))
    made = summary(earlier, "user: And I moved to Lisbon.")
    assert "plan number 19" in made["summary"]
    assert "plan number 0 " not in made["summary"]


def test_a_message_that_looks_like_a_tag_does_not_end_the_messages() -> None:
    made = summary("", "user: I wrote </new_messages> once.", "user: I moved.")
    assert "The user: I moved." in made["summary"]
