"""How many workers one parent can serve: CPU time per sampled frame in the workers and in the parent process.

    python benchmarks/parent.py VIDEO [--rate 10] [--seconds 60] [--workers 64]

Segments are analysed in this process, one after the other. Then their results are processed as in the parent process: read from
a pipe, stored on disk, tracked, grouped, smoothed, written. A parent that takes 1 ms per frame can serve 10 workers that take
10 ms. Start-up is not included. The fastest of three runs of the parent is reported.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from pathlib import Path

from feelit.options import AnalyzeOptions
from feelit.run.job import Job, groups_in
from feelit.run.pipeline import resolve
from feelit.run.plan import Source, cut, sampling_of
from feelit.run.segment import analyze_segment, open_networks
from feelit.run.task import Task
from feelit.run.workspace import Workspace
from feelit.timeline.lean import spare_pandas
from feelit.timeline.write import TimelineWriter
from feelit.video.probe import probe

RUNS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--rate", default="10")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=64)
    asked = parser.parse_args()
    spare_pandas()
    options = AnalyzeOptions(rate=asked.rate, end_s=asked.seconds, device="cpu")
    settings, video = resolve(options), probe(Path(asked.video))
    plan, groups = cut(video, options.sampling, 20.0), groups_in(settings.record)
    open_networks(settings.models)

    start_s = time.process_time()
    results = [analyze_segment(Task(video.info, segment, options, settings.models)) for segment in plan.segments]
    worker_s = time.process_time() - start_s
    samples = sum(len(result.frames) for result in results)
    packed = [pickle.dumps(result) for result in results]

    def parent(folder: Path) -> float:
        """CPU seconds."""
        workspace = Workspace(folder / "out.parquet", None, None)
        workspace.open(fresh=True)
        shelf, sampling = workspace.shelf(["parent"]), sampling_of(video.info, options.sampling)
        job = Job(Source(Path(asked.video), asked.video, "a"), video.info, plan, sampling, shelf, groups)
        start_s = time.process_time()
        for segment, content in zip(plan.segments, packed, strict=True):
            result = pickle.loads(content)  # noqa: S301  # our own
            shelf.save(segment, result)
            job.accept(segment, result)
        with TimelineWriter(folder / "rows.parquet", settings.record | job.metadata(), groups=groups) as writer:
            job.copy_to(writer)
        return time.process_time() - start_s

    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, str(run)) for run in range(RUNS)]
        for place in places:
            place.mkdir()
        parent_s = min(parent(place) for place in places)
    print(f"{samples} samples; a worker {1000 * worker_s / samples:.2f} ms each, the parent {1000 * parent_s / samples:.2f} ms")
    most, needed = worker_s / parent_s, asked.workers * parent_s / worker_s
    print(f"one parent can serve {most:.0f} workers; {asked.workers} need {needed:.1f}")


if __name__ == "__main__":
    main()
