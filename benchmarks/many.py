"""Overhead per video, besides decoding and inference, for many short videos.

    python benchmarks/many.py VIDEO [--copies 1000] [--seconds 2] [--workers 2]

Makes a clip of the first seconds of a video by copying packets, and copies of that clip. The same segments are run twice, with
the same engine and number of workers: alone, as tasks prepared in advance (decoding and inference only), and by
`analyze_videos` into a folder (finding, opening, tracking, writing, the manifest). The difference is the overhead per video: in
wall time, and in CPU time of all processes, which depends less on other programs.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av

from feelit.options import AnalyzeOptions, RunOptions
from feelit.run.engines import Order
from feelit.run.engines.local import LocalEngine
from feelit.run.job import VideoReport
from feelit.run.pipeline import LEAST_SEGMENT_S, analyze_videos, resolve
from feelit.run.plan import Source, cut, find_videos
from feelit.run.task import Task
from feelit.types import VideoInfo
from feelit.video.probe import probe


class Silent:
    """Progress that prints nothing."""

    def started(self, source: Source, info: VideoInfo) -> None: ...

    def advanced(self, source: Source, frames: int) -> None: ...

    def finished(self, report: VideoReport) -> None: ...


def clip(video: Path, seconds: float, target: Path) -> None:
    """The beginning of a video, packets copied."""
    with av.open(str(video)) as source, av.open(str(target), "w") as sink:
        stream = source.streams.video[0]
        copied = sink.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.pts is None or packet.time_base is None or float(packet.pts * packet.time_base) >= seconds:
                break  # in the order of decoding, so that no frame lacks one that it refers to
            packet.stream = copied
            sink.mux(packet)


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds, and CPU seconds of this process and the workers that have ended."""

    wall_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> Cost:
        """The cost up to now."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(u.ru_utime + u.ru_stime for u in used))

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)


def alone(folder: Path, workers: int) -> tuple[Cost, int]:
    """The cost of decoding and inference alone for all videos of a folder, and the number of their segments."""
    settings = resolve(AnalyzeOptions())
    orders: list[Order] = []
    for source in find_videos([str(folder)]):
        video = probe(source.path)
        for segment in cut(video, settings.options.sampling, LEAST_SEGMENT_S).segments:
            orders.append(Order(len(orders), Task(video.info, segment, settings.options, settings.models)))
    start = Cost.now()
    done = sum(1 for _ in LocalEngine(workers).run(iter(orders)))
    assert done == len(orders)
    return Cost.now() - start, done


def whole(folder: Path, out: Path, workers: int) -> Cost:
    """The cost of the whole run into a folder."""
    start = Cost.now()
    reports = analyze_videos(find_videos([str(folder)]), AnalyzeOptions(), RunOptions(out=out, workers=workers), Silent())
    assert all(report.status == "done" for report in reports)
    return Cost.now() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--copies", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        clip(arguments.video, arguments.seconds, folder / "in" / "clip_0000.mp4")
        for n in range(1, arguments.copies):
            shutil.copyfile(folder / "in" / "clip_0000.mp4", folder / "in" / f"clip_{n:04d}.mp4")
        bare, segments = alone(folder / "in", arguments.workers)
        full = whole(folder / "in", folder / "out", arguments.workers)
    count, more = arguments.copies, full - bare
    print(f"{count} clips, {segments} segments, {arguments.workers} workers")
    print(f"decoding and inference {bare.wall_s:8.1f} s  {bare.cpu_s:8.1f} s of CPU")
    print(f"whole run              {full.wall_s:8.1f} s  {full.cpu_s:8.1f} s of CPU")
    print(f"overhead per video     {more.wall_s / count * 1e3:8.1f} ms {more.cpu_s / count * 1e3:8.1f} ms of CPU")


if __name__ == "__main__":
    main()
