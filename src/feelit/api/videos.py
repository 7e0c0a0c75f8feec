"""Functions of videos and their timelines: annotate, clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from os import PathLike
from typing import TYPE_CHECKING

from feelit.options.expand import keywords
from feelit.options.kinds import located
from feelit.options.transcripts import SayOptions
from feelit.options.videos import AnnotateOptions, ClipsOptions
from feelit.timeline.recording import TimelineSources

if TYPE_CHECKING:
    import pandas as pd

    from feelit.clipping.index import Clip


@keywords()
def annotate(
    video: str | PathLike[str],
    timelines: TimelineSources,
    out: str | PathLike[str],
    *,
    options: AnnotateOptions,
    progress: Callable[[float], None] | None = None,
) -> tuple[str, ...]:
    """Draw a timeline on its video: boxes, identities, emotions and a strip of the whole.

    Parameters
    ----------
    video : the video that was analysed
    timelines : timeline files, folders of them, recordings, data frames or Arrow tables; the video is known by its content
    out : the .mp4, .m4v, .mov or .mkv file to write

    Returns
    -------
    One line for each person who is blurred only in part because identity is uncertain, and for each stream of the video that
    the file cannot hold.
    """
    from feelit.render.annotate import annotate_video
    from feelit.render.rows import recording_of, view_of
    from feelit.timeline.recording import with_time

    place = located(video)
    (recording,) = with_time([recording_of(place, timelines)], "an annotated video")
    wanted = replace(options, out=located(out))
    return annotate_video(place, view_of(recording), wanted, progress, recording.path)


@keywords()
def clips(
    video: str | PathLike[str],
    timelines: TimelineSources,
    out: str | PathLike[str],
    *,
    options: ClipsOptions,
    said: SayOptions,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Cut the strongest moments, or what was said, out of a video, exact to the frame and with sound, into a folder.

    Parameters
    ----------
    video : the video that was analysed
    timelines : timeline files, folders of them, recordings, data frames or Arrow tables; the video is known by its content
    out : the folder for the clips

    Returns
    -------
    One row per clip, as in the folder's clips.csv; docs/cli.md describes the columns.
    """
    import pandas as pd

    from feelit.clipping.index import FIELDS, NUMBERS

    found = cut(video, timelines, out, options, said, progress)
    return pd.DataFrame([asdict(clip) for clip in found], columns=list(FIELDS)).astype(dict.fromkeys(NUMBERS, "float64"))


def cut(
    video: str | PathLike[str],
    timelines: TimelineSources,
    out: str | PathLike[str],
    options: ClipsOptions,
    said: SayOptions,
    progress: Callable[[float], None] | None = None,
) -> Sequence[Clip]:
    """Cut clips and return them as records; see `clips`."""
    from feelit.clipping.cut import cut_clips

    return cut_clips(located(video), timelines, replace(options, out=located(out)), progress, said)
