"""Expressions during utterances: one row per utterance, with the speaker's expression and the listeners'."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feelit.analysis.observations import Samples, TimelineSamples
from feelit.analysis.speakers import Basis, Match, match_speakers
from feelit.analysis.table import clock
from feelit.errors import UsageError
from feelit.imports.transcript import Utterance, read_transcript, refuse_another
from feelit.options.transcripts import UtterancesOptions
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording, TimelineSources, names_of, open_timelines, with_time
from feelit.types import EMOTIONS, Float64, Int64

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """The expression of one or several people over a stretch of time. NaN if no face was readable."""

    readable_s: float  # seconds of readable faces, added up over people
    people: int  # number of people with a readable face
    probability: tuple[float, ...]  # mean of each emotion, in the order of `EMOTIONS`
    share: tuple[float, ...]  # share of the readable time with each emotion as the label

    @property
    def emotion(self) -> str | None:
        """The label with the largest share; None if no face was readable."""
        return EMOTIONS[int(np.argmax(self.share))] if self.readable_s > 0 else None

    def values(self) -> tuple[Any, ...]:
        """The values of the columns `SHOWN`."""
        return self.readable_s, self.emotion, *self.probability, *self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceRow:
    """One utterance of a video."""

    video: str
    number: int  # from 1, in order of time
    said: Utterance
    person_id: int | None  # the speaker; None if unknown or not on screen
    person: str | None
    matched_by: Basis  # see `speakers.Match.basis`
    missing: str  # why the speaker has no expression, as in `not matched`, `off screen` or `not seen`; empty if there is one
    speaker: Expression
    listeners: Expression  # of all other people; if the speaker is unknown, of everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenIn:
    """The rows of one video, and the matches of its speakers."""

    recording: Recording
    rows: list[UtteranceRow]
    matches: list[Match]
    outside: int  # number of utterances before the beginning or after the end


def spoken_in(sources: TimelineSources, transcript: Path, options: UtterancesOptions) -> SpokenIn:
    """The expressions of all people during each utterance of a transcript.

    Parameters
    ----------
    sources : the timeline of one video

    Raises
    ------
    TimelineReadError
        if the timeline cannot be read.
    UsageError
        if it has several videos, or photographs; if the transcript cannot be read or is of another video; or if a given speaker
        or person does not exist.
    """
    recordings = with_time(open_timelines(sources), "a transcript")
    if len(recordings) != 1:
        raise UsageError(f"a transcript needs one video, not {len(recordings)}: {names_of(recordings)}", "give one timeline")
    (recording,) = recordings
    said = read_transcript(transcript, options)
    refuse_another(transcript, said, recording.duration_s, recording.name)
    return table_of(recording, said, dict(options.speakers))


def table_of(recording: Recording, said: Sequence[Utterance], speakers: Mapping[str, str]) -> SpokenIn:
    """`spoken_in` for one recording and utterances already read; see `speakers.match_speakers` for `speakers`.

    Raises
    ------
    TimelineReadError, UsageError
        as `spoken_in`.
    """
    matches = match_speakers(recording, said, speakers)
    rows = list(_rows(recording, said, matches))
    return SpokenIn(recording=recording, rows=rows, matches=matches, outside=sum(r.missing == OUTSIDE for r in rows))


OUTSIDE = "outside the video"


def _rows(recording: Recording, said: Sequence[Utterance], matches: Sequence[Match]) -> Iterator[UtteranceRow]:
    samples = TimelineSamples(recording, "person")
    start_s = np.array([one.start_s for one in said], np.float64)
    end_s = np.array([one.end_s for one in said], np.float64)
    sums = [_Sums(samples.of_track(k), start_s, end_s) for k in range(len(samples.track_id))]
    readable_s = np.array([one.readable_s for one in sums]).reshape(len(sums), len(said))
    everybody, everybody_s = (
        sum((one.weighted for one in sums), np.zeros((len(said), 2 * len(EMOTIONS)))),
        readable_s.sum(axis=0),
    )
    people = (readable_s > 0).sum(axis=0)
    place = {int(who): k for k, who in enumerate(samples.track_id.tolist())}
    by_speaker = {match.speaker: match for match in matches}
    last_s = recording.duration_s or math.inf
    for n, one in enumerate(said):
        match = by_speaker[one.speaker]
        mine = sums[place[match.person_id]] if match.person_id in place else None
        own, own_s = (mine.weighted[n], float(mine.readable_s[n])) if mine else (np.zeros(2 * len(EMOTIONS)), 0.0)
        missing = ""
        if one.end_s <= 0 or one.start_s >= last_s:
            missing = OUTSIDE
        elif not match.known:
            missing = "not matched"
        elif match.person_id is None:
            missing = "off screen"
        elif own_s == 0:
            missing = "not readable" if mine is not None and mine.seen[n] else "not seen"
        yield UtteranceRow(
            video=recording.name,
            number=n + 1,
            said=one,
            person_id=match.person_id,
            person=None if match.person_id is None else recording.person_name(match.person_id),
            matched_by=match.basis,
            missing=missing,
            speaker=_expression(own, own_s, int(own_s > 0)),
            listeners=_expression(everybody[n] - own, float(everybody_s[n]) - own_s, int(people[n]) - (own_s > 0)),
        )


class _Sums:
    """Sums for one person over each of U utterances."""

    def __init__(self, mine: Samples, start_s: Float64, end_s: Float64) -> None:
        first, end = np.searchsorted(mine.time_s, start_s), np.searchsorted(mine.time_s, end_s)
        end = np.maximum(first, end)
        length = np.where(mine.readable, mine.length_s, 0.0)
        every = range(len(EMOTIONS))
        columns = [_between(np.where(mine.readable, mine.probability[:, k], 0) * length, first, end) for k in every]
        columns += [_between(length * (mine.emotion == k), first, end) for k in every]
        self.readable_s = _between(length, first, end)  # (U,)
        self.weighted = np.stack(columns, axis=1)  # (U, 16) probabilities and labels, times the seconds that they represent
        self.seen = end - first  # (U,) samples, readable or not


def _between(values: Float64, first: Int64, end: Int64) -> Float64:
    """(U,) sums of `values[first:end]`, by utterance."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    counted = np.concatenate([[0], np.cumsum(values > 0)])
    result: Float64 = np.where(counted[end] > counted[first], total[end] - total[first], 0.0)
    return result


