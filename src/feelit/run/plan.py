"""From inputs to videos, and from videos to segments."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from feelit.errors import FeelitError, UsageError, VideoReadError
from feelit.run.search import SUFFIXES, Search, left_out
from feelit.storage import objects
from feelit.storage.location import Location, Url, location
from feelit.storage.names import as_text, in_dataset, mirrored
from feelit.types import Sampling, Segment, VideoInfo
from feelit.video.photographs import SUFFIXES as PHOTOGRAPHS
from feelit.video.probe import Probe

LEAST_APART_S = 1.0
"""The least time between keyframes at which segments may begin, whatever their target length: state is reset there, and some
work is repeated."""


LAST_PIECES = 8
"""Near the end segments get shorter: each is the remaining time divided by this."""


@dataclass(frozen=True, slots=True)
class Source:
    """A video to analyse.

    `name` is what the timeline calls it: the path as it was given, in Unicode, or its address. `place` is where its output
    lies inside a folder of outputs: the input tree mirrored, in Unicode, with forward slashes, as readers of datasets take it.
    """

    path: Location
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """The videos that inputs stand for, the folders in them that gave none and why, and notes on what was left out."""

    videos: list[Source]
    failures: list[tuple[Source, FeelitError]]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The segments of a video; `first_frame` is the number of frames before the first one."""

    segments: tuple[Segment, ...]
    first_frame: int


def find_inputs(inputs: Iterable[str], follow_links: bool = False) -> Inputs:
    """Files as they are, folders recursively in alphabetical order, each video once. A folder that fails harms no other.

    Parameters
    ----------
    inputs : paths and addresses
    follow_links : whether folders that links lead to are searched

    Raises
    ------
    UsageError
        if there is no input, or an empty one, or if two inputs would be written to the same place.
    """
    objects.forget()
    found: dict[str, Source] = {}
    failures: list[tuple[Source, FeelitError]] = []
    notes: list[str] = []
    for text in inputs:
        if not text:
            raise UsageError("an input is empty", "a variable that is not set? For the working folder say .")
        for source in _sources(location(text), follow_links, failures, notes):
            found.setdefault(_absolute(source.path), source)
    if not found and not failures:
        raise UsageError("no input", "name videos or folders, or - to read a list from standard input")
    places: dict[str, Source] = {}
    for source in found.values():
        other = places.setdefault(source.place, source)
        if other is not source:
            message = f"{other.path} and {source.path} would share the output {source.place}"
            raise UsageError(message, "give the folder that holds both")
    return Inputs(list(found.values()), failures, notes)


def find_videos(inputs: Iterable[str]) -> list[Source]:
    """The videos of `find_inputs`, where every input must have some. Raises VideoReadError if a folder holds no videos, or
    cannot be searched; UsageError as `find_inputs`.
    """
    found = find_inputs(inputs)
    if found.failures:
        raise found.failures[0][1]
    return found.videos


def sampling_of(info: VideoInfo, sampling: Sampling) -> Sampling:
    """The sampling of a video; of a photograph always its only frame."""
    return Sampling(None, 0.0, 1e-9) if info.photograph else sampling


def cut(probe: Probe, sampling: Sampling, target_s: float, least_s: float | None = None) -> Plan:
    """Segments of about `target_s`, each beginning with a keyframe, that tile what the sampling asks of the video.

    There is a single one where the video has no trustworthy keyframes.

    Parameters
    ----------
    least_s : towards the end of the video segments get shorter, down to about this, so that all workers finish at about the
        same time; None stands for segments of one length
    """
    info = probe.info
    to_pts = 1 / info.time_base
    ends: list[tuple[int | None, int]] = [(None, 0)]  # (pts, packets before it)
    reset = list(probe.keyframe_pts[:1])
    for pts, packets in zip(probe.keyframe_pts[1:], probe.keyframe_packet[1:], strict=True):
        if pts - reset[-1] < LEAST_APART_S * to_pts:
            continue
        reset.append(pts)
        last = ends[-1][0] if ends[-1][0] is not None else probe.keyframe_pts[0]
        if pts - last >= _wanted_s(last, probe, target_s, least_s) * to_pts:
            ends.append((pts, packets))
    ends.append((None, info.packets))
    stretches = list(pairwise(ends))
    first = bisect_right([_time_s(pts, probe) for (pts, _), _ in stretches[1:]], sampling.start_s)
    wanted = [s for s in stretches[first:] if s[0][0] is None or _time_s(s[0][0], probe) < sampling.end_s]
    segments = tuple(Segment(i, a, b, n - m, _between(reset, a, b)) for i, ((a, m), (b, n)) in enumerate(wanted))
    return Plan(segments, wanted[0][0][1])


