"""The video files of timelines: found by their content, whatever they are called now."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from feelit.errors import TimelineReadError, VideoReadError
from feelit.run.plan import find_videos
from feelit.storage.location import Location, Url, refuse_url
from feelit.storage.names import as_text
from feelit.storage.stat import exists, stamp
from feelit.video.probe import fingerprint

ANNOTATED = ".annotated.mp4"
"""`feelit analyze --annotate FOLDER` writes NAME.mp4.annotated.mp4, people write NAME.annotated.mp4."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A video as it lies on a disk or in a bucket, and the same with the timeline drawn on it, if there is one."""

    video: Location
    annotated: Location | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of the videos of some timelines, by the names that these use.

    `changed` are those of which there is only a file of the same name with another content.
    """

    footage: dict[str, Footage]
    changed: frozenset[str]


def find_footage(given: Sequence[Location], videos: Mapping[str, Mapping[str, Any]]) -> Found:
    """Look for the videos of timelines among files and folders, which are searched through all subfolders.

    Parameters
    ----------
    given : files and folders
    videos : what the metadata of the timelines say of every video

    Raises
    ------
    VideoReadError
        if a file is missing or cannot be read, or a folder holds no videos.
    TimelineReadError
        if files are given, and the timelines hold none of them.
    """
    if not given:
        return Found({}, frozenset())
    for one in given:
        if isinstance(one, Path):
            refuse_url(one)
    paths = [source.path for one in given for source in find_videos([str(one)])]
    paths = [path for path in paths if path in given or exists(path)]  # without links of folders that lead nowhere
    sizes = {facts.get("size_bytes") for facts in videos.values()}
    prints = {
        fingerprint(path): path
        for path in reversed(paths)
        if (found := stamp(path, VideoReadError)) is None or found.size_bytes in sizes
    }
    footage = {
        name: Footage(path, _annotated(path, paths))
        for name, facts in videos.items()
        if (path := prints.get(str(facts.get("fingerprint")))) is not None
    }
    if not footage:
        names = ", ".join(list(videos)[:3])
        hint = f"they hold {names}; if a video changed since, analyse it again"
        raise TimelineReadError(f"the timelines hold none of the {len(paths)} videos that --video gives", hint)
    there = {as_text(Path(path.name)) for path in paths}
    missing = videos.keys() - footage.keys()
    return Found(footage, frozenset(name for name in missing if PurePosixPath(name).name in there))


def link(path: Path, out: Location) -> str:
    """The address of a file relative to the page `out`; from the root of its drive where that is another, or a bucket."""
    if isinstance(out, Url):
        return path.absolute().as_uri()
    try:
        relative = os.path.relpath(path.absolute(), out.absolute().parent)
    except ValueError:  # Windows: another drive
        return path.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))


def _annotated(video: Location, among: Sequence[Location]) -> Location | None:
    """The annotated video beside a video; else the only one of its name among the files that were given."""
    names = [f"{video.name}{ANNOTATED}", f"{Path(video.name).stem}{ANNOTATED}"]
    if isinstance(video, Path):
        for name in names:
            if (beside := video.with_name(name)) != video and beside.is_file():
                return beside
    elsewhere = [path for path in among if path.name in names and path != video]
    return elsewhere[0] if len(elsewhere) == 1 else None
