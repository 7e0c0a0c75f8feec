"""The program as Python functions, on pandas frames."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from feelit import errors
from feelit.config import AnalyzeConfig, Device, RunConfig
from feelit.errors import FeelitError, SomeFailedError
from feelit.pipeline import analyze_videos
from feelit.plan import Source, find_videos
from feelit.timeline.store import read_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from tqdm import tqdm

    from feelit.job import VideoReport
    from feelit.types import VideoInfo

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


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
    progress: bool = False,
) -> pd.DataFrame:
    """Find and track faces and classify the emotion each one shows.

    Parameters
    ----------
    videos : a video, a folder of videos, or a list of either
    rate : samples a second of video, or "native" for every frame
    start_s, end_s : the part of each video to look at, in seconds
    min_face_px : side of the smallest face to look for; None stands for 1/12 of the picture's short side
    detector, classifier : built-in names or paths of ONNX files
    device : "auto" takes CUDA where it loads
    workers : processes; None stands for one a core
    batch : frames, and faces, that go through a model at a time
    progress : show a progress bar on stderr

    Returns
    -------
    The timeline, one row a face a sampled frame; docs/schema.md tells of its columns.

    Raises
    ------
    FeelitError
        of the kind that errors.py tells. Of several videos that fail, SomeFailedError names all.
    """
    paths = [videos] if isinstance(videos, str | PathLike) else list(videos)
    sources = find_videos([str(path) for path in paths])
    config = AnalyzeConfig(str(rate), start_s, end_s, min_face_px, detector, classifier, device)
    with tempfile.TemporaryDirectory(prefix="feelit-") as folder:
        out = Path(folder) / "timeline.parquet"
        observer = _TqdmObserver(len(sources), progress)
        try:
            reports = analyze_videos(sources, config, RunConfig(out, workers, batch), observer)
        finally:
            observer.close()
        failures = [report for report in reports if not report.ok]
        if failures and len(reports) == 1:
            kind: type[FeelitError] = getattr(errors, failures[0].error_kind or "FeelitError")
            raise kind(failures[0].error or "", failures[0].hint or "")
        if failures:
            raise SomeFailedError("; ".join(f.error or f.video for f in failures), "leave these videos out")
        return read_timeline(out)


def read_timeline(path: str | PathLike[str]) -> pd.DataFrame:
    """A timeline file as a frame. What feelit noted about videos and models is in `frame.attrs`.

    Raises
    ------
    TimelineReadError
        if it is missing, damaged, or not a timeline.
    """
    table, metadata = read_table(Path(path))
    frame: pd.DataFrame = table.replace_schema_metadata().to_pandas()
    frame.attrs.update(metadata)
    return frame


def summarize(timeline: pd.DataFrame | str | PathLike[str], by: Literal["track", "video"] = "track") -> pd.DataFrame:
    """Time on screen, shares of time, bouts, transitions and strongest moments.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file
    by : one row a track, or one row a video

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.timeline import summary

    return summary.summarize(_table_of(timeline), by)


