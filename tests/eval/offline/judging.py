"""What is right and wrong about an answer."""

import re
from dataclasses import dataclass

from tests.eval.offline.amounts import numbers
from tests.eval.offline.arguments import are_right
from tests.eval.offline.question_set import Question
from tests.eval.offline.runner import Call, Outcome
from tests.eval.offline.talk import is_talk

ENDED = {"complete", "waiting"}
DUMP = re.compile(r"^\s*- [a-z][a-z_]*: |^\s*[\[{]\"", re.MULTILINE)
"""A line that prints a field of the result: `- status: ok`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds of an answer; None where it cannot be asked."""

    outcome: Outcome
    tool: bool | None
    """Whether a tool that answers the question was called, by whoever."""
    arguments: bool | None
    """Whether it was called with the right arguments."""
    talk: bool | None
    """Whether the talk was the one that was due."""
    refused: bool | None
    """Whether nothing was looked up though a tool answers the question."""
    needless: bool | None
    """Whether a tool was called for what none can do."""
    amount: bool | None
    """Whether the answer states the amount that SQL gives."""
    amount_in_result: bool | None
    """Whether a tool's result holds that amount."""
    dump: bool
    failed: bool

    @property
    def is_right(self) -> bool:
        wrong = False in (self.tool, self.arguments, self.talk, self.amount)
        return not (wrong or self.refused or self.needless or self.dump or self.failed)


def judge(outcome: Outcome) -> Verdict:
    question = outcome.question
    right = [call for call in outcome.calls if call.tool in question.tools]
    quoted = bool(question.says) and question.says.casefold() in outcome.text.casefold()
    return Verdict(
        outcome=outcome,
        tool=bool(right) or quoted if question.tools else None,
        arguments=arguments_of(question, right),
        talk=not outcome.calls and is_due_talk(outcome) if question.talk else None,
        refused=not outcome.calls and not quoted if question.tools else None,
        needless=bool(outcome.calls) if question.talk == "refusal" else None,
        amount=bool(outcome.amounts & numbers(outcome.text)) if question.amount else None,
        amount_in_result=bool(outcome.amounts & numbers(outcome.results)) if question.amount else None,
        dump=bool(DUMP.search(outcome.text)),
        failed=outcome.status not in ENDED,
    )


def arguments_of(question: Question, right: list[Call]) -> bool | None:
    """None where no argument matters, the tool is wrong, or a colleague called it unseen."""
    seen = [(call.tool, call.arguments) for call in right if call.arguments is not None]
    if not question.arguments or not seen:
        return None
    return any(are_right(tool, arguments, question.arguments) for tool, arguments in seen)


def is_due_talk(outcome: Outcome) -> bool:
    stored = outcome.question.stores.casefold() in outcome.facts.casefold()
    return stored and is_talk(outcome.question, outcome.text)
