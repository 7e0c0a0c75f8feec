"""A folder of clips, each cut out of the video frame by frame, and annotated or anonymised on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from feelit.clipping.highlights import AT, SAY, Highlight, find_highlights
from feelit.clipping.index import INDEX, Clip, csv_text, listed, name_of
from feelit.errors import OutputError, UsageError
from feelit.options.transcripts import SayOptions
from feelit.options.videos import ClipsOptions
from feelit.render.annotate import Scene
from feelit.render.canvas import Canvas
from feelit.render.hiding import Hiding, choose
from feelit.render.rows import recording_of, view_of
from feelit.storage.atomic import no_empty_folders, output_errors, refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles, exists, remove
from feelit.timeline.people import Series, series_of
from feelit.timeline.recording import Recording, TimelineSources, files_of, with_time
from feelit.types import VideoInfo
from feelit.video.cutting import Cutting, Stretch
from feelit.video.probe import probe
from feelit.video.writer import Encoding


def cut_clips(
    video: Location,
    timelines: TimelineSources,
    options: ClipsOptions,
    progress: Callable[[float], None] | None = None,
    said: SayOptions | None = None,
) -> list[Clip]:
    """Cut clips out of a video into the folder `options.out`, and list them there.

    All of them appear, or none: they are moved to their names once the last one is complete. With `options.force` the clips
    that the folder's index lists are replaced; no other file is deleted. Where nothing is worth a clip, the index is
    empty. Into a bucket they are sent one by one, the index last.

    Raises
    ------
    VideoReadError
        if the video is missing or not a video, or has no frame in one of the stretches.
    TimelineReadError
        if the timeline is none, or not of this video as it is now.
    UsageError
        if the options make no sense together, or for this video.
    OutputError
        if the folder holds clips already and `options.force` is not set, or cannot be written.
    """
    (recording,) = with_time([recording_of(video, timelines)], "a clip")
    transcript = [] if said is None or said.transcript is None else [said.transcript]
    inputs = InputFiles([video, *transcript, *files_of([recording])])
    former = _former(inputs, options)
    found = probe(video)
    jobs = _jobs(recording, find_highlights(recording, options, said), found.info.duration_s, options)
    for job in jobs:
        if job.file not in former:
            refuse_to_overwrite(options.out / job.file, options.force, inputs)
    artist = _artist(found.info, recording, options)
    lengths_s = [job.stretch.end_s - job.stretch.start_s for job in jobs]
    total_s = max(sum(lengths_s), 1e-3)
    clips: list[Clip] = []
    with no_empty_folders(options.out), ExitStack() as stack:
        index = stack.enter_context(whole_file(options.out / INDEX))  # entered first, so it appears last
        for job, done_s in zip(jobs, accumulate(lengths_s, initial=0.0), strict=False):
            unfinished = stack.enter_context(whole_file(options.out / job.file))
            below_px = artist.strip_px if isinstance(artist, Scene) else 0
            cutting = Cutting(found, job.stretch, unfinished, Encoding(options.codec, options.crf), below_px)
            if isinstance(artist, Scene):
                artist.jump()
            with closing(iter(cutting)) as pictures:
                for picture in pictures:
                    if artist is not None:
                        artist.draw(Canvas(picture.y, picture.u, picture.v, picture.matrix), picture.time_s)
                    if progress is not None:
                        progress(min(1.0, (done_s + picture.time_s - job.stretch.start_s) / total_s))
            clips.append(_clip(job, recording.name, cutting))
        index.write_text(csv_text(clips), encoding="utf-8", newline="\n")
        if isinstance(options.out, Path):
            _remove(options.out, (INDEX, *former))
    _remove(options.out, set(former) - {job.file for job in jobs})  # of a bucket: once the new ones have arrived
    return clips


def _remove(folder: Location, names: Iterable[str]) -> None:
    with output_errors(folder):
        for name in names:
            remove(folder / name)


@dataclass(frozen=True, slots=True)
class _Job:
    """A clip to be cut."""

    file: str
    highlight: Highlight
    series: Series
    names: tuple[str, ...]  # of the persons, as far as they have one
    stretch: Stretch


def _artist(info: VideoInfo, recording: Recording, options: ClipsOptions) -> Scene | Hiding | None:
    """What draws annotations on clips, or hides faces."""
    if not options.annotated and options.blur == "none":
        return None
    view = view_of(recording)
    choice = choose(view, options.blur, options.people, options.tracks)
    if options.annotated:
        return Scene(view, (info.width_px, info.height_px), info.duration_s, choice, signals=options.signals)
    return Hiding(view, choice)


def _former(inputs: InputFiles, options: ClipsOptions) -> Sequence[str]:
    """The earlier clips that the new ones replace; none of them is an input."""
    with output_errors(options.out):
        former = listed(options.out)
        if exists(options.out / INDEX) and not options.force:
            raise OutputError(f"{options.out} holds clips already", "give another --out, or --force to replace them")
    for name in (INDEX, *former):
        refuse_to_overwrite(options.out / name, True, inputs)
    return former


def _jobs(recording: Recording, highlights: Sequence[Highlight], duration_s: float, options: ClipsOptions) -> list[_Job]:
    """Names and stretches of clips. They may overlap: every event has a clip of its own, and a line of the index."""
    jobs, series = [], series_of(recording, options.by, options.people, options.tracks)
    for number, highlight in enumerate(highlights, 1):
        if highlight.kind == AT and highlight.start_s >= duration_s:
            raise UsageError(f"--at {highlight.start_s:g} is not in the video", f"it is {duration_s:.3f} s long")
        if highlight.kind == SAY and (highlight.start_s >= duration_s or highlight.end_s <= 0):
            message = f"what is said at {highlight.start_s:g} s is not in the video, which is {duration_s:.3f} s long"
            raise UsageError(message, "--offset moves the transcript")
        start_s, end_s = max(0.0, highlight.start_s - options.before_s), min(duration_s, highlight.end_s + options.after_s)
        given = [recording.person_name(who) for who in highlight.who] if series == "person" else []
        names = tuple(filter(None, given))
        jobs.append(_Job(name_of(number, highlight, series, names), highlight, series, names, Stretch(start_s, end_s)))
    return jobs


def _clip(job: _Job, video: str, cutting: Cutting) -> Clip:
    o = job.highlight
    return Clip(
        file=job.file,
        video=video,
        kind=o.kind,
        people=o.who if job.series == "person" else (),
        names=job.names,
        tracks=o.who if job.series == "track" else (),
        emotion=o.emotion,
        start_s=cutting.start_s,
        end_s=cutting.end_s,
        event_start_s=o.start_s,
        event_end_s=o.end_s,
        peak_s=o.peak_s,
        strength=o.strength,
        baseline=o.baseline,
        p_value=o.p_value,
        text=o.text or None,
    )