def _wanted_s(start_pts: int, probe: Probe, target_s: float, least_s: float | None) -> float:
    """The target length of the segment that starts at a keyframe."""
    if least_s is None:
        return target_s
    remaining_s = probe.info.duration_s - _time_s(start_pts, probe)
    return min(target_s, max(least_s, remaining_s / LAST_PIECES))


def _between(pts: Sequence[int], start_pts: int | None, end_pts: int | None) -> tuple[int, ...]:
    first = 0 if start_pts is None else bisect_left(pts, start_pts)
    return tuple(pts[first : len(pts) if end_pts is None else bisect_left(pts, end_pts)])


def _time_s(pts: int | None, probe: Probe) -> float:
    return float(((pts or 0) - probe.info.origin_pts) * probe.info.time_base)


def _absolute(place: Location) -> str:
    return os.path.abspath(place) if isinstance(place, Path) else str(place)  # noqa: PTH100  # resolve() would follow links


def _sources(given: Location, follow_links: bool, failures: list[tuple[Source, FeelitError]], notes: list[str]) -> list[Source]:
    """The videos that an input stands for; what gives none is added to `failures`, what is left out to `notes`."""
    if isinstance(given, Url):
        try:
            return _in_bucket(given, notes)
        except VideoReadError as error:
            failures.append((_named(given), error))
            return []
    try:
        is_folder = given.is_dir()
    except OSError:  # a name that is too long, a folder that may not be read: reported when the file is opened
        is_folder = False
    if not is_folder:
        return [_named(given)]
    search = Search(given, follow_links)
    notes += search.notes
    failures += [_failure(given / inside, reason) for inside, reason in search.unread]
    if not search.files and not search.unread:
        empty = VideoReadError(f"{given} holds no videos", f"endings that count: {' '.join(sorted(SUFFIXES))}; or photographs")
        failures.append((_named(given), empty))
    prefix = f"{given}{os.sep}" if given != Path() else ""
    files = [(Path(prefix + file), as_text(Path(file))) for file in search.files]
    return [Source(path, as_text(path), in_dataset(inside)) for path, inside in files]


def _failure(place: Path, reason: str) -> tuple[Source, FeelitError]:
    return _named(place), VideoReadError(f"{place} {reason}", "fix its permissions, or name the others")


def _named(given: Location) -> Source:
    """An input that is named by itself."""
    place = given.place() if isinstance(given, Url) else as_text(mirrored(given))
    return Source(given, as_text(given), in_dataset(place))


def _in_bucket(given: Url, notes: list[str]) -> list[Source]:
    """The videos at an address. Names with the suffix of a video are taken without a request; others may be folders."""
    is_folder = given.key == "" or given.key.endswith("/")
    if given.suffix.lower() in SUFFIXES | PHOTOGRAPHS or (not is_folder and objects.info(given, VideoReadError) is not None):
        return [_named(given)]
    places = {url: url.place(given) for url in objects.find(given, VideoReadError)}
    found = {url: place for url, place in places.items() if not any(part.startswith(".") for part in place.split("/"))}
    shown = {url: place for url, place in found.items() if url.suffix.lower() in SUFFIXES}
    pictures = {url: place for url, place in found.items() if url.suffix.lower() in PHOTOGRAPHS}
    if shown and pictures:
        notes.append(left_out(str(given), len(pictures)))
    shown = shown or pictures
    if not shown:
        hint = f"endings that count: {' '.join(sorted(SUFFIXES))}"
        raise VideoReadError(f"{given} {'holds no videos' if is_folder else 'is no video, and no folder that holds any'}", hint)
    return [Source(url, as_text(url), in_dataset(place)) for url, place in shown.items()]
