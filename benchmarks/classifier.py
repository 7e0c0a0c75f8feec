"""Time per face of expression classifiers: networks alone, one thread, in turns.

    python benchmarks/classifier.py models/expression-v5.onnx MINI_XCEPTION.onnx [OTHER.onnx ...] [--batch 32]

Inputs are random, with the shape and type of each network's input; --side is the size of a dynamic side.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

ROUNDS = 60


def faces_for(session: ort.InferenceSession, batch: int, side: int) -> dict[str, Any]:
    """A batch of noise."""
    (given,) = session.get_inputs()
    shape = [batch, *(length if isinstance(length, int) else side for length in given.shape[1:])]
    noise = np.random.default_rng(0).integers(0, 256, shape)
    return {given.name: noise.astype(np.uint8 if given.type == "tensor(uint8)" else np.float32)}


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Milliseconds per face.")
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--side", type=int, default=64)
    arguments = parser.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    networks = {
        path.stem: ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in arguments.networks
    }
    faces = {name: faces_for(network, arguments.batch, arguments.side) for name, network in networks.items()}
    spent: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(ROUNDS):
        for name, network in networks.items():
            start_s = time.perf_counter()
            network.run(None, faces[name])
            spent[name].append((time.perf_counter() - start_s) * 1000 / arguments.batch)
    for name, ms in spent.items():
        print(f"{name:<24} {np.median(ms):7.3f} ms per face (minimum {min(ms):.3f})")


if __name__ == "__main__":
    main()
