"""Bodies that are made to break a service are sent to a running one while somebody else uses it.

python -m tests.audit.bombs
"""

import time
from collections import Counter

from tests.audit.line import Line
from tests.fuzz import own_server
from tests.service.test_bad_input import BOMBS, JSON, PASS_SECONDS, others_are_served, stored_by

ROUNDS = 3


def measure() -> Line:
    statuses: Counter[int] = Counter()
    slowest, is_waiting = 0.0, [0.0]
    with own_server() as server, server.client() as user:
        for _ in range(ROUNDS):
            for make in BOMBS.values():
                content, headers = make()
                with others_are_served(server) as meanwhile:
                    began = time.perf_counter()
                    status = user.post("/api/chat", content=content, headers={**JSON, **headers}).status_code
                    slowest = max(slowest, time.perf_counter() - began)
                statuses[status] += 1
                is_waiting += meanwhile
        rows = stored_by(server, user.user)
    refused = sum(count for status, count in statuses.items() if 400 <= status < 500)
    return Line(
        "Bombs are refused, store nothing and keep nobody else waiting",
        f"{refused} of {statuses.total()} refused ({len(BOMBS)} kinds), {rows} rows stored, slowest answer "
        f"{slowest * 1000:.0f} ms, longest wait of others {max(is_waiting) * 1000:.0f} ms",
        refused == statuses.total() and not rows and max(is_waiting) < PASS_SECONDS,
    )


if __name__ == "__main__":
    print(measure())
