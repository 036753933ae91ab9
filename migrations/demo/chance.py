"""Chance that comes out the same every time, so that a demo seeded tomorrow tells the same past."""

import random
from decimal import Decimal

from migrations.demo.config import Line

SEED = "ledger-1"


def amount_of(line: Line, chances: random.Random) -> Decimal:
    """An amount within the bounds of a line, in units of its currency."""
    return Decimal(chances.randint(line.low, line.high)).scaleb(-2)


def dice(*names: object) -> random.Random:
    """Randomness that the same names give again."""
    return random.Random(":".join([SEED, *map(str, names)]))  # noqa: S311 - made-up data, no secret
