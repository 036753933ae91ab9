"""The vault in memory."""

import pytest

from graph.testing.in_memory_vault import InMemoryVault
from tests.graph.ports.vault_contract import VaultContract


@pytest.fixture
def vault() -> InMemoryVault:
    return InMemoryVault()


class TestInMemoryVault(VaultContract):
    """The twin keeps the contract."""
