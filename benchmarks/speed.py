"""Speed of `feelit analyze`, with two baselines measured in the same run.

    python benchmarks/speed.py VIDEO [--loop per_frame_loop.py YUNET.onnx MINI_XCEPTION.onnx]

The first baseline is the decode limit: decoding all luma with FFmpeg's default number of threads, without any analysis. The
second is any script that analyses a video frame by frame and prints `fps=...` last. Whole processes are timed, start-up
included. `first work` is an upper bound of the time to the first result: a whole run over half a second of the video. Bytecode
is cached, as in an installed package, regardless of PYTHONDONTWRITEBYTECODE.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def decode_limit(video: str) -> float:
    """Frames per second."""
    start_s = time.perf_counter()
    with av.open(video) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = sum(1 for frame in container.decode(stream) if frame.planes[0].buffer_size)
    return frames / (time.perf_counter() - start_s)


def frames_of(video: str) -> int:
    """The number of frames according to the container."""
    with av.open(video) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)


def analyze_s(video: str, *options: str) -> float:
    """Wall seconds of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "feelit", "analyze", video, "--quiet"]
        start_s = time.perf_counter()
        subprocess.run([*command, "--out", str(Path(folder) / "out.parquet"), *options], check=True, env=ENVIRONMENT)
        return time.perf_counter() - start_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--loop", nargs="+", metavar="ARG", help="a script, and its arguments after the video")
    arguments = parser.parse_args()
    video: str = arguments.video
    frames = frames_of(video)
    print(f"first work       at most {min(analyze_s(video, '--end', '0.5') for _ in range(3)):.2f} s")
    limit = decode_limit(video)
    print(f"decode limit     {limit:8.1f} frames/s")
    for rate in ("10", "1", "native"):
        speed = frames / analyze_s(video, "--rate", rate)
        print(f"rate {rate:<12}{speed:8.1f} frames/s   {speed / limit:.3f} of the decode limit", flush=True)
    if arguments.loop:
        script, *rest = arguments.loop
        printed = subprocess.run([sys.executable, script, video, *rest], check=True, capture_output=True, text=True).stdout
        loop = float(printed.rsplit("fps=", 1)[1].split()[0])
        print(f"per-frame loop   {loop:8.1f} frames/s   {loop / limit:.3f} of the decode limit")
        print(f"native rate is {speed / loop:.1f} x the per-frame loop")


if __name__ == "__main__":
    main()
