"""The vault in memory."""

import pytest

from graph.testing.in_memory_vault import MemoryVault
from tests.graph.adapters.vault_contract import VaultContract


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


class TestMemoryVault(VaultContract):
    """Keeps the contract."""
