"""`make eval-pii`: how much of what is personal is masked, how much of the rest is left alone, and how long it takes."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from tests.eval.pii.coverage import Coverage, made, spellings
from tests.eval.pii.everyday import MAX_ALTERED as MAX_EVERYDAY
from tests.eval.pii.everyday import everyday
from tests.eval.pii.generator import KINDS, SEED
from tests.eval.pii.hard import hard
from tests.eval.pii.harmless import Harm, harm, harmless
from tests.eval.pii.labelled import HALVES, MAX_BANK_QUESTIONS, bank_questions, labelled
from tests.eval.pii.merchants import card_merchants, demo_merchants, questions
from tests.eval.pii.speed import Speed, speeds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.eval.pii", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of labelled texts and questions to a bank")
    parser.add_argument("--count", type=int, default=2000, help="made values of each kind (2000)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the made values")
    parser.add_argument("--misses", type=int, default=5, help="so many misses of each kind are printed (5)")
    options = parser.parse_args()
    held = [line.holds for line in report(options)]
    print(f"\n{sum(held)} of {len(held)} bars hold")
    sys.exit(not all(held))


def report(options: argparse.Namespace) -> Iterator[Coverage | Harm | Speed]:
    """Print each figure when it is there."""
    print(f"{'kind':<10} {'spelling':<18} {'values':>7} {'characters':>10} {'whole':>8} {'bar':>7}")
    for coverage in coverages(options):
        print(covered_line(coverage), flush=True)
        print_some([f"{miss.value!r} in {miss.text!r}" for miss in coverage.misses], options.misses)
        yield coverage
    print(f"\n{'harmless':<28} {'texts':>8} {'altered':>8}")
    for done in harms(options):
        print(f"{done.name:<28} {done.texts:>8} {done.share:>8.2%}{verdict(done.holds)}")
        print_some([f"{masked} in {text!r}" for text, masked in done.altered], options.misses)
        yield done
    print(f"\n{'time on one processor':<40} {'ms':>8} {'at most':>8}")
    for speed in speeds():
        print(f"{speed.name:<40} {speed.seconds * 1000:>8.1f} {speed.most * 1000:>8.0f}{verdict(speed.holds)}")
        yield speed


def coverages(options: argparse.Namespace) -> Iterator[Coverage]:
    jobs = [(kind, spelling) for kind in KINDS for spelling in spellings(kind)]
    with ProcessPoolExecutor() as workers:
        yield from workers.map(made, *zip(*jobs, strict=True), repeat(options.count), repeat(options.seed))
    if options.data:
        for part in HALVES:
            yield from labelled(options.data, part)
        yield from hard(options.data)


def harms(options: argparse.Namespace) -> Iterator[Harm]:
    yield harm("made", harmless(options.count, options.seed))
    yield harm("everyday sentences", everyday(seed=options.seed), MAX_EVERYDAY)
    yield harm("merchants of the demo", questions(demo_merchants()))
    if options.data:
        yield harm("questions to a bank", bank_questions(options.data), MAX_BANK_QUESTIONS)
        yield harm("merchants of cards", questions(card_merchants(options.data)))


def covered_line(coverage: Coverage) -> str:
    return (
        f"{coverage.kind:<10} {coverage.spelling:<18} {coverage.values:>7} {coverage.share_of_characters:>10.2%}"
        f" {coverage.share:>8.2%}"
        f" {coverage.bar:>7.0%}{verdict(coverage.holds)}"
    )


def verdict(holds: bool) -> str:
    return "" if holds else "   BELOW THE BAR"


def print_some(lines: Sequence[str], most: int) -> None:
    for line in lines[:most]:
        print(f"    {line}")
    if len(lines) > most > 0:
        print(f"    … and {len(lines) - most} more")


if __name__ == "__main__":
    main()
