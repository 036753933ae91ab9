"""LangGraph Studio's servers, and their clients."""

from collections.abc import Iterator

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from tests.support.studio import RECORDINGS, Studio, studio_server


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio_server(tmp_path_factory.mktemp("studio")) as started:
        yield started


@pytest.fixture(scope="session")
def recorded_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A server on the recording of a turn with two parallel tool calls."""
    with studio_server(tmp_path_factory.mktemp("recorded_studio"), RECORDINGS / "parallel_tools.json") as started:
        yield started


@pytest.fixture
def client(studio: Studio) -> Iterator[SyncLangGraphClient]:
    """A client of the SDK."""
    with get_sync_client(url=studio.address) as client:
        yield client


@pytest.fixture
def thread(client: SyncLangGraphClient) -> str:
    """A new thread."""
    return str(client.threads.create()["thread_id"])
