"""The service on a fixed day, so that a question means the same days whenever it is asked."""

import datetime as dt

from graph.settings import read_settings
from graph.wiring.catalogue import Catalogue
from server import main

TODAY = dt.date(2026, 11, 24)
"""A Tuesday. What the questions mean by "last week" is written down for this day."""


def noon() -> dt.datetime:
    """Noon of that day by universal time, when it is the same day where the demo user lives."""
    return dt.datetime.combine(TODAY, dt.time(12), dt.UTC)


if __name__ == "__main__":
    main(read_settings(), Catalogue(clock=noon))
