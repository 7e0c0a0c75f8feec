"""Transcripts of a report: which video each belongs to, and what the page says of every utterance."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from feelit.analysis.speakers import unmatched_text
from feelit.analysis.utterances import UtteranceRow, table_of
from feelit.errors import UsageError
from feelit.imports.transcript import Utterance, read_transcript, refuse_another
from feelit.options.timelines import ReportOptions
from feelit.storage.names import as_text, one_line
from feelit.timeline.recording import Recording, names_of


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript that was read, and speakers whom the user names, as far as they are in it."""

    path: Path
    said: list[Utterance]
    speakers: dict[str, str]


def transcripts_of(recordings: Sequence[Recording], options: ReportOptions) -> dict[str, Transcript]:
    """The transcript of each video that has one, by the name of the video.

    A single transcript of a single video may be called anything, others like their video: `call.vtt` belongs to `call.mp4`.

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
    mine = [one for one in recordings if _plain(PurePosixPath(one.name).stem) == _plain(path.stem)]
    if len(mine) != 1:
        what = "none of the videos" if not mine else f"{len(mine)} of the videos"
        raise UsageError(
            f"{as_text(path)} is called like {what}: {names_of(recordings)}", "call it like its video, as in call.vtt"
        )
    return mine[0]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def utterances_of(recording: Recording, transcript: Transcript | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The utterances of a video for the page, and what the user should know, a line each."""
    if transcript is None:
        return [], []
    table = table_of(recording, transcript.said, transcript.speakers)
    notes = [f"{recording.name}: {note}"] if (note := unmatched_text(table.matches)) else []
    if table.outside:
        notes.append(f"{table.outside} of {len(table.rows)} utterances of {as_text(transcript.path)} lie outside the video")
    return [_entry(row) for row in table.rows], notes


def _entry(row: UtteranceRow) -> dict[str, Any]:
    return {
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
