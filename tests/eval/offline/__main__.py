"""`make eval-offline`: how well the offline model answers what people ask, for a user with a known ledger on a fixed day."""

import argparse
import sys
from collections.abc import Sequence

from tests.eval.offline.figures import figures, kinds
from tests.eval.offline.judging import Verdict
from tests.eval.offline.measuring import measure
from tests.eval.offline.question_set import HALVES, conversations, sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.eval.offline", description=__doc__)
    parser.add_argument("--half", choices=HALVES, help="only this half (both)")
    parser.add_argument("--kind", help="only the questions of this file")
    parser.add_argument("--sample", action="store_true", help="only the sample that the tests measure")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="print so many misses of each kind (0)")
    options = parser.parse_args()
    asked = [
        each
        for each in (sample() if options.sample else conversations())
        if options.half in (None, each.half) and options.kind in (None, each.turns[0].kind)
    ]
    verdicts = measure(asked)
    held = [report(half, [each for each in verdicts if each.outcome.question.half == half]) for half in HALVES]
    print_misses(verdicts, options.misses)
    sys.exit(not all(held))


def report(half: str, verdicts: Sequence[Verdict]) -> bool:
    """Print the figures of a half; whether it reaches every bar."""
    if not verdicts:
        return True
    print(f"\n{half}: {len(verdicts)} questions")
    found = figures(verdicts)
    print(*found.values(), sep="\n")
    print(f"\n  {'kind':<24} {'right':>12}")
    for kind, some in kinds(verdicts).items():
        right = sum(each.is_right for each in some)
        print(f"  {kind:<24} {right:>4} of {len(some):>4} {right / len(some):>7.1%}")
    return all(figure.holds for figure in found.values())


def print_misses(verdicts: Sequence[Verdict], most: int) -> None:
    for kind, some in kinds(verdicts).items():
        for each in [verdict for verdict in some if not verdict.is_right][:most]:
            print(f"\n{kind}: {each.outcome.question.text}\n{explanation(each)}")


def explanation(verdict: Verdict) -> str:
    """What was expected and what came, in a few lines."""
    outcome, question = verdict.outcome, verdict.outcome.question
    due = " or ".join(sorted(question.tools)) or question.talk
    meant = f" with {dict(question.arguments)}" if question.arguments else ""
    amounts = " or ".join(f"{each:.2f}" for each in sorted(outcome.amounts))
    amount = f", stating {amounts}" if amounts else ""
    came = "; ".join(f"{call.tool} {call.arguments}" for call in outcome.calls) or "no call"
    return f"  due: {due}{meant}{amount}\n  came: {came} ({outcome.status})\n  said: {outcome.text[:200]!r}"


if __name__ == "__main__":
    main()
