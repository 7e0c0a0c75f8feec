"""Summaries of signals, one row per person: blinks, nods, shakes, looking at the camera, smiles,
speech, and expressions while speaking and while listening.

Thresholds are stated here and in docs/signals.md. Only the count of blinks was compared with a count by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from feelit.analysis.gestures import AWAY_DEG, SMILE, find_blinks, find_head_bouts, find_mutual_smiles, is_dense
from feelit.analysis.signal_events import PersonSignals, SignalRows
from feelit.analysis.speakers import Roles, roles
from feelit.analysis.table import clock, csv_of, escaped, json_of, markdown_of, number, rounded_row
from feelit.errors import TimelineReadError
from feelit.signals.columns import SIGNALS, SPEECH, UNITS
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording, TimelineSources, open_timelines
from feelit.timeline.schema import PROBABILITY_COLUMNS
from feelit.types import EMOTIONS, Bool, Float64

if TYPE_CHECKING:
    import pandas as pd


CAMERA_DEG = 15.0  # gaze within this angle of the camera counts as looking at it: one and a half times the error of gaze
NARROWED = 0.5  # eyes narrow enough for a Duchenne smile (Ekman, Davidson & Friesen 1990), on the scale of `AU06`


@dataclass(frozen=True, slots=True)
class SignalSummary:
    """One person of one video. NaN marks unknown values: blinks and nods at a low sampling rate, shares of no time."""

    video: str
    person_id: int
    person: str | None
    signals_s: float  # time with signals
    blinks: float
    blinks_per_min: float
    nods: float  # bouts of nodding
    shakes: float
    camera_s: float  # time with the gaze at the camera
    camera_share: float  # its share of the time with signals
    away_s: float  # time with the head turned aside by more than `gestures.AWAY_DEG`
    away_share: float
    mouth_open: float  # mean
    smile_share: float  # share of the time with a smile
    duchenne_share: float  # share of the smiling time with narrowed eyes; NaN without action units
    mutual_smiles: float  # with others, see `gestures`; NaN if only one person is in the video
    mutual_smile_s: float
    speaking_s: float
    speaking_share: float  # of the time with a known probability of speech
    listening_s: float  # time in which the person does not speak, but somebody else does
    speaking: tuple[float, ...]  # mean probability of each emotion while speaking; NaN where the face could not be read
    listening: tuple[float, ...]  # the same while listening

    def row(self) -> dict[str, Any]:
        """The summary as one flat row, see HEADINGS."""
        values = asdict(self)
        means = {name: values.pop(name) for name in ROLES}
        return values | {f"p_{e}_{name}": p for name, of in means.items() for e, p in zip(EMOTIONS, of, strict=True)}


_NAN = float("nan")

ROLES = ("speaking", "listening")
HEADINGS = (
    *(f.name for f in fields(SignalSummary) if f.name not in ROLES),
    *(f"p_{emotion}_{role}" for role in ROLES for emotion in EMOTIONS),
)


def signal_frame(records: Sequence[SignalSummary]) -> pd.DataFrame:
    """Summaries as a data frame, one row each; the columns are HEADINGS."""
    import pandas as pd

    return pd.DataFrame([record.row() for record in records], columns=list(HEADINGS))


def signal_summaries(sources: TimelineSources) -> list[SignalSummary]:
    """One record per person, in the order of the videos and of `person_id`.

    Parameters
    ----------
    sources : see `recording.open_timelines`

    Raises
    ------
    TimelineReadError, UsageError
        as `recording.open_timelines`; TimelineReadError if a timeline has no signals.
    """
    found = []
    for recording in open_timelines(sources):
        if SIGNALS not in recording.groups:
            hint = "analyse the video again with --signals basic or --signals all"
            raise TimelineReadError(f"{recording.source} has no signals of {recording.name}", hint)
        found += recording_signals(recording)
    return found


def recording_signals(recording: Recording) -> list[SignalSummary]:
    """The summaries of one video, which must have signals."""
    names = ["blink", "gaze_yaw_deg", "gaze_pitch_deg", "pitch_deg", "yaw_deg", "mouth_open", "smile"]
    names += ["AU06"] if UNITS in recording.groups else []
    names += ["speaking", "readable", *PROBABILITY_COLUMNS] if SPEECH in recording.groups else []
    rows = SignalRows(recording, "person", names)
    people = rows.people
    mutual = find_mutual_smiles(rows.time_s, rows.length_s, rows.smiles(), rng=None) if len(people) > 1 else []
    does: dict[int, Roles | None] = dict.fromkeys(people)
    if SPEECH in recording.groups:
        does |= roles({w: own.place for w, own in people.items()}, {w: own.values("speaking") for w, own in people.items()})
    found = []
    for n, (who, own) in enumerate(people.items()):
        shared = [m.end_s - m.start_s for m in mutual if n in m.people]
        found.append(_person(recording, who, own, shared if len(people) > 1 else None, does[who]))
    return found


def _share(length_s: Float64, where: Bool, of: Bool | None = None) -> float:
    """The share of the time, or of the part `of` it."""
    whole = float((length_s if of is None else length_s[of]).sum())
    return float(length_s[where].sum()) / whole if whole else _NAN


def _person(
    recording: Recording, who: int, rows: PersonSignals, mutual_s: list[float] | None, does: Roles | None
) -> SignalSummary:
    time_s, total = rows.time_s, float(rows.length_s.sum())
    pitch, yaw = rows.values("pitch_deg"), rows.values("yaw_deg")
    dense = is_dense(time_s)
    blinks = float(len(find_blinks(time_s, rows.values("blink")))) if dense else _NAN
    nods, shakes = ((float(len(find_head_bouts(time_s, pitch, yaw, axis))) if dense else _NAN) for axis in ("pitch", "yaw"))
    at_camera = camera_angle(rows.values("gaze_yaw_deg"), rows.values("gaze_pitch_deg")) <= CAMERA_DEG
    away, smiles = np.abs(yaw) > AWAY_DEG, rows.values("smile") > SMILE
    return SignalSummary(
        video=recording.name,
        person_id=who,
        person=recording.person_name(who),
        signals_s=total,
        blinks=blinks,
        blinks_per_min=60 * blinks / total if total else _NAN,
        nods=nods,
        shakes=shakes,
        camera_s=float(rows.length_s[at_camera].sum()),
        camera_share=_share(rows.length_s, at_camera),
        away_s=float(rows.length_s[away].sum()),
        away_share=_share(rows.length_s, away),
        mouth_open=float((rows.values("mouth_open") * rows.length_s).sum() / total) if total else _NAN,
        smile_share=_share(rows.length_s, smiles),
        duchenne_share=_share(rows.length_s, smiles & (rows.values("AU06") > NARROWED), smiles)
        if UNITS in recording.groups
        else _NAN,
        mutual_smiles=_NAN if mutual_s is None else float(len(mutual_s)),
        mutual_smile_s=_NAN if mutual_s is None else sum(mutual_s),
        speaking_s=_NAN if does is None else float(rows.length_s[does.speaks].sum()),
        speaking_share=_NAN if does is None else _share(rows.length_s, does.speaks, does.known),
        listening_s=_NAN if does is None else float(rows.length_s[does.listens].sum()),
        speaking=_means(rows, None if does is None else does.speaks),
        listening=_means(rows, None if does is None else does.listens),
    )


def _means(rows: PersonSignals, where: Bool | None) -> tuple[float, ...]:
    """Mean probabilities of the emotions over the readable rows selected by `where`; NaN if there are none."""
    if where is None:
        return (_NAN,) * len(EMOTIONS)
    there = where & rows.values("readable").astype(bool)
    weight = np.where(there, rows.length_s, 0.0)
    total = float(weight.sum())
    return tuple(float((np.nan_to_num(rows.values(n)) * weight).sum()) / total if total else _NAN for n in PROBABILITY_COLUMNS)


def camera_angle(yaw_deg: Float64, pitch_deg: Float64) -> Float64:
    """The angle between the gaze and the direction of the camera, degrees."""
    result: Float64 = np.degrees(np.arccos(np.clip(np.cos(np.radians(yaw_deg)) * np.cos(np.radians(pitch_deg)), -1, 1)))
    return result


SHORT_HEADINGS = (
    *("video", "person", "with signals", "blinks/min", "nods", "shakes", "at camera", "turned away", "mouth open", "smiling"),
    *("duchenne", "mutual smiles", "speaks", "listens"),
)
WORDS = 2  # how many of the headings of `short` are over text; the others are over numbers


def signals_text(records: Sequence[SignalSummary], written: str) -> str:
    """One line or object per record; `written` is "csv", "json" or "md". Unknown values are empty or null.

    Only CSV and JSON have the mean probabilities while speaking and listening.
    """
    rows = [rounded_row(record.row()) for record in records]
    if written == "json":
        return json_of(rows)
    if written == "csv":
        return csv_of(HEADINGS, rows)
    names = [name for name in HEADINGS if not name.startswith("p_")]  # sixteen more would make the table too wide
    return markdown_of([names, ["---"] * len(names), *([escaped(_cell(row[name])) for name in names] for row in rows)])


def short(record: SignalSummary) -> list[str]:
    """A summary as a row of cells, see `SHORT_HEADINGS`; unknown values are a dash."""
    who = one_line(record.person or str(record.person_id))
    counts = [number(record.blinks_per_min, ".1f"), number(record.nods, ".0f"), number(record.shakes, ".0f")]
    looks = [number(record.camera_share, ".0%"), number(record.away_share, ".0%"), number(record.mouth_open, ".2f")]
    smiles = [number(record.smile_share, ".0%"), number(record.duchenne_share, ".0%"), number(record.mutual_smiles, ".0f")]
    talk = ["-" if math.isnan(seconds) else clock(seconds) for seconds in (record.speaking_s, record.listening_s)]
    return [one_line(record.video), who, clock(record.signals_s), *counts, *looks, *smiles, *talk]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else one_line(str(value))
