"""Speed of `feelit annotate`: frames per second, and relative to real time.

    python benchmarks/annotate.py VIDEO TIMELINE [--codec libx264] [--blur all] [--runs 3]

TIMELINE is the Parquet file written by `feelit analyze VIDEO`. Whole runs are timed, including opening and closing of files,
without the start-up of Python; the fastest run is reported. The baseline is the same transcoding with nothing drawn. CPU
seconds are those of this process with all threads; they depend less on the load of the machine than wall time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from feelit.options.videos import AnnotateOptions
from feelit.render.annotate import annotate_video
from feelit.render.rows import recording_of, view_of
from feelit.video.probe import probe
from feelit.video.transcoding import transcode
from feelit.video.writer import Encoding


def fastest(run: Callable[[Path], None], runs: int) -> tuple[float, float]:
    """Wall and CPU seconds of the fastest of some runs."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(runs):
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            run(Path(folder) / f"{i}.mp4")
            times.append((time.perf_counter() - wall_s, time.process_time() - cpu_s))
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("timeline", type=Path)
    parser.add_argument("--codec", default="libx264")
    parser.add_argument("--blur", default="none", choices=["none", "all"])
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    video: Path = asked.video
    info = probe(video).info
    view = view_of(recording_of(video, asked.timeline))

    def annotated(out: Path) -> None:
        annotate_video(video, view, AnnotateOptions(out=out, codec=asked.codec, blur=asked.blur))

    def transcoded(out: Path) -> None:
        with closing(transcode(info, out, Encoding(asked.codec))) as pictures:
            for _ in pictures:
                pass

    size = f"{info.width_px}x{info.height_px}"
    print(f"{video.name}: {info.packets} frames of {size}, {info.duration_s:.1f} s, {asked.codec}, {os.cpu_count()} cores")
    for name, run in (("floor", transcoded), ("annotate", annotated)):
        wall_s, cpu_s = fastest(run, asked.runs)
        speed, ratio = info.packets / wall_s, info.duration_s / wall_s
        print(f"{name:<9} {speed:7.1f} frames/s {ratio:6.2f} x real time   {1000 * cpu_s / info.packets:6.2f} ms CPU per frame")


if __name__ == "__main__":
    main()
