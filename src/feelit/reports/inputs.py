"""Files that belong to timelines: videos, found by their content, and transcripts, found by their names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from feelit.analysis.speakers import unmatched_text
from feelit.analysis.utterances import table_of
from feelit.errors import TimelineReadError, UsageError, VideoReadError
from feelit.imports.transcript import Utterance, read_transcript, refuse_another
from feelit.options.timelines import ReportOptions
from feelit.run.plan import find_videos
from feelit.storage.location import Location, Url, refuse_url
from feelit.storage.names import as_text, one_line
from feelit.storage.stat import exists, stamp
from feelit.timeline.recording import Recording, names_of
from feelit.video.probe import fingerprint

ANNOTATED = ".annotated.mp4"
"""`feelit analyze --annotate FOLDER` writes NAME.mp4.annotated.mp4, people write NAME.annotated.mp4."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The location of a video, and of its annotated version, if there is one."""

    video: Location
    annotated: Location | None


@dataclass(frozen=True, slots=True)
class Found:
    """The videos of timelines, by the names that the timelines use.

    `changed` are those for which there is only a file of the same name with other content.
    """

    footage: dict[str, Footage]
    changed: frozenset[str]


def find_footage(given: Sequence[Location], videos: Mapping[str, Mapping[str, Any]]) -> Found:
    """Find the videos of timelines among files and folders with their subfolders.

    Parameters
    ----------
    given : files and folders
    videos : the metadata of every video

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
    paths = [path for path in paths if path in given or exists(path)]  # without dangling links in folders
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
    """The address of a file relative to the page `out`; absolute on another drive, and for a page in a bucket."""
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


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript, and the names that the user gives to its speakers."""

    path: Path
    said: list[Utterance]
    speakers: dict[str, str]


def transcripts_of(recordings: Sequence[Recording], options: ReportOptions) -> dict[str, Transcript]:
    """The transcript of each video that has one, by the name of the video.

    A single transcript of a single video may have any name, others that of their video: `call.vtt` belongs to `call.mp4`.

    Raises
    ------
    UsageError
        if one cannot be read, belongs to no video or to another one, a video has two, or a speaker is in none of them.
    """
    found: dict[str, Transcript] = {}
    given = dict(options.speakers)
    for path in options.transcripts:
        recording = recordings[0] if len(recordings) == len(options.transcripts) == 1 else _owner(path, recordings)
        if recording.name in found:
            message = f"{as_text(path)} and {as_text(found[recording.name].path)} are both of {recording.name}"
            raise UsageError(one_line(message), "give one transcript of each video")
        said = read_transcript(path, options)
        refuse_another(path, said, recording.duration_s, recording.name)
        names = {one.speaker for one in said}
        found[recording.name] = Transcript(path, said, {name: who for name, who in given.items() if name in names})
    known = {name for transcript in found.values() for name in transcript.speakers}
    if strangers := [name for name in given if name not in known]:
        raise UsageError(one_line(f"nobody in the transcripts is called {strangers[0]}"), "--speaker names who speaks in them")
    return found


def _owner(path: Path, recordings: Sequence[Recording]) -> Recording:
    def plain(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()

    mine = [one for one in recordings if plain(PurePosixPath(one.name).stem) == plain(path.stem)]
    if len(mine) != 1:
        what = "none of the videos" if not mine else f"{len(mine)} of the videos"
        message = f"{as_text(path)} is called like {what}: {names_of(recordings)}"
        raise UsageError(message, "call it like its video, as in call.vtt")
    return mine[0]


def utterances_of(recording: Recording, transcript: Transcript | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The utterances of a video for the page, and notes for the user."""
    if transcript is None:
        return [], []
    table = table_of(recording, transcript.said, transcript.speakers)
    notes = [f"{recording.name}: {note}"] if (note := unmatched_text(table.matches)) else []
    if table.outside:
        notes.append(f"{table.outside} of {len(table.rows)} utterances of {as_text(transcript.path)} lie outside the video")
    entries = [
        {
            "start_s": row.said.start_s,
            "end_s": row.said.end_s,
            "speaker": row.said.speaker,
            "person": row.person_id,
            "text": row.said.text,
            "shows": row.speaker.emotion,
            "share": max(row.speaker.share) if row.speaker.emotion else None,
            "listeners_show": row.listeners.emotion,
            "listeners_share": max(row.listeners.share) if row.listeners.emotion else None,
            "missing": row.missing,
        }
        for row in table.rows
    ]
    return entries, notes
