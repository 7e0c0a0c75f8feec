"""Analysing videos: `feelit.analyze`."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from feelit import errors
from feelit.api.dataset import Dataset, Failure
from feelit.api.recording import Recording
from feelit.api.runs import inputs_of
from feelit.api.timelines import Paths
from feelit.errors import FeelitError, SomeFailedError, UsageError
from feelit.options import AnalyzeOptions, RunOptions
from feelit.options.expand import keywords
from feelit.options.kinds import located
from feelit.run import pipeline
from feelit.run.job import failed
from feelit.run.outputs import chosen, target_of
from feelit.run.plan import Source
from feelit.storage.atomic import refuse_to_overwrite
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles
from feelit.timeline.recording import load_timelines

if TYPE_CHECKING:
    from tqdm import tqdm

    from feelit.run.job import VideoReport
    from feelit.types import VideoInfo


class Observer(pipeline.Observer, Protocol):
    """Receives the progress of an analysis, from its plan to the annotated videos."""

    def planned(self, sources: Sequence[Source]) -> None:
        """These videos are to be analysed."""
        ...

    def noted(self, message: str) -> None:
        """Something was left out without being asked to."""
        ...

    def drawn(self, source: Source, share: float) -> None:
        """This share of an annotated video is written, 0..1."""
        return


@keywords()
def analyze(
    inputs: Paths,
    out: str | os.PathLike[str] | None = None,
    *,
    options: AnalyzeOptions,
    run: RunOptions,
    progress: bool = False,
    observer: Observer | None = None,
) -> Recording | Dataset:
    """Find and track faces and classify the emotion each one shows.

    Parameters
    ----------
    inputs : a video, a folder of videos, or a list of either; addresses of buckets as well
    out : a .parquet file for one table of all videos, or a folder for one file per video; an interrupted run is resumed. None
        keeps the rows in memory
    progress : show a progress bar on stderr
    observer : receives the progress instead

    Returns
    -------
    A Recording if `inputs` is the path of one video; a Dataset, a sequence of recordings, if it is a folder or a list. Of a
    shard, or with `retry_failed`, it holds the videos of this run. `to_pandas()` of both gives the rows as a frame.

    Raises
    ------
    FeelitError
        of the kind that docs/python.md lists. Where several videos were asked for and some fail, SomeFailedError names them
        once the others are done; its `dataset` holds these.
    """
    with ExitStack() as stack:
        if out is None:
            if run.retry_failed:
                raise UsageError("--retry-failed goes on with a folder of timelines", "give it as `out`")
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="feelit-"))
            place: Location = Path(folder) / "timeline.parquet"
        else:
            place = located(out)
        bar = stack.enter_context(closing(_TqdmObserver(progress)))
        run = replace(run, out=place)
        sources, reports, unread = _run(inputs, options, run, observer or bar)
        count = len(unread) + len(reports)
        made = [source for source, report in zip(sources, reports, strict=True) if report.ok]
        failures = [Failure.of(report) for report in (*unread, *reports) if not report.ok]
        if failures and count == 1:
            kind: type[FeelitError] = getattr(errors, failures[0].kind)
            raise kind(failures[0].message, failures[0].hint)
        files = list(dict.fromkeys(target_of(place, source) for source in made))
        kept = files if out is not None else [recording for file in files for recording in load_timelines(file)]
        dataset = Dataset(kept, failures)
    if failures:
        names = "" if observer is not None else ": " + "; ".join(failure.message for failure in failures)
        what = "inputs" if unread else "videos"
        error = SomeFailedError(f"{len(failures)} of {count} {what} failed{names}", "the others are done")
        error.dataset = dataset
        raise error
    if isinstance(inputs, str | os.PathLike) and [source.path for source in sources] == [located(inputs)]:
        return dataset[0]
    return dataset  # also of a folder with one video


def _run(
    inputs: Paths, options: AnalyzeOptions, run: RunOptions, observer: Observer
) -> tuple[list[Source], list[VideoReport], list[VideoReport]]:
    """Analyse videos into `run.out`, and draw annotated videos if `run.annotate` is set.

    Returns the videos, a report of each, and reports on inputs that hold none or cannot be searched. Raises FeelitError as
    `analyze`, but not for a video that fails.
    """
    found = inputs_of(inputs, run)
    sources = chosen(found.videos, run) if found.videos else []
    if run.annotate is not None:
        _refuse_inputs(run.annotate, sources)
    observer.planned([*(source for source, _ in found.failures), *sources])
    for note in found.notes:
        observer.noted(note)
    unread = [failed(source, error) for source, error in found.failures]
    for report in unread:
        observer.finished(report)
    reports = pipeline.analyze_videos(sources, options, run, observer, found.videos) if found.videos else []
    if options.people:
        _correct(sources, reports, run)
    if run.annotate is not None:
        _annotate(sources, reports, run, observer)
    return sources, reports, unread


def _correct(sources: Sequence[Source], reports: Sequence[VideoReport], run: RunOptions) -> None:
    """Apply corrections of people that lie beside the new timelines."""
    from feelit.identity.corrections import reapply

    pairs = zip(sources, reports, strict=True)
    written = dict.fromkeys(target_of(run.out, source) for source, report in pairs if report.status == "done")
    reapply(path for path in written if isinstance(path, Path))


def _refuse_inputs(annotate: Location, sources: Sequence[Source]) -> None:
    """No annotated video of a run replaces one of its inputs; said before anything is analysed."""
    inputs = InputFiles(source.path for source in sources)
    for source in sources:
        refuse_to_overwrite(_drawn_into(annotate, source, sources), True, inputs)


def _drawn_into(annotate: Location, source: Source, sources: Sequence[Source]) -> Location:
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
        timeline = target_of(run.out, source)
        recording = recording_of(source.path, timeline)
        if recording.is_photograph:
            observer.noted(f"{source.name} is a photograph, of which there is no annotated video")
            continue
        target = _drawn_into(run.annotate, source, sources)
        view = view_of(recording)
        drawn = partial(observer.drawn, source)
        annotate_video(source.path, view, AnnotateOptions(out=target, force=run.force), drawn, timeline)


class _TqdmObserver(Observer):
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

    def noted(self, message: str) -> None:
        logging.getLogger("feelit").warning(message)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