def _expression(weighted: Float64, readable_s: float, people: int) -> Expression:
    if people < 1 or readable_s <= 0:
        nothing = (math.nan,) * len(EMOTIONS)
        return Expression(readable_s=0.0, people=0, probability=nothing, share=nothing)
    shares = np.clip(weighted / readable_s, 0.0, 1.0).tolist()
    half = len(EMOTIONS)
    return Expression(readable_s=readable_s, people=people, probability=tuple(shares[:half]), share=tuple(shares[half:]))


def flat(row: UtteranceRow) -> dict[str, Any]:
    """An utterance as one row; undefined values are None or NaN."""
    said = row.said
    matched_by = None if row.matched_by == "none" else row.matched_by
    values = (
        *(row.video, row.number, said.start_s, said.end_s, said.speaker or None, said.text),
        *(row.person_id, row.person, matched_by, row.missing or None),
        *row.speaker.values(),
        row.listeners.people,
        *row.listeners.values(),
    )
    return dict(zip(HEADINGS, values, strict=True))


SHOWN = (*("readable_s", "emotion"), *(f"p_{name}" for name in EMOTIONS), *(f"share_{name}" for name in EMOTIONS))
HEADINGS = (
    *("video", "utterance", "start_s", "end_s", "speaker", "text", "person_id", "person", "matched_by", "missing"),
    *(f"speaker_{name}" for name in SHOWN),
    "listeners",
    *(f"listeners_{name}" for name in SHOWN),
)

SHORT_HEADINGS = ("start", "speaker", "person", "shows", "listeners show", "text", "seconds")
WORDS = 6  # how many of the headings of `short` are over text; the others are over numbers
LONGEST_TEXT = 60


def utterance_frame(found: SpokenIn) -> pd.DataFrame:
    """Utterances as a data frame, not rounded; the speakers are in its `attrs`."""
    import pandas as pd

    rows = [flat(row) for row in found.rows]
    texts = ("video", "speaker", "text", "person", "matched_by", "missing", "speaker_emotion", "listeners_emotion")
    counts = ("person_id", "listeners")
    numbers = {name: "float64" for name in HEADINGS if name not in (*texts, *counts, "utterance")}
    types = numbers | dict.fromkeys(counts, "Int64") | {"utterance": "int64"}
    frame = pd.DataFrame(rows, columns=list(HEADINGS)).astype(types)
    frame.attrs["speakers"] = [asdict(match) for match in found.matches]
    return frame


def short(row: UtteranceRow) -> list[str]:
    """The short form of an utterance; a dash, or the reason, for undefined values."""
    text = one_line(row.said.text)
    who = "-" if row.person_id is None else one_line(row.person or str(row.person_id))
    return [
        clock(row.said.start_s),
        one_line(row.said.speaker) or "-",
        who,
        row.missing or _shown(row.speaker),
        _shown(row.listeners),
        text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "...",
        f"{row.said.end_s - row.said.start_s:.1f}",
    ]


def _shown(expression: Expression) -> str:
    return "-" if expression.emotion is None else f"{expression.emotion} {max(expression.share):.0%}"
