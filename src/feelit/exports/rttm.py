"""Rich Transcription Time Marked (NIST, RT-09): who speaks when, as speaker diarisation writes and reads it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feelit.analysis.observations import frame_lengths
from feelit.analysis.speakers import turns
from feelit.errors import TimelineReadError
from feelit.exports.selection import Selection
from feelit.signals.columns import SPEECH
from feelit.timeline.recording import Recording


def rttm_text(selection: Selection) -> Iterator[str]:
    """One SPEAKER line per turn, in order of time; times in seconds, names without white space.

    Raises
    ------
    TimelineReadError
        if a timeline has no columns of speech.
    """
    for recording in selection.recordings:
        if SPEECH not in recording.groups:
            hint = "analyse the video again, with --signals basic"
            raise TimelineReadError(f"{recording.source} does not say who speaks in {recording.name}", hint)
        file = _word(recording.name)
        speakers = [
            (start_s, end_s, _word(label))
            for number, label in selection.labels(recording).items()
            for start_s, end_s in _turns(recording, selection.series(recording), number).tolist()
        ]
        for start_s, end_s, speaker in sorted(speakers):
            yield f"SPEAKER {file} 1 {start_s:.3f} {end_s - start_s:.3f} <NA> <NA> {speaker} <NA> <NA>\n"


def _turns(recording: Recording, series: str, number: int) -> np.ndarray:
    table = recording.table(["frame", "time_s", "track_id" if series == "track" else "person_id", "speaking"])
    frame, first = np.unique(table.column("frame").to_numpy(), return_index=True)
    lengths = frame_lengths(table.column("time_s").to_numpy()[first], recording.duration_s)
    mine = np.flatnonzero(table.column(2).fill_null(-1).to_numpy() == number)
    place = np.searchsorted(frame, table.column("frame").to_numpy()[mine])
    return turns(
        table.column("time_s").to_numpy()[mine], lengths[place], table.column("speaking").to_numpy()[mine].astype(np.float64)
    )


def _word(text: str) -> str:
    """A field: text without white space."""
    return "_".join(text.split()) or "unknown"
