"""How much of each kind of value is found, how much of the rest is left alone, how long it takes: `make eval-pii` in small.

python -m tests.audit.detection
"""

from argparse import Namespace

from tests.audit.line import Line
from tests.eval.pii.__main__ import coverages, harms
from tests.eval.pii.coverage import Coverage
from tests.eval.pii.generator import SEED
from tests.eval.pii.harmless import Harm
from tests.eval.pii.speed import Speed, speeds

VALUES = 200
"""Of each kind in each spelling."""


def measure() -> Line:
    options = Namespace(data=None, count=VALUES, seed=SEED)
    bars: list[Coverage | Harm | Speed] = [*coverages(options), *harms(options), *speeds()]
    missed = [told(bar) for bar in bars if not bar.holds]
    figure = f"{len(bars) - len(missed)} of {len(bars)} bars hold, with {VALUES} made values of each kind"
    return Line("personal values are found as often as SECURITY.md says", "; ".join([figure, *missed]), held=not missed)


def told(bar: Coverage | Harm | Speed) -> str:
    """What a bar that does not hold is about, and by how much."""
    match bar:
        case Coverage():
            return f"{bar.kind} {bar.spelling} {bar.share:.2%}"
        case Harm():
            return f"{bar.name} {bar.share:.2%}"
        case Speed():
            return f"{bar.name} {bar.seconds * 1000:.0f} ms"


if __name__ == "__main__":
    print(measure())
