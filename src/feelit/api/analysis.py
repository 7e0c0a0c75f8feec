"""From videos to timelines."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from feelit import errors
from feelit.api.timelines import Paths, manifest_of
from feelit.errors import FeelitError, SomeFailedError
from feelit.options import AnalyzeOptions, RunOptions
from feelit.options.expand import keywords
from feelit.options.kinds import expanded, listed
from feelit.run import pipeline
from feelit.run.job import failed
from feelit.run.outputs import chosen, is_table, target_of
from feelit.run.plan import InputFailure, Source, find_inputs
from feelit.storage.atomic import output_errors, refuse_to_overwrite
from feelit.storage.location import location, refuse_url
from feelit.storage.stat import InputFiles
from feelit.timeline.recording import frame_of, open_timelines

if TYPE_CHECKING:
    import pandas as pd
    from tqdm import tqdm

    from feelit.run.job import VideoReport
    from feelit.types import VideoInfo


class Observer(pipeline.Observer, Protocol):
    """Receives the progress of an analysis, from its plan to the annotated videos."""

    def planned(self, sources: Sequence[Source]) -> None:
        """These videos are to be analysed."""
        ...

    def noted(self, message: str) -> None:
        """Something was left out that nobody asked to leave out."""
        ...

    def drawn(self, source: Source, share: float) -> None:
        """This share of an annotated video is written, 0..1."""
        ...


@keywords()
def analyze(
    videos: Paths,
    out: str | os.PathLike[str] | None = None,
    *,
    options: AnalyzeOptions,
    run: RunOptions,
    progress: bool = False,
    observer: Observer | None = None,
) -> pd.DataFrame:
    """Find and track faces and classify the emotion each one shows.

    Parameters
    ----------
    videos : a video, a folder of videos, or a list of either; addresses of buckets as well
    out : a .parquet file for one table of all videos, or a folder for one file per video; an interrupted run is resumed. None
        keeps nothing
    progress : show a progress bar on stderr
    observer : receives the progress instead

    Returns
    -------
    The timeline, one row per face and sampled frame; docs/schema.md describes its columns. Where `out` is a folder, its
    manifest, one row per video.

    Raises
    ------
    FeelitError
        of the kind that docs/python.md lists. Of several videos that fail, SomeFailedError names all; the others are done.
    """
    with tempfile.TemporaryDirectory(prefix="feelit-") as folder, closing(_TqdmObserver(progress)) as bar:
        place = Path(folder) / "timeline.parquet" if out is None else location(expanded(out))
        write_timelines(videos, options, replace(run, out=place), observer or bar, names_failures=observer is not None)
        return frame_of(open_timelines(place)) if is_table(place) else manifest_of(place)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The videos that a run is about, those of all its shards, the inputs that gave none, and what was left out."""

    sources: list[Source]
    everything: list[Source]
    failures: list[InputFailure]
    notes: list[str]


def plan(videos: Paths, run: RunOptions) -> RunPlan:
    """What a run would do.

    Raises
    ------
    FeelitError
        if there is nothing to do, or two videos would have one output.
    """
    found = find_inputs([os.fspath(path) for path in listed(videos)], run.follow_links)
    if not found.videos and len(found.failures) == 1:
        raise found.failures[0].error
    return RunPlan(chosen(found.videos, run) if found.videos else [], found.videos, found.failures, found.notes)


def write_timelines(
    videos: Paths, options: AnalyzeOptions, run: RunOptions, observer: Observer, *, names_failures: bool
) -> None:
    """Analyse videos into `run.out`, and draw the annotated videos that are asked for.

    Parameters
    ----------
    names_failures : whether the observer names each video that fails, so that the error need not

    Raises
    ------
    FeelitError
        as `analyze`.
    """
    if run.annotate is not None:
        refuse_url(run.annotate)
    planned = plan(videos, run)
    sources = planned.sources
    if run.annotate is not None:
        _refuse_inputs(run.annotate, sources)
    observer.planned([*(failure.source for failure in planned.failures), *sources])
    for note in planned.notes:
        observer.noted(note)
    unread = [failed(failure.source, failure.error) for failure in planned.failures]
    for report in unread:
        observer.finished(report)
    reports = pipeline.analyze_videos(sources, options, run, observer, planned.everything) if planned.everything else []
    failures = [*unread, *(report for report in reports if not report.ok)]
    if failures and len(unread) + len(reports) == 1:
        kind: type[FeelitError] = getattr(errors, failures[0].error_kind or "FeelitError")
        raise kind(failures[0].error or "", failures[0].hint or "")
    if options.people:
        _correct(sources, reports, run)
    if run.annotate is not None:
        _annotate(sources, reports, run, observer)
    if failures:
        names = "" if names_failures else ": " + "; ".join(f.error or f.video for f in failures)
        what = f"{len(failures)} of {len(unread) + len(reports)} {'inputs' if unread else 'videos'} failed{names}"
        raise SomeFailedError(what, "the others are done")


def _correct(sources: Sequence[Source], reports: Sequence[VideoReport], run: RunOptions) -> None:
    """Apply corrections of people that lie beside the new timelines."""
    from feelit.identity.corrections import reapply

    pairs = zip(sources, reports, strict=True)
    written = dict.fromkeys(target_of(run.out, source) for source, report in pairs if report.status == "done")
    reapply(path for path in written if isinstance(path, Path))


def _refuse_inputs(annotate: Path, sources: Sequence[Source]) -> None:
    """No annotated video of a run replaces one of its inputs; said before anything is analysed."""
    inputs = InputFiles(source.path for source in sources)
    for source in sources:
        refuse_to_overwrite(_drawn_into(annotate, source, sources), True, inputs)


def _drawn_into(annotate: Path, source: Source, sources: Sequence[Source]) -> Path:
    """The annotated video of one of the videos of a run."""
    alone = len(sources) == 1 and bool(annotate.suffix)
    return annotate if alone else annotate / f"{source.place}.annotated.mp4"


def _annotate(sources: Sequence[Source], reports: Sequence[VideoReport], run: RunOptions, observer: Observer) -> None:
    from feelit.options.videos import AnnotateOptions
    from feelit.render.annotate import annotate_video
    from feelit.render.rows import recording_of, view_of

    assert run.annotate is not None
    for source, report in zip(sources, reports, strict=True):
        if not report.ok or report.out is None:
            continue
        target = _drawn_into(run.annotate, source, sources)
        with output_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        timeline = target_of(run.out, source)
        view = view_of(recording_of(source.path, timeline))
        drawn = partial(observer.drawn, source)
        annotate_video(source.path, view, AnnotateOptions(out=target, force=run.force), drawn, timeline)


class _TqdmObserver:
    """Shows a run as one bar of frames of video."""

    def __init__(self, show: bool) -> None:
        self._show = show
        self._bar: tqdm[None] | None = None

    def planned(self, sources: Sequence[Source]) -> None:
        from tqdm import tqdm

        name = f"{len(sources)} videos" if len(sources) > 1 else None
        self._bar = tqdm(total=0, unit="frame", disable=not self._show, desc=name)

    def started(self, source: Source, info: VideoInfo) -> None:
        assert self._bar is not None
        self._bar.total += info.packets
        self._bar.refresh()

    def advanced(self, source: Source, frames: int) -> None:
        assert self._bar is not None
        self._bar.update(frames)

    def finished(self, report: VideoReport) -> None:
        pass

    def noted(self, message: str) -> None:
        logging.getLogger("feelit").warning(message)

    def drawn(self, source: Source, share: float) -> None:
        pass

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
