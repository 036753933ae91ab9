"""`make bench`: this runtime beside plain LangGraph and beside the bare model, on one machine in one run."""

import argparse
import asyncio
import sys
import time
from dataclasses import replace
from functools import partial

import uvloop

from tests.bench import checkpointers
from tests.bench.hotspots import profile
from tests.bench.measure import FULL, QUICK, measure
from tests.bench.processes import OURS, ROOT, set_up
from tests.bench.prompts import prompt_sizes, prompt_table
from tests.bench.report import conditions, draw, rewrite, table

PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "performance.png"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few turns of everything; the page is left as it is")
    parser.add_argument("--rounds", type=int, help="medians of so many rounds")
    parser.add_argument("--gap-ms", type=float, default=0.0, help="what the model waits before each token (0)")
    parser.add_argument("--profile", action="store_true", help="the lines of a turn that cost most, instead")
    parser.add_argument("--checkpointers", action="store_true", help="our checkpointer beside LangGraph's instead")
    parser.add_argument(
        "--prompts", action="store_true", help="the tokens of a first question to each employee instead"
    )
    options = parser.parse_args()
    if options.prompts:
        print(prompt_table(prompt_sizes()))
        return
    progress = partial(say, time.monotonic())
    if options.checkpointers:
        uvloop.run(run_checkpointers(options, progress))
    else:
        asyncio.run(run(options, progress))


async def run(options: argparse.Namespace, say: "partial[None]") -> None:
    plan = QUICK if options.quick else FULL
    plan = replace(plan, rounds=options.rounds or plan.rounds)
    async with set_up(say, options.gap_ms) as stage:
        if options.profile:
            print(await profile(stage, 20 if options.quick else 400, say))
            return
        rows = await measure(stage, plan, say)
        with stage.row_sizes(OURS) as row_sizes:
            measured = f"{conditions(plan, row_sizes.version(), options.gap_ms)}\n\n{table(rows)}"
    print(measured)
    if not options.quick:
        rewrite(PAGE, measured)
        draw(rows, CHART)
        say(f"written to {PAGE.relative_to(ROOT)} and {CHART.relative_to(ROOT)}")


async def run_checkpointers(options: argparse.Namespace, say: "partial[None]") -> None:
    """On uvloop, as the service runs; here what is measured runs in this process."""
    plan = checkpointers.QUICK if options.quick else checkpointers.FULL
    measured = await checkpointers.run(replace(plan, rounds=options.rounds or plan.rounds), say)
    print(measured)
    if not options.quick:
        rewrite(PAGE, measured, *checkpointers.MARKS)
        say(f"written to {PAGE.relative_to(ROOT)}")


def say(began: float, line: str) -> None:
    print(f"{time.monotonic() - began:5.0f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
