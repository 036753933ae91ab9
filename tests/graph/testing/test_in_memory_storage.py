"""Facts and files in memory."""

import pytest

from graph.ports.storage import Facts
from graph.testing.in_memory_storage import InMemoryFacts, InMemoryFiles
from tests.graph.ports.storage_contract import FactsContract, StoredFilesContract, WritableFiles


@pytest.fixture
def facts() -> Facts:
    return InMemoryFacts()


@pytest.fixture
def files() -> WritableFiles:
    return InMemoryFiles()


class TestInMemoryFacts(FactsContract):
    """The twin keeps the contract."""


class TestInMemoryFiles(StoredFilesContract):
    """The twin keeps the contract."""
