"""Reproducible randomness: what happens on a day depends on its date alone, so a demo seeded tomorrow has the same past."""

import random
from decimal import Decimal

from migrations.demo.config import StatementLine

SEED = "ledger-1"


def random_amount(line: StatementLine, chances: random.Random) -> Decimal:
    """A random amount within the bounds of a line, in units of its currency."""
    return Decimal(chances.randint(line.low, line.high)).scaleb(-2)


def random_source(*names: object) -> random.Random:
    """A random generator that is seeded by names: the same names give the same numbers."""
    return random.Random(":".join([SEED, *map(str, names)]))  # noqa: S311 - made-up data, no secret
