"""The embedder's network: it says when it is done, what went wrong, and lets its process end."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from graph.adapters.embeddings.local import quantised_model_file
from graph.adapters.embeddings.onnx_model import OnnxEncoder

END_IN_THE_MIDST = """
import asyncio, sys
from pathlib import Path
from graph.adapters.embeddings.onnx_model import OnnxEncoder

async def begin(network):
    network.run([2000] * 250)

network = OnnxEncoder(Path(sys.argv[1]))
asyncio.run(begin(network))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantised_model_file(tmp_path_factory.mktemp("network"))


async def test_each_token_has_a_row(file: Path) -> None:
    assert (await OnnxEncoder(file).run([101, 2000, 102])).shape == (3, 384)


async def test_texts_computed_at_once_do_not_get_one_anothers_rows(file: Path) -> None:
    network = OnnxEncoder(file)
    texts = [[101, *range(2000, 2000 + number), 102] for number in range(1, 20)]
    alone = [await network.run(text) for text in texts]
    together = await asyncio.gather(*map(network.run, texts))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))


async def test_what_goes_wrong_in_it_is_raised(file: Path) -> None:
    with pytest.raises(RuntimeError, match="indices element out of data bounds"):
        await OnnxEncoder(file).run([10**9])


async def test_it_continues_after_a_caller_stopped_waiting(file: Path) -> None:
    network = OnnxEncoder(file)
    given_up = asyncio.ensure_future(network.run([2000] * 250))
    given_up.cancel()
    assert (await network.run([2000])).shape == (1, 384)


def test_a_process_that_ends_while_it_computes_ends_well(file: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", END_IN_THE_MIDST, file], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_import_changes_no_environment_variable() -> None:
    code = (
        "import os, sys; before = dict(os.environ); import graph.adapters.embeddings.onnx_model as it; "
        "assert dict(os.environ) == before; assert 'onnxruntime' not in sys.modules; "
        "it.import_onnxruntime(); assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