def events(timeline: pd.DataFrame | str | PathLike[str]) -> pd.DataFrame:
    """Bouts, peaks, shifts that several tracks share, and long absences, one row each; docs/events.md tells of the columns.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.timeline.event_text import event_frame
    from feelit.timeline.events import find_events

    return event_frame(find_events(_table_of(timeline)))


def _table_of(timeline: pd.DataFrame | str | PathLike[str]) -> pa.Table:
    if isinstance(timeline, str | PathLike):
        return read_table(Path(timeline))[0]
    import pyarrow as pa

    return pa.Table.from_pandas(timeline, preserve_index=False)


def annotate(
    video: str | PathLike[str],
    timeline: str | PathLike[str],
    out: str | PathLike[str],
    *,
    blur: Literal["none", "others", "all"] = "none",
    tracks: Sequence[int] | None = None,
    codec: str = "libx264",
    crf: int | None = None,
    force: bool = False,
) -> None:
    """Draw a timeline on its video: boxes, identities, emotions and a strip of the whole.

    Parameters
    ----------
    video : the video that was analysed
    timeline : the Parquet file of `feelit analyze`
    out : the .mp4 file to write
    blur : hide faces: "all", or all "others" than `tracks`
    tracks : draw only these; None means all
    codec, crf : FFmpeg's name of the encoder, and its constant rate factor
    force : replace `out` if it exists

    Raises
    ------
    FeelitError
        of the kind that errors.py tells.
    """
    from feelit.render.annotate import AnnotateOptions, annotate_video
    from feelit.render.source import rows_of

    rows, sampled_time_s = rows_of(Path(video), Path(timeline))
    wanted = tuple(tracks) if tracks is not None else None
    annotate_video(Path(video), rows, sampled_time_s, AnnotateOptions(Path(out), codec, crf, blur, wanted, force))


def export(
    timelines: Paths,
    out: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002  # as --format of the command line
    tracks: Sequence[int] | None = None,
    force: bool = False,
) -> list[Path]:
    """Write timelines in the formats of other programs; docs/export.md tells of each.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : a file; or a folder, for formats that hold one video a file
    format : "csv", "jsonl", "elan", "webvtt", "srt", "openface", "pyfeat", "boris" or "textgrid"; None leaves it to the ending
        of `out`
    tracks : write only these; None means all
    force : replace files that exist

    Returns
    -------
    The files that were written.

    Raises
    ------
    FeelitError
        of the kind that errors.py tells.
    """
    from feelit.exports.run import ExportOptions, export_timelines

    wanted = tuple(tracks) if tracks is not None else None
    return export_timelines(_listed(timelines), ExportOptions(Path(out), format, wanted, force))


def report(
    timelines: Paths,
    out: str | PathLike[str],
    *,
    video: Paths = (),
    force: bool = False,
) -> list[str]:
    """Show timelines on one HTML page, which a browser opens without a network.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : the .html file to write
    video : where the videos are, files or folders; for pictures of faces and a player
    force : replace `out` if it exists

    Returns
    -------
    what is missing from the page, a line each: videos that were not found, or that changed since

    Raises
    ------
    FeelitError
        of the kind that errors.py tells.
    """
    from feelit.reports.write import ReportOptions, write_report

    return write_report(_listed(timelines), ReportOptions(Path(out), tuple(_listed(video)), force))


def _listed(paths: Paths) -> list[Path]:
    return [Path(path) for path in ([paths] if isinstance(paths, str | PathLike) else paths)]


def clips(
    video: str | PathLike[str],
    timeline: str | PathLike[str],
    out: str | PathLike[str],
    *,
    kinds: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    tracks: Sequence[int] | None = None,
    at_s: Sequence[float] | None = None,
    most: int = 10,
    max_p: float = 1.0,
    before_s: float = 1.0,
    after_s: float = 1.0,
    annotated: bool = False,
    blur: Literal["none", "others", "all"] = "none",
    codec: str = "libx264",
    crf: int | None = None,
    force: bool = False,
) -> pd.DataFrame:
    """Cut the strongest moments out of a video, exact to the frame and with sound, into a folder.

    Parameters
    ----------
    video : the video that was analysed
    timeline : the Parquet file of `feelit analyze`
    out : the folder for the clips
    kinds : of "moment", "bout", "peak", "shared", "absence", "all"; None means moments, or only the times of `at_s`
    emotions, tracks : only of these; None means all emotions but neutral, and all tracks
    at_s : times to cut about besides, in seconds
    most, max_p : at most so many clips, the strongest; only where the p-value is no larger
    before_s, after_s : how much a clip shows of what comes before its event and after it, in seconds
    annotated, blur : draw the timeline on the clips; hide faces: "all", or all "others" than `tracks`
    codec, crf : FFmpeg's name of the encoder, and its constant rate factor
    force : replace the clips that the folder holds

    Returns
    -------
    One row a clip, as in the folder's clips.csv; docs/cli.md tells of the columns.

    Raises
    ------
    FeelitError
        of the kind that errors.py tells.
    """
    from dataclasses import asdict, replace

    import pandas as pd

    from feelit.clipping.cut import ClipOptions, cut_clips
    from feelit.clipping.index import FIELDS, NUMBERS
    from feelit.clipping.occasions import Wanted
    from feelit.video.writer import Encoding

    kind, emotion, at = (None if names is None else ",".join(map(str, names)) for names in (kinds, emotions, at_s))
    wanted = replace(Wanted.parse(kind, emotion, None if tracks is None else tuple(tracks), at), most=most, max_p=max_p)
    options = ClipOptions(Path(out), wanted, before_s, after_s, annotated, blur, Encoding(codec, crf), force)
    cut = cut_clips(Path(video), Path(timeline), options)
    return pd.DataFrame([asdict(clip) for clip in cut], columns=list(FIELDS)).astype(dict.fromkeys(NUMBERS, "float64"))


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
