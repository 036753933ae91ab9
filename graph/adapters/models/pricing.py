"""Prices of models, from `prices.yaml`."""

from decimal import Decimal
from pathlib import Path

import yaml

from graph.ports.models import Price, Prices


def read_prices(file: Path = Path(__file__).parent / "prices.yaml") -> Prices:
    """The price table; models that are not in it cost nothing."""
    table = yaml.safe_load(file.read_text("utf-8"))
    return {name: Price(Decimal(row["prompt"]), Decimal(row["completion"])) for name, row in table.items()}
