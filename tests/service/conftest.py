"""Servers and their users."""

from collections.abc import Iterator

import pytest

from tests.support.clients import Client
from tests.support.fakes.scripted_model import ScriptedModel
from tests.support.servers import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the offline model, started by the command that operators use."""
    home, environment = tmp_path_factory.mktemp("offline") / "data", {"RATE_LIMIT_PER_MINUTE": "1000"}
    with running(home, environment, preloaded=False) as started:
        yield started


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[ScriptedModel]:
    with ScriptedModel().serving() as model:
        yield model


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory, scripted_model: ScriptedModel) -> Iterator[Server]:
    """A server whose model does what the message tells it to."""
    environment = {
        "OPENAI_BASE_URL": scripted_model.address,
        "RATE_LIMIT_PER_MINUTE": "1000",
        "MODEL_FIRST_TOKEN_SECONDS": "2",
        "LEASE_SECONDS": "3",
    }
    with running(tmp_path_factory.mktemp("scripted") / "data", environment) as started:
        yield started


@pytest.fixture
def user(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def scripted_user(scripted: Server) -> Iterator[Client]:
    with scripted.client() as client:
        yield client
