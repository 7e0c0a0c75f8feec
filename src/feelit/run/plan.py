"""Inputs → videos → segments."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from feelit.errors import FeelitError, UsageError, VideoReadError
from feelit.storage import objects
from feelit.storage.location import Location, Url, location
from feelit.storage.names import as_text, in_dataset, mirrored
from feelit.types import Sampling, Segment
from feelit.video.probe import Probe

SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"}
    | {".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""What counts as a video inside a folder. A file that is named on the command line is opened whatever its name."""

LEAST_APART_S = 1.0
"""Segments begin at keyframes that are at least so far from one another, whatever length is asked for: where they may begin,
nothing that came before counts, and some things have to be repeated."""


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
class InputFailure:
    """A folder, among the inputs or below one of them, that gave no videos, and why."""

    source: Source
    error: FeelitError


@dataclass(frozen=True, slots=True)
class Inputs:
    """What inputs stand for: the videos that were found, and the folders that gave none."""

    videos: list[Source]
    failures: list[InputFailure]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a video is cut. `first_frame` is the number of the frames that precede the first segment."""

    segments: tuple[Segment, ...]
    first_frame: int


def find_inputs(inputs: Iterable[str]) -> Inputs:
    """Files as they are, folders recursively in alphabetical order, each video once. A folder that fails harms no other.

    Raises
    ------
    UsageError
        if there is no input, or an empty one, or if two inputs would be written to the same place.
    """
    objects.forget()
    found: dict[str, Source] = {}
    failures: list[InputFailure] = []
    for text in inputs:
        if not text:
            raise UsageError("an input is empty", "a variable that is not set? For the working folder say .")
        for source in _sources(location(text), failures):
            found.setdefault(_absolute(source.path), source)
    if not found and not failures:
        raise UsageError("no input", "name videos or folders, or - to read a list from standard input")
    places: dict[str, Source] = {}
    for source in found.values():
        other = places.setdefault(source.place, source)
        if other is not source:
            message = f"{other.path} and {source.path} would share the output {source.place}"
            raise UsageError(message, "give the folder that holds both")
    return Inputs(list(found.values()), failures)


def find_videos(inputs: Iterable[str]) -> list[Source]:
    """The videos of `find_inputs`, where every input must have some.

    Raises
    ------
    VideoReadError
        if a folder holds no videos, or cannot be searched.
    UsageError
        as `find_inputs`.
    """
    found = find_inputs(inputs)
    if found.failures:
        raise found.failures[0].error
    return found.videos


def cut(probe: Probe, sampling: Sampling, target_s: float) -> Plan:
    """Segments of about `target_s`, each beginning with a keyframe, that tile what the sampling asks of the video.

    There is a single one where the video has no trustworthy keyframes.
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
        if pts - last >= target_s * to_pts:
            ends.append((pts, packets))
    ends.append((None, info.packets))
    stretches = list(pairwise(ends))
    first = bisect_right([_time_s(pts, probe) for (pts, _), _ in stretches[1:]], sampling.start_s)
    wanted = [s for s in stretches[first:] if s[0][0] is None or _time_s(s[0][0], probe) < sampling.end_s]
    segments = tuple(Segment(i, a, b, n - m, _between(reset, a, b)) for i, ((a, m), (b, n)) in enumerate(wanted))
    return Plan(segments, wanted[0][0][1])


def _between(pts: Sequence[int], start_pts: int | None, end_pts: int | None) -> tuple[int, ...]:
    first = 0 if start_pts is None else bisect_left(pts, start_pts)
    return tuple(pts[first : len(pts) if end_pts is None else bisect_left(pts, end_pts)])


def usable_cores() -> int:
    """The cores that this process may run on, which containers and job schedulers limit."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def _time_s(pts: int | None, probe: Probe) -> float:
    return float(((pts or 0) - probe.info.origin_pts) * probe.info.time_base)


def _absolute(place: Location) -> str:
    return os.path.abspath(place) if isinstance(place, Path) else str(place)  # noqa: PTH100  # resolve() would follow links


def _sources(given: Location, failures: list[InputFailure]) -> list[Source]:
    """The videos that an input stands for; folders that give none are added to `failures`."""
    if isinstance(given, Url):
        try:
            return _in_bucket(given)
        except VideoReadError as error:
            failures.append(InputFailure(_named(given), error))
            return []
    try:
        is_folder = given.is_dir()
    except OSError:  # a name that is too long, a folder that may not be read: reported when the file is opened
        is_folder = False
    return _in_folder(given, failures) if is_folder else [_named(given)]


def _named(given: Location) -> Source:
    """What was given by its name, by itself."""
    place = given.place() if isinstance(given, Url) else as_text(mirrored(given))
    return Source(given, as_text(given), in_dataset(place))


def _in_bucket(given: Url) -> list[Source]:
    """What ends like a video is one, and is not asked for before it is opened; anything else may be a folder."""
    is_folder = given.key == "" or given.key.endswith("/")
    if given.suffix.lower() in SUFFIXES or (not is_folder and objects.info(given, VideoReadError) is not None):
        return [_named(given)]
    places = {url: url.place(given) for url in objects.find(given, VideoReadError) if url.suffix.lower() in SUFFIXES}
    shown = {url: place for url, place in places.items() if not any(part.startswith(".") for part in place.split("/"))}
    if not shown:
        hint = f"endings that count: {' '.join(sorted(SUFFIXES))}"
        raise VideoReadError(f"{given} {'holds no videos' if is_folder else 'is no video, and no folder that holds any'}", hint)
    return [Source(url, as_text(url), in_dataset(place)) for url, place in shown.items()]


def _in_folder(folder: Path, failures: list[InputFailure]) -> list[Source]:
    prefix = f"{folder}{os.sep}" if folder != Path() else ""
    before = len(failures)
    files = [(Path(prefix + file), as_text(Path(file))) for file in _walk(folder, failures)]
    if not files and len(failures) == before:
        error = VideoReadError(f"{folder} holds no videos", f"endings that count: {' '.join(sorted(SUFFIXES))}")
        failures.append(InputFailure(_named(folder), error))
    return [Source(path, as_text(path), in_dataset(inside)) for path, inside in files]


def _walk(folder: Path, failures: list[InputFailure], inside: str = "") -> Iterator[str]:
    """The videos of a folder and its subfolders, in alphabetical order, as paths below it. Links to folders are left alone."""
    try:
        with os.scandir(folder / inside) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        message = f"{folder / inside} cannot be searched: {error.strerror or error}"
        hint = "fix its permissions, or name the others"
        failures.append(InputFailure(_named(folder / inside), VideoReadError(message, hint)))
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, failures, f"{inside}{entry.name}{os.sep}")
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file():  # noqa: PTH122  # a Path a file is slow
            yield inside + entry.name
