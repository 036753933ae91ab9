"""Runs conversations against a service of its own and judges every turn."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.eval.offline.judging import Verdict, judge
from tests.eval.offline.question_set import Conversation
from tests.eval.offline.runner import CONVERSATIONS_OF_A_USER, Runner, service

STEP = 100
"""Progress is printed after so many questions."""


def measure(asked: Sequence[Conversation]) -> list[Verdict]:
    """The verdicts over all turns, in the order of the files; progress goes to the error stream."""
    texts = [turn.text for each in asked for turn in each.turns]
    verdicts: list[Verdict] = []
    with TemporaryDirectory() as home, service(Path(home) / "data") as server, ExitStack() as stack:
        users = 1 + len(asked) // CONVERSATIONS_OF_A_USER
        runner, began = Runner(server, stack, users), time.monotonic()
        for outcomes in runner.run(asked):
            if (len(verdicts) + len(outcomes)) // STEP > len(verdicts) // STEP:
                print(
                    f"{len(verdicts)} of {len(texts)} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True
                )
            verdicts += map(judge, outcomes)
    return sorted(verdicts, key=lambda each: texts.index(each.outcome.question.text))
