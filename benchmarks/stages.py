"""CPU time of an analysis by stage, in ms per sampled frame.

    python benchmarks/stages.py VIDEO [--rate 10] [--seconds 60]

The video is analysed in this process, with one decoding thread and no worker. The time of a stage is the thread CPU time of its
functions, without calls of functions of other stages. The remaining time is `everything else`. Start-up is not included. Timing
a call takes about a microsecond.
"""

from __future__ import annotations

import argparse
import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from feelit.identity.evidence import EvidenceBuilder
from feelit.identity.group import group_tracks
from feelit.identity.select import FaceSelector
from feelit.options import AnalyzeOptions
from feelit.run import segment as run_segment
from feelit.run.job import sampled_hz
from feelit.run.pipeline import resolve
from feelit.run.plan import cut
from feelit.run.segment import analyze_segment, open_networks
from feelit.run.task import Task
from feelit.timeline.build import TimelineBuilder
from feelit.timeline.lean import spare_pandas
from feelit.timeline.write import TimelineWriter
from feelit.tracking.cuts import CutDetector
from feelit.tracking.tracker import Tracker, TrackerSettings
from feelit.video.decoded_frame import DecodedFrame
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from feelit.vision.identity import IdentityModel
from feelit.vision.multi_scale import MultiScaleDetector
from feelit.vision.signals import SignalsModel

SEGMENT_S = 30.0

DECODING, EVERY, CLOSER = "decoding", "detector, every frame", "detector, search for small faces"

STAGES: list[tuple[str, Any, str]] = [
    ("scaling for the detector", DecodedFrame, "sample"),
    (EVERY, FaceDetector, "detect"),
    (CLOSER, MultiScaleDetector, "_find_small"),
    ("face crops", ExpressionModel, "crop"),
    ("sharpness, brightness, thumbnails", run_segment, "sharpness"),
    ("sharpness, brightness, thumbnails", run_segment, "brightness"),
    ("sharpness, brightness, thumbnails", run_segment, "thumbnails"),
    ("classifier and signals", ExpressionModel, "probabilities"),
    ("classifier and signals", SignalsModel, "both"),
    ("classifier and signals", SignalsModel, "outputs"),
    ("signal columns", SignalsModel, "columns"),
    ("choice of faces to embed", FaceSelector, "take"),
    ("identity network", IdentityModel, "crop"),
    ("identity network", IdentityModel, "embed"),
    ("parent: smoothing and the rest of the timeline", TimelineBuilder, "add"),
    ("parent: smoothing and the rest of the timeline", TimelineBuilder, "finish"),
    ("parent: cuts", CutDetector, "is_cut"),
    ("parent: tracker", Tracker, "update"),
    ("parent: embeddings of tracks", EvidenceBuilder, "add"),
    ("parent: embeddings of tracks", EvidenceBuilder, "see"),
    ("parent: writing rows", TimelineWriter, "write"),
]
"""The name of a stage, the object that has the function as an attribute, and the name of the function."""


class Profile:
    """CPU seconds by stage, each without the stages that it calls."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._running = threading.local()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, wrapped so that its time is added to `stage`."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            running: list[list[Any]] = self._running.__dict__.setdefault("stages", [])
            if running and (running[-1][0], stage) == (CLOSER, EVERY):
                return function(*args, **kwargs)
            running.append([stage, 0.0])
            start_s = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent_s = time.thread_time() - start_s
                _, inner_s = running.pop()
                self.seconds[stage] += spent_s - inner_s
                if running:
                    running[-1][1] += spent_s

        return wrapper

    def watch(self) -> None:
        """Time every stage from now on."""
        for stage, holder, name in STAGES:
            setattr(holder, name, self.timed(stage, getattr(holder, name)))
        advance = self.timed(DECODING, next)
        read = SegmentReader.__iter__

        def frames(reader: SegmentReader) -> Iterator[Any]:
            given = read(reader)
            while (sample := advance(given, None)) is not None:
                yield sample

        SegmentReader.__iter__ = frames  # type: ignore[method-assign]  # the benchmark times what it stands in for


def main() -> None:
    """Analyse, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--rate", default="10")
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    options = AnalyzeOptions(rate=asked.rate, end_s=asked.seconds, device="cpu")
    spare_pandas()
    settings = resolve(options)
    open_networks(settings.models)
    profile = Profile()
    profile.watch()
    start_s = time.process_time()
    video = probe(Path(asked.video))
    segments = cut(video, options.sampling, SEGMENT_S).segments
    evidence = EvidenceBuilder() if options.people else None
    builder: TimelineBuilder | None = None
    with TemporaryDirectory() as folder:
        writer = TimelineWriter(Path(folder) / "rows.parquet")
        for segment in segments:
            result = analyze_segment(Task(video.info, segment, options, settings.models))
            if builder is None:
                rate_hz = sampled_hz(options.sampling, video.info)
                builder = TimelineBuilder(TrackerSettings(result.threshold), rate_hz, 0, evidence)
            writer.write(builder.add(result), asked.video)
        assert builder is not None
        writer.write(builder.finish(), asked.video)
        writer.close()
    if evidence is not None:
        profile.timed("parent: grouping of tracks", group_tracks)(evidence)
    total_s = time.process_time() - start_s
    profile.seconds["everything else"] = total_s - sum(profile.seconds.values())
    per = 1000 / builder.sampled
    frames = f"{builder.decoded} frames decoded, {builder.discarded} discarded, {builder.sampled} sampled"
    print(f"{frames}, {builder.faces / builder.sampled:.2f} faces per frame")
    for stage, spent_s in sorted(profile.seconds.items(), key=lambda item: -item[1]):
        print(f"{spent_s * per:7.3f} ms  {spent_s / total_s:5.1%}  {stage}")
    print(f"{total_s * per:7.3f} ms  100.0%  total per sampled frame")


if __name__ == "__main__":
    main()
