"""The video file of a timeline, known by its content: among files that are given, where its name says, or beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feelit.errors import VideoReadError
from feelit.storage.location import object_called, refuse_url
from feelit.timeline.recording import Recording
from feelit.video.probe import fingerprint


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What became of the search: a file, or why there is none."""

    path: Path | None
    reason: str = ""


def find_video(recording: Recording, given: Sequence[Path] = ()) -> Sought:
    """Look for the video of a timeline.

    Parameters
    ----------
    given : files, and folders that are searched through all subfolders, before the usual places

    Raises
    ------
    VideoReadError
        if a file or a folder that is given does not exist.
    """
    for place in given:
        refuse_url(place)
        if not place.exists():
            raise VideoReadError(f"{place} does not exist", "give the video, or a folder that holds it")
    known, size = recording.facts.get("fingerprint"), recording.facts.get("size_bytes")
    if not isinstance(known, str):
        return Sought(path=None, reason=f"{recording.name} was recorded live, there is no file of it")
    changed = False
    for path in _candidates(recording, given):
        try:
            if path.stat().st_size == size and fingerprint(path) == known:
                return Sought(path=path)
        except (OSError, VideoReadError):
            continue
        changed |= path.name == PurePosixPath(recording.name).name
    why = "changed since it was analysed" if changed else "was not found"
    return Sought(path=None, reason=f"{recording.name} {why}")


def _candidates(recording: Recording, given: Sequence[Path]) -> Iterator[Path]:
    for place in given:
        yield from sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else (place,)
    if object_called(recording.name) is None:
        yield Path(recording.name)
    if isinstance(recording.path, Path):
        yield recording.path.parent / PurePosixPath(recording.name).name
