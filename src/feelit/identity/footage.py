"""Finds the video of a timeline, identified by its content: among given files, at its recorded path, or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feelit.errors import VideoReadError
from feelit.storage import objects
from feelit.storage.location import Location, Url, object_called, refuse_url
from feelit.storage.stat import is_folder, stamp
from feelit.timeline.recording import Recording
from feelit.video.probe import fingerprint


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """The result of a search: a file, or the reason why none was found."""

    path: Location | None
    reason: str = ""


def find_video(recording: Recording, given: Sequence[Location] = ()) -> Sought:
    """Look for the video of a timeline.

    Parameters
    ----------
    given : files, objects, and folders to search with their subfolders, before the usual places

    Raises
    ------
    VideoReadError
        if a given file or folder does not exist.
    """
    for place in given:
        if isinstance(place, Path):
            refuse_url(place)
        if not (place.exists() if isinstance(place, Path) else _files(place)):
            raise VideoReadError(f"{place} does not exist", "give the video, or a folder that contains it")
    known, size = recording.facts.get("fingerprint"), recording.facts.get("size_bytes")
    if not isinstance(known, str):
        return Sought(path=None, reason=f"{recording.name} was analysed live and has no file")
    changed = False
    candidates = [path for place in given for path in _files(place)]
    if object_called(recording.name) is None:
        candidates.append(Path(recording.name))
    if isinstance(recording.path, Path):
        candidates.append(recording.path.parent / PurePosixPath(recording.name).name)
    for path in candidates:
        try:
            if (found := stamp(path, VideoReadError)) is None:
                continue
            if found.size_bytes == size and fingerprint(path) == known:
                return Sought(path=path)
        except (OSError, VideoReadError):
            continue
        changed |= path.name == PurePosixPath(recording.name).name
    why = "changed since it was analysed" if changed else "was not found"
    return Sought(path=None, reason=f"{recording.name} {why}")


def _files(place: Location) -> Sequence[Location]:
    """A file or object, or all files of a folder and its subfolders."""
    if isinstance(place, Url):
        alone = not is_folder(place) and objects.info(place, VideoReadError) is not None
        return [place] if alone else objects.find(place, VideoReadError)
    return sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else (place,)
