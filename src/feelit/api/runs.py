"""What a run of `feelit analyze` would do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from feelit.api.timelines import Paths
from feelit.errors import FeelitError
from feelit.options import RunOptions
from feelit.options.analyze import rate_hz
from feelit.options.expand import keywords
from feelit.options.kinds import listed, located
from feelit.run.outputs import chosen, target_of
from feelit.run.plan import Inputs, find_inputs
from feelit.storage.location import Location
from feelit.video.probe import probe


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedVideo:
    """A video that a run would analyse, or an input that it could not read.

    Attributes
    ----------
    name : of the video or the folder
    out : the file that its rows would go to; None if it cannot be read
    duration_s : its length; None if it cannot be read
    error : why it cannot be read; None if it can
    """

    name: str
    out: Location | None = None
    duration_s: float | None = None
    error: FeelitError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPlan:
    """What a run would do.

    Attributes
    ----------
    videos : inputs that cannot be read, then the videos of the run in the order of the inputs
    notes : one line for each kind of file that the run would leave out
    """

    videos: tuple[PlannedVideo, ...]
    notes: tuple[str, ...]


@keywords()
def plan(
    inputs: Paths,
    out: str | os.PathLike[str] | None = None,
    *,
    run: RunOptions,
    observer: Callable[[PlannedVideo], None] | None = None,
) -> RunPlan:
    """Find the videos that `feelit.analyze` would analyse with the same inputs and options of a run. Nothing is written.

    Parameters
    ----------
    inputs : a video, a folder of videos, or a list of either; addresses of buckets as well
    out : a .parquet file for one table of all videos, or a folder for one file per video; None stands for `results.parquet`
    observer : called with each entry as soon as it is known: to open thousands of videos takes a while

    Raises
    ------
    FeelitError
        if no input holds a video, or if two videos would have the same output.
    """
    if out is not None:
        run = replace(run, out=located(out))
    found = inputs_of(inputs, run)
    videos: list[PlannedVideo] = []

    def add(video: PlannedVideo) -> None:
        videos.append(video)
        if observer is not None:
            observer(video)

    for source, error in found.failures:
        add(PlannedVideo(name=source.name, error=error))
    for source in chosen(found.videos, run) if found.videos else []:
        try:
            duration_s = probe(source.path).info.duration_s
        except FeelitError as error:
            add(PlannedVideo(name=source.name, error=error))
        else:
            add(PlannedVideo(name=source.name, out=target_of(run.out, source), duration_s=duration_s))
    return RunPlan(videos=tuple(videos), notes=tuple(found.notes))


def inputs_of(inputs: Paths, run: RunOptions) -> Inputs:
    """The videos of a run, before shards and `retry_failed` select some of them.

    Raises
    ------
    FeelitError
        if no input holds a video, or if two videos would have the same output.
    """
    given = listed(inputs)
    if run.pattern is not None:
        given = [f"{os.fspath(text)}@{str(rate_hz(run.pattern)).replace('/', ':')}" for text in given]
    found = find_inputs(given, run.follow_links)
    if not found.videos and len(found.failures) == 1:
        raise found.failures[0][1]
    return found
