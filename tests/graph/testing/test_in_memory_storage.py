"""Profiles, facts and files in memory."""

import pytest

from graph.ports.redaction import Vault
from graph.ports.storage import Facts, Profiles
from graph.testing.in_memory_storage import InMemoryFacts, InMemoryFiles, InMemoryProfiles
from graph.testing.in_memory_vault import InMemoryVault
from tests.graph.ports.storage_contract import FactsContract, ProfilesContract, StoredFilesContract, WritableFiles


@pytest.fixture
def vault() -> Vault:
    return InMemoryVault()


@pytest.fixture
def profiles(vault: Vault) -> Profiles:
    return InMemoryProfiles(vault)


@pytest.fixture
def facts() -> Facts:
    return InMemoryFacts()


@pytest.fixture
def files() -> WritableFiles:
    return InMemoryFiles()


class TestInMemoryProfiles(ProfilesContract):
    """The twin keeps the contract."""


class TestInMemoryFacts(FactsContract):
    """The twin keeps the contract."""


class TestInMemoryFiles(StoredFilesContract):
    """The twin keeps the contract."""
