"""Only an embedder that computes in this process gets a text before it is masked."""

from pathlib import Path

import pytest

from graph.adapters.embeddings.local import LocalEmbedder
from graph.settings import Settings
from graph.wiring.models import build_embedder
from graph.wiring.prefetching import prefetching_embedder
from tests.support.prepared_data import copy_model


@pytest.mark.parametrize(("embeddings", "is_prefetched"), [("local", True), ("openai", False)])
def test_only_a_local_embedder_is_prefetched(tmp_path: Path, embeddings: str, is_prefetched: bool) -> None:
    copy_model(tmp_path)
    settings = Settings(_env_file=None, data_dir=tmp_path, openai_api_key="sk-test", embeddings=embeddings)
    embedder = build_embedder(settings)
    assert isinstance(embedder, LocalEmbedder) is is_prefetched
    assert (prefetching_embedder(embedder) is not None) is is_prefetched
