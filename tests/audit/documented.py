"""Requests made from the OpenAPI file are answered as it says.

python -m tests.audit.documented
"""

from tests.audit.line import Line
from tests.fuzz import fuzz, own_server

EXAMPLES = 40


def measure() -> Line:
    with own_server() as server:
        outcome = fuzz(server, EXAMPLES)
    return Line("Requests made from the OpenAPI file are answered as it says", str(outcome), not outcome.faults)


if __name__ == "__main__":
    print(measure())
