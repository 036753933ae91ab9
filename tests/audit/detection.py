"""How much of each kind of value is found, how much of the rest is left alone, how long it takes: `make eval-pii` in small.

python -m tests.audit.detection
"""

from argparse import Namespace

from tests.audit.line import Line
from tests.eval.pii.__main__ import coverages, harms
from tests.eval.pii.generator import SEED
from tests.eval.pii.speed import speeds

VALUES = 200
"""Of each kind in each spelling."""


def measure() -> Line:
    options = Namespace(data=None, count=VALUES, seed=SEED)
    bars = [each.holds for each in (*coverages(options), *harms(options), *speeds())]
    figure = f"{sum(bars)} of {len(bars)} bars hold, with {VALUES} made values of each kind"
    return Line("personal values are found as often as SECURITY.md says", figure, held=all(bars))


if __name__ == "__main__":
    print(measure())
