"""From videos to timelines."""

from __future__ import annotations

import tempfile
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from feelit import errors
from feelit.api.timelines import Paths, read_timeline
from feelit.config import AnalyzeConfig, Device, EngineConfig, EngineName, RunConfig
from feelit.errors import FeelitError, SomeFailedError
from feelit.run.pipeline import analyze_videos
from feelit.run.plan import Source, find_videos

if TYPE_CHECKING:
    import pandas as pd
    from tqdm import tqdm

    from feelit.run.job import VideoReport
    from feelit.types import VideoInfo


def analyze(
    videos: Paths,
    *,
    rate: float | str = 10,
    start_s: float = 0.0,
    end_s: float = float("inf"),
    min_face_px: float | None = None,
    detector: str = "face",
    classifier: str = "expression",
    device: Device = "auto",
    workers: int | None = None,
    batch: int = 16,
    engine: EngineName = "local",
    ray_address: str = "auto",
    segment_timeout_s: float | None = None,
    memory_limit: str | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Find and track faces and classify the emotion each one shows.

    Parameters
    ----------
    videos : a video, a folder of videos, or a list of either
    rate : samples a second of video, or "native" for every frame
    start_s, end_s : the part of each video to look at, in seconds
    min_face_px : side of the smallest face to look for; None stands for 1/30 of the picture's short side, see docs/cli.md
    detector, classifier : built-in names or paths of ONNX files
    device : "auto" takes CUDA where it loads
    workers : segments at a time; None stands for one a core
    batch : frames, and faces, that go through a model at a time
    engine : "local" for processes of this machine, "ray" for a cluster
    ray_address : "auto", "HOST:PORT" or "ray://HOST:PORT"; a program that is a driver of a cluster already uses that one
    segment_timeout_s, memory_limit : what a segment may take; None stands for a generous time and any amount of memory
    progress : show a progress bar on stderr

    Returns
    -------
    The timeline, one row a face a sampled frame; docs/schema.md describes its columns.

    Raises
    ------
    FeelitError
        of the kinds in errors.py. Of several videos that fail, SomeFailedError names all.
    """
    paths = [videos] if isinstance(videos, str | PathLike) else list(videos)
    sources = find_videos([str(path) for path in paths])
    config = AnalyzeConfig(str(rate), start_s, end_s, min_face_px, detector, classifier, device)
    with tempfile.TemporaryDirectory(prefix="feelit-") as folder:
        out = Path(folder) / "timeline.parquet"
        run = RunConfig(out, workers, batch, engine=EngineConfig(engine, ray_address, segment_timeout_s, memory_limit))
        observer = _TqdmObserver(len(sources), progress)
        try:
            reports = analyze_videos(sources, config, run, observer)
        finally:
            observer.close()
        failures = [report for report in reports if not report.ok]
        if failures and len(reports) == 1:
            kind: type[FeelitError] = getattr(errors, failures[0].error_kind or "FeelitError")
            raise kind(failures[0].error or "", failures[0].hint or "")
        if failures:
            raise SomeFailedError("; ".join(f.error or f.video for f in failures), "leave these videos out")
        return read_timeline(out)


class _TqdmObserver:
    """Shows a run as one bar of seconds of video."""

    def __init__(self, videos: int, show: bool) -> None:
        from tqdm import tqdm

        self._bar: tqdm[None] = tqdm(total=0, unit="frame", disable=not show, desc=f"{videos} videos" if videos > 1 else None)

    def started(self, source: Source, info: VideoInfo) -> None:
        self._bar.total += info.packets
        self._bar.refresh()

    def advanced(self, source: Source, frames: int) -> None:
        self._bar.update(frames)

    def finished(self, report: VideoReport) -> None:
        pass

    def close(self) -> None:
        self._bar.close()
