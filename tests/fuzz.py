"""Requests made from the OpenAPI file, right ones and wrong ones: each is answered as the file says, and none breaks anything.

python -m tests.fuzz [examples of each kind for each route]
"""

import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning, Unsatisfiable
from hypothesis.internal.conjecture import utils as conjecture
from hypothesis_jsonschema import _from_schema as from_schema
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from tests.support.clients import Client
from tests.support.servers import Server, running

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PATIENCE = 30
LONG = 300
"""Examples of each kind for each route in `make fuzz`."""


@dataclass
class Outcome:
    """What was asked, and how it was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    routes: int = 0

    def __str__(self) -> str:
        told = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.statuses.items()))
        return f"{sum(self.statuses.values()):,} requests to {self.routes} routes ({told}): {len(self.faults)} faults"


def fuzz(server: Server, examples: int, number: int = 5) -> Outcome:
    """Try every route with so many right requests and so many wrong ones; `number` is the seed."""
    outcome = Outcome()
    with understanding_one_another():
        try_all(server, examples, number, outcome)
    return outcome


def try_all(server: Server, examples: int, number: int, outcome: Outcome) -> None:
    schema = schemathesis.openapi.from_dict(documentation(server))
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # an invalid operation raises
        outcome.routes += 1
        for mode in GenerationMode if takes_anything(operation) else [GenerationMode.POSITIVE]:
            with server.client() as client:
                try:
                    try_route(operation, mode, client, examples, number, outcome)
                except Unsatisfiable:  # any text is right there
                    continue
                except (Exception, FailureGroup) as error:  # noqa: BLE001 - the other routes are tried
                    outcome.faults.append(f"{operation.label} ({mode.value}): {error}")


def documentation(server: Server) -> dict[str, Any]:
    """The OpenAPI file, but for how callers sign in: tokens are made and tried elsewhere."""
    document: dict[str, Any] = httpx.get(f"{server.address}/openapi.json").json()
    for routes in document["paths"].values():
        for route in routes.values():
            route.pop("security", None)
    return document


def takes_anything(operation: APIOperation[Any, Any, Any]) -> bool:
    """Whether there is something that a request could get wrong."""
    return bool([*operation.path_parameters, *operation.query, *operation.headers, *operation.body])


def try_route(
    operation: APIOperation[Any, Any, Any],
    mode: GenerationMode,
    client: Client,
    examples: int,
    number: int,
    outcome: Outcome,
) -> None:
    own = belongings(client) if operation.path_parameters else {}

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def ask(case: Case, known: bool) -> None:
        if known:  # an id that was made up is never found
            case.path_parameters.update({name: own[name] for name in case.path_parameters if name in own})
        headers = {"Authorization": client.headers["Authorization"]}
        response = case.call(base_url=str(client.base_url), headers=headers, timeout=PATIENCE)
        outcome.statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    ask()


def belongings(client: Client) -> Mapping[str, str]:
    """Ids of what a new user has, by the names that routes give them."""
    answer = client.ask("hello")
    messages = client.get(f"/api/sessions/{answer.session}/messages").json()["items"]
    fact = client.post("/api/memory", json={"fact": "likes tea"}).json()
    ids = {"session_id": answer.session, "run_id": answer.run, "message_id": messages[-1]["id"], "fact_id": fact["id"]}
    return {**ids, "slug": "tag-ai"}


@contextmanager
def own_server() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", {"RATE_LIMIT_PER_MINUTE": "1000"}) as started,
    ):
        yield started


class Many(conjecture.many):
    """How hypothesis draws collections, with the method that it had before 6.170 and that hypothesis-jsonschema 0.23 calls."""

    def more(self) -> bool:
        """Whether another element is to be drawn."""
        if not self._iterated:
            self.__enter__()
            self._steps = iter(self)
        if next(self._steps, self) is None:
            return True
        self.__exit__(None)
        return False


@contextmanager
def understanding_one_another() -> Iterator[None]:
    """Make hypothesis-jsonschema work with this version of hypothesis."""
    known = vars(conjecture) | ({} if hasattr(conjecture.many, "more") else {"many": Many})
    with patch.object(from_schema, "cu", SimpleNamespace(**known)), warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        yield


def main(examples: int = LONG) -> int:
    began = time.monotonic()
    with own_server() as server:
        outcome = fuzz(server, examples)
    print(*outcome.faults, f"{outcome} in {time.monotonic() - began:.0f} s", sep="\n\n")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
