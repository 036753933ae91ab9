"""Measures the layout of the product's code and prints each figure beside its bar.

    python -m tests.structure [--list]

Exit code 1 if a bar is missed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.structure.figures import measure
from tests.structure.rings import RINGS
from tests.structure.source import read_modules

ROOT = Path(__file__).parents[2]
MAX_DETAILS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__)
    parser.add_argument("--list", action="store_true", help="everything that was counted, not only what misses a bar")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    figures = measure(read_modules(options.root), RINGS)
    for figure in figures:
        print(figure)
        details = figure.details if options.list else () if figure.held else figure.details[:MAX_DETAILS]
        for detail in details:
            print(f"          {detail}")
        if not figure.held and len(details) < len(figure.details):
            print(f"          and {len(figure.details) - len(details)} more: --list")
    missed = sum(not figure.held for figure in figures)
    print(f"{missed} of {len(figures)} bars missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
