"""What can be done with videos and their timelines."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd


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
        of the kinds in errors.py.
    """
    from feelit.render.annotate import AnnotateOptions, annotate_video
    from feelit.render.rows import recording_of, rows_of

    rows, sampled_time_s = rows_of(recording_of(Path(video), timeline))
    query = tuple(tracks) if tracks is not None else None
    annotate_video(Path(video), rows, sampled_time_s, AnnotateOptions(Path(out), codec, crf, blur, query, force))


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
    One row a clip, as in the folder's clips.csv; docs/cli.md describes the columns.

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from dataclasses import asdict, replace

    import pandas as pd

    from feelit.clipping.cut import ClipOptions, cut_clips
    from feelit.clipping.highlights import ClipQuery
    from feelit.clipping.index import FIELDS, NUMBERS
    from feelit.video.writer import Encoding

    kind, emotion, at = (None if names is None else ",".join(map(str, names)) for names in (kinds, emotions, at_s))
    query = replace(ClipQuery.parse(kind, emotion, None if tracks is None else tuple(tracks), at), most=most, max_p=max_p)
    options = ClipOptions(Path(out), query, before_s, after_s, annotated, blur, Encoding(codec, crf), force)
    cut = cut_clips(Path(video), timeline, options)
    return pd.DataFrame([asdict(clip) for clip in cut], columns=list(FIELDS)).astype(dict.fromkeys(NUMBERS, "float64"))
