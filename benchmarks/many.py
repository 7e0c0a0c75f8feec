"""What a video costs besides being decoded and looked at, when there are many short ones.

    python benchmarks/many.py VIDEO [--copies 1000] [--seconds 2] [--workers 2]

Cuts the first seconds of a video into a clip by copying packets, and copies that. The same segments are run twice, by the same
engine with as many workers: alone, as tasks that were made before the clock started (decoding and inference, nothing else), and
by `analyze_videos` into a folder (finding, opening, tracking, writing, the manifest). The difference is what a video costs.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import tempfile
import time
from pathlib import Path

import av

from feelit.config import AnalyzeConfig, RunConfig
from feelit.engines import Order
from feelit.engines.local import LocalEngine
from feelit.job import VideoReport
from feelit.pipeline import FACES_ACROSS, LEAST_SEGMENT_S, analyze_videos, resolve
from feelit.plan import Source, cut, find_videos
from feelit.segment import Task
from feelit.types import VideoInfo
from feelit.video.probe import probe


class Silent:
    """Watches a run and says nothing."""

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


def alone_s(folder: Path, workers: int) -> tuple[float, int]:
    """Seconds to decode and look at all videos of a folder and do nothing else, and how many segments they have."""
    settings = resolve(AnalyzeConfig())
    orders: list[Order] = []
    for source in find_videos([str(folder)]):
        video = probe(source.path)
        least_px = min(video.info.width_px, video.info.height_px) / FACES_ACROSS
        for segment in cut(video, settings.sampling, LEAST_SEGMENT_S).segments:
            orders.append(Order(len(orders), Task(video.info, segment, settings.sampling, least_px, settings.models)))
    start_s = time.perf_counter()
    done = sum(1 for _ in LocalEngine(workers).run(iter(orders)))
    assert done == len(orders)
    return time.perf_counter() - start_s, done


def whole_s(folder: Path, out: Path, workers: int) -> float:
    """Seconds of the whole run into a folder."""
    start_s = time.perf_counter()
    reports = analyze_videos(find_videos([str(folder)]), AnalyzeConfig(), RunConfig(out, workers), Silent())
    assert all(report.status == "done" for report in reports)
    return time.perf_counter() - start_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--copies", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--profile", action="store_true", help="also print where the parent process spends its time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        clip(arguments.video, arguments.seconds, folder / "in" / "clip_0000.mp4")
        for n in range(1, arguments.copies):
            shutil.copyfile(folder / "in" / "clip_0000.mp4", folder / "in" / f"clip_{n:04d}.mp4")
        alone, segments = alone_s(folder / "in", arguments.workers)
        with cProfile.Profile(time.process_time) as profile:
            if not arguments.profile:
                profile.disable()
            whole = whole_s(folder / "in", folder / "out", arguments.workers)
    count = arguments.copies
    print(f"{count} clips, {segments} segments: decoding and inference {alone:.1f} s, the whole run {whole:.1f} s")
    print(f"{(whole - alone) / count * 1e3:.1f} ms a video besides decoding and inference")
    if arguments.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
