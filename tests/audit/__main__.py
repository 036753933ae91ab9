"""Measures every promise of SECURITY.md and prints a line for each, with its figure.

    make audit [ARGS="canaries matrix"]

Exit code 1 if one does not hold.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Iterator
from importlib import import_module

from tests.audit.line import Line

MEASURES = (
    *("tokens", "rotation", "bombs", "documented"),
    *("matrix", "borrowings", "vectors"),
    *("detection", "suites", "canaries"),
)
"""Modules beside this one; each has a function `measure` that gives a line, or several."""


def lines_of(name: str) -> Iterator[Line]:
    """What a module measures; if that breaks, the promise is not held."""
    try:
        measured = import_module(f"tests.audit.{name}").measure()
        yield from [measured] if isinstance(measured, Line) else measured
    except Exception as error:  # noqa: BLE001 - a broken measurement is a broken promise
        traceback.print_exc()
        yield Line(name, f"the measurement broke: {type(error).__name__}", held=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], default=[], help="what to measure (default: all)")
    broken, began = 0, time.monotonic()
    for name in parser.parse_args().names or MEASURES:
        for line in lines_of(name):
            print(line, flush=True)
            broken += not line.held
    print(f"{broken} promises broken, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
