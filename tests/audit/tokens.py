"""Every token that must name nobody is sent to a running service, and gets one and the same answer.

python -m tests.audit.tokens
"""

import http.client
from urllib.parse import urlsplit

from graph.adapters.auth.local_issuer import ISSUER, load_or_create_key_pair
from tests.audit.line import Line
from tests.fuzz import own_server
from tests.service.test_tokens import SCHEMES, get
from tests.support.fakes.tokens import BAD, TokenForger


def measure() -> Line:
    with own_server() as server:
        forger = TokenForger(ISSUER, load_or_create_key_pair(server.data / "issuer.pem"), server.issuer.kid)
        connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
        sound = forger.token().encode()
        headers = [b"Bearer " + forge(forger).encode("latin-1") for forge in BAD.values()]
        headers += [scheme.replace(b"TOKEN", sound) for scheme in SCHEMES]
        answers = {get(connection, header) for header in headers} | {get(connection)}
        taken = get(connection, b"Bearer " + sound).status == 200
        connection.close()
    statuses = sorted({answer.status for answer in answers})
    return Line(
        "A token that is not the issuer's for a signed-in user is told the same as none",
        f"{len(headers)} tokens, {len(answers)} different answers, status {', '.join(map(str, statuses))}",
        taken and len(answers) == 1 and statuses == [401],
    )


if __name__ == "__main__":
    print(measure())
