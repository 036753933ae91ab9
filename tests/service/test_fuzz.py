"""Requests made from the documentation are answered as it says: the short form of `make fuzz`."""

from tests.fuzz import fuzz
from tests.support.servers import Server

EXAMPLES = 3


def test_requests_made_from_the_documentation_are_answered_as_it_says(server: Server) -> None:
    outcome = fuzz(server, EXAMPLES)
    assert outcome.faults == []
    assert outcome.routes >= 20
    assert sum(outcome.statuses.values()) > 80
    assert {200, 404, 422} <= outcome.statuses.keys()
