"""Face detectors by working size: milliseconds per image and recall on annotated photographs.

    python benchmarks/detector_sizes.py FACES [--source wider_us] DETECTOR.onnx...

FACES is any data that `feelit evaluate` accepts for detectors. Photographs are scaled to a long side of at most 320, 512 and
640 px. Recall is at 0.1 false faces per image, for faces from 32 px in the stored photograph. Times are medians on one thread
on pictures of 5:3 with that long side, with post-processing, all detectors in turns, so that a busy machine slows all of them;
and the ratio to the last detector given, which should be YuNet.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.evaluation.detector.images import find_images
from feelit.options.models import EvaluateFacesOptions
from feelit.scaling import detector_view
from feelit.types import UInt8
from feelit.vision.detector import FaceDetector, view_of

SIDES = ((320, 192), (512, 288), (640, 384))
BATCH, ROUNDS = 8, 15


def timed(detectors: dict[str, FaceDetector], pictures: list[UInt8], size: tuple[int, int]) -> dict[str, float]:
    """Milliseconds per image."""
    spent: dict[str, list[float]] = {name: [] for name in detectors}
    for _ in range(ROUNDS):
        for name, detector in detectors.items():
            view = view_of(*size, 1, detector.color)
            shown = [
                p if detector.color == "bgr" else np.asarray(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), np.uint8) for p in pictures
            ]
            images = np.stack([detector_view(np.asarray(cv2.resize(p, size), np.uint8), view) for p in shown])
            start = time.perf_counter()
            detector.detect(images, view)
            spent[name].append((time.perf_counter() - start) * 1000 / len(images))
    return {name: float(np.median(ms)) for name, ms in spent.items()}


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Face detectors by working size.")
    parser.add_argument("faces", type=Path)
    parser.add_argument("detectors", type=Path, nargs="+")
    parser.add_argument("--source", help="only images with this value in the column `source`")
    parser.add_argument("--min-face-px", type=float, default=32.0)
    arguments = parser.parse_args()
    detectors = {path.stem: FaceDetector(path, "cpu") for path in arguments.detectors}
    photographs = find_images(arguments.faces).read()
    pictures = [next(photographs).pixels("bgr") for _ in range(BATCH)]
    for size in SIDES:
        ms = timed(detectors, pictures, size)
        for path in arguments.detectors:
            question = EvaluateFacesOptions(min_face_px=arguments.min_face_px, long_px=size[0], source=arguments.source)
            score = evaluate_faces(path, arguments.faces, question).sizes[0]
            text = (
                f"{size[0]}x{size[1]} {path.stem:16} ms={ms[path.stem]:.2f} ratio={ms[path.stem] / list(ms.values())[-1]:.2f} "
            )
            text += f"recall={score.recall_at_one_false_in_ten_images:.3f} ap={score.average_precision:.3f}"
            print(f"{text} faces={score.faces}", flush=True)


if __name__ == "__main__":
    main()
