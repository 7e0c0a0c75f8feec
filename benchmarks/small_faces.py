"""Small faces: recall and cost, compared with a run that detects large faces only.

    python benchmarks/small_faces.py VIDEO TRUTH.parquet [--by 4]

The video is scaled down and placed on a blurred pattern of the original size, with the boxes of TRUTH (frame, x0, y0, x1, y1
px). Both runs are whole `feelit analyze` processes at ten samples per second with two workers; CPU time is that of all
processes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
import pyarrow.parquet as pq

from feelit.evaluation.detector.metrics import match_faces
from feelit.types import Float32, UInt8

BOX = ("x0", "y0", "x1", "y1")


def ground(width: int, height: int) -> UInt8:
    """A blurred pattern, (H, W, 3)."""
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return np.clip((cv2.GaussianBlur(noise, (0, 0), 9).astype(np.float32) - 128) * 6 + 110, 0, 255).astype(np.uint8)


def shrink(video: Path, out: Path, by: float) -> tuple[int, int]:
    """Write the scaled video; gives its left and top px."""
    with av.open(str(video)) as source, av.open(str(out), "w") as target:
        picture = source.streams.video[0]
        width, height = picture.width, picture.height
        rate = picture.average_rate or Fraction(25)
        stream = target.add_stream("libx264", rate, {"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = picture.time_base
        size = round(width / by), round(height / by)
        left, top = (width - size[0]) // 3, (height - size[1]) // 3
        canvas = ground(width, height)
        for frame in source.decode(picture):
            small = cv2.resize(frame.to_ndarray(format="bgr24"), size, interpolation=cv2.INTER_AREA)
            canvas[top : top + size[1], left : left + size[0]] = small
            shown = av.VideoFrame.from_ndarray(canvas, "bgr24")
            shown.pts, shown.time_base = frame.pts, frame.time_base
            target.mux(stream.encode(shown))
        target.mux(stream.encode(None))
    return left, top


def boxes(path: Path) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Float32]:
    """Frames and boxes of the rows with a box."""
    table = pq.read_table(path, columns=["frame", *BOX]).drop_null()
    return table["frame"].to_numpy(), np.stack([table[name].to_numpy() for name in BOX], axis=1).astype(np.float32)


def analyze(video: Path, out: Path, *options: str) -> float:
    """Run the program; gives seconds of CPU."""
    before = os.times()
    command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", str(video), "--out", str(out)]
    subprocess.run([*command, "--workers", "2", "--device", "cpu", *options], check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--by", type=float, default=4.0)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        small = Path(folder) / "small.mp4"
        left, top = shrink(asked.video, small, asked.by)
        frame, box = boxes(asked.truth)
        box = box / np.float32(asked.by) + np.array([left, top, left, top], np.float32)
        side = np.sqrt(np.prod(box[:, 2:] - box[:, :2], axis=1))
        with av.open(str(small)) as source:
            short = min(source.streams.video[0].width, source.streams.video[0].height)
        cost: list[float] = []
        for name, options in (("large only", ("--min-face", str(short / 12))), ("usual", ())):
            out = Path(folder) / f"{name}.parquet"
            cost.append(analyze(small, out, *options))
            sampled = np.unique(pq.read_table(out, columns=["frame"])["frame"].to_numpy())
            seen_frame, seen = boxes(out)
            faces = found = false = 0
            for number in sampled:
                truth, mine = box[frame == number], seen[seen_frame == number]
                hit = match_faces(mine, np.ones(len(mine), np.float32), truth, np.zeros(len(truth), bool)).hit.sum()
                faces, found, false = faces + len(truth), found + int(hit), false + len(mine) - int(hit)
            sizes = f"{np.quantile(side, 0.05):.0f} to {np.quantile(side, 0.95):.0f} px"
            text = f"{name}: {len(sampled)} frames, {faces} faces of {sizes}, recall={found / faces:.3f} "
            text += f"false_per_frame={false / len(sampled):.4f} cpu_s={cost[-1]:.1f} ratio={cost[-1] / cost[0]:.2f}"
            print(text)


if __name__ == "__main__":
    main()
