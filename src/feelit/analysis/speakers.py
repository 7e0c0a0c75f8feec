"""Who speaks: turns of people by the column `speaking`, and the person for each speaker of a transcript.

A person whose mouth moves more while a speaker speaks than otherwise is likely that speaker (Cutler & Davis 2000, *Look who's
talking*). Signals give the opening of the mouth; the column `speaking` is better, as it also depends on the sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from feelit.errors import UsageError
from feelit.imports.transcript import Utterance
from feelit.storage.names import one_line
from feelit.timeline.people import names_of_people, people_meant
from feelit.timeline.recording import Recording
from feelit.types import Bool, Float64

LEAST_SPEAKING = 0.5
"""A face speaks from this probability on."""

PAUSE_S = 0.5
"""Shorter pauses are within a turn; speech that is apart by less is one utterance to a listener (Heldner & Edlund 2010)."""

SHORTEST_S = 0.2
"""Shorter turns are left out."""

_TOUCH_S = 1e-6  # times are no binary fractions

MOST_STEP_S = 1.0
"""A person who was not sampled for longer was away: a turn ends there."""


def turns(time_s: Float64, length_s: Float64, probability: Float64) -> Float64:
    """(T, 2) float64: when every turn of a person begins and ends, in seconds.

    Parameters
    ----------
    time_s : (F,) float64, rising, of the samples of one person
    length_s : (F,) float64, what each stands for
    probability : (F,) float64, of speech; NaN where it is not known
    """
    speaks = np.nan_to_num(probability) >= LEAST_SPEAKING
    rows = np.flatnonzero(speaks)
    if not len(rows):
        return np.zeros((0, 2))
    end_s = time_s[rows] + np.minimum(length_s[rows], MOST_STEP_S)
    apart = time_s[rows[1:]] - end_s[:-1] > PAUSE_S + _TOUCH_S
    first, last = np.r_[True, apart], np.r_[apart, True]
    found = np.stack([time_s[rows[first]], end_s[last]], axis=1)
    result: Float64 = found[found[:, 1] - found[:, 0] >= SHORTEST_S - _TOUCH_S]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Whether a person speaks or listens, in each of their samples."""

    known: Bool  # (F,) whether it is known if the person speaks
    speaks: Bool  # (F,)
    listens: Bool  # (F,) somebody else speaks, and the person does not


def roles(frame: Mapping[int, np.ndarray], probability: Mapping[int, Float64]) -> dict[int, Roles]:
    """The roles of each person.

    Parameters
    ----------
    frame : by person, (F,) whole numbers, the frames of their samples, rising
    probability : by person, (F,) float64, of speech; NaN where it is not known
    """
    talks = {who: np.nan_to_num(values) >= LEAST_SPEAKING for who, values in probability.items()}
    count = max((int(numbers.max(initial=-1)) for numbers in frame.values()), default=-1) + 1
    total = np.zeros(count, np.int64)
    for who, numbers in frame.items():
        total[numbers] += talks[who]
    found = {}
    for who, numbers in frame.items():
        known = ~np.isnan(probability[who])
        others = total[numbers] - talks[who]
        found[who] = Roles(known, talks[who], known & ~talks[who] & (others > 0))
    return found


Basis = Literal["given", "name", "speaking", "mouth", "none"]

NOBODY = "none"
"""In place of a person: the speaker is not on screen."""

SPEAKING, MOUTH = "speaking", "mouth_open"

LEAST_RISE, LEAST_LEAD = 0.5, 0.3
"""A person matches who rises by this, in standard deviations, while the speaker speaks, and by that more than the next one.

On the sample meeting all five speakers match by the column `speaking`: they rise by 1.8 to 3.2 and lead by 0.4 to 2.6. By the
opening of mouths four do, by 0.7 to 1.3 and leads of 0.7 to 1.3; of the fifth, in the dark, another rises most, by 0.3."""

LEAST_SAMPLES = 10
"""The least number of samples of a person while the speaker speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who a speaker is.

    Attributes
    ----------
    speaker : as the transcript names them
    person_id : None if nobody of the timeline
    basis : what says so: `given`, the `name`, the column `speaking`, the motion of the `mouth`; `none` if nothing does
    utterances : how many the speaker has
    """

    speaker: str
    person_id: int | None
    basis: Basis
    utterances: int

    @property
    def known(self) -> bool:
        """Whether it is known who the speaker is, were it somebody who is not on screen."""
        return self.basis != "none"


def match_speakers(recording: Recording, utterances: Sequence[Utterance], given: Mapping[str, str]) -> list[Match]:
    """Everybody who speaks, in order of their first utterance: as `given`, else by equal names, else by what mouths do.

    Parameters
    ----------
    given : speaker → name or number of a person, or `NOBODY` for somebody who is not on screen

    Raises
    ------
    UsageError
        if a speaker or a person that is given is not there.
    """
    counts: dict[str, int] = {}
    for one in utterances:
        counts[one.speaker] = counts.get(one.speaker, 0) + 1
    if strangers := [name for name in given if name not in counts]:
        there = ", ".join(name or "(without a name)" for name in counts)
        raise UsageError(one_line(f"nobody in the transcript is called {strangers[0]}"), one_line(f"its speakers: {there}"))
    names = names_of_people(recording)
    found: dict[str, Match] = {}
    for speaker, count in counts.items():
        if speaker in given:
            person = None if given[speaker].lower() == NOBODY else people_meant([given[speaker]], names)[0]
            found[speaker] = Match(speaker=speaker, person_id=person, basis="given", utterances=count)
        else:
            same = [who for who, name in names.items() if speaker and name and _same(name, speaker)]
            if len(same) == 1:
                found[speaker] = Match(speaker=speaker, person_id=same[0], basis="name", utterances=count)
    rest = [speaker for speaker in counts if speaker and speaker not in found]
    column = _column(recording) if rest else None
    heard = _by_motion(recording, utterances, rest, column) if column else {}
    for speaker in counts:
        if speaker in heard:
            basis: Basis = "speaking" if column == SPEAKING else "mouth"
            found[speaker] = Match(speaker=speaker, person_id=heard[speaker], basis=basis, utterances=counts[speaker])
        elif speaker not in found:
            found[speaker] = Match(speaker=speaker, person_id=None, basis="none", utterances=counts[speaker])
    return [found[speaker] for speaker in counts]


def _same(one: str, two: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(two.casefold().split())


def _column(recording: Recording) -> str | None:
    """The column that says who speaks: the first of those that there are and that hold anything."""
    for name in (SPEAKING, MOUTH):
        if name in recording.columns and any(batch.column(0).null_count < len(batch) for batch in recording.batches([name])):
            return name
    return None


def _by_motion(recording: Recording, utterances: Sequence[Utterance], speakers: list[str], column: str) -> dict[str, int]:
    """The person of each speaker, as far as one stands out."""
    table = recording.table(["time_s", "person_id", column])
    time_s: Float64 = table["time_s"].to_numpy()
    person = table["person_id"].fill_null(-1).to_numpy()
    value: Float64 = table[column].cast("float64").to_numpy()
    alone = {speaker: _alone(utterances, speaker) for speaker in speakers}
    rises: dict[str, list[tuple[float, int]]] = {speaker: [] for speaker in speakers}
    for who in recording.people:
        mine = (person == who) & np.isfinite(value)
        times, moves = time_s[mine], value[mine]
        if column == MOUTH:
            moves = np.abs(np.diff(moves, prepend=moves[:1]))
        spread = float(moves.std()) if len(moves) else 0.0
        if spread > 0:
            for speaker in speakers:
                on, off = _within(times, alone[speaker]), ~_within(times, _spans(utterances, speaker))
                if on.sum() >= LEAST_SAMPLES and off.sum() >= LEAST_SAMPLES:
                    rises[speaker].append((float(moves[on].mean() - moves[off].mean()) / spread, who))
    found = {}
    for speaker, candidates in rises.items():
        ranked = sorted(candidates, reverse=True)
        lead = ranked[0][0] - max([0.0, *(rise for rise, _ in ranked[1:])]) if ranked else 0.0
        if ranked and ranked[0][0] >= LEAST_RISE and lead >= LEAST_LEAD:
            found[speaker] = ranked[0][1]
    return found


def _spans(utterances: Sequence[Utterance], speaker: str) -> Float64:
    """(K, 2) when the speaker speaks, s."""
    return np.array([(u.start_s, u.end_s) for u in utterances if u.speaker == speaker], np.float64).reshape(-1, 2)


def _alone(utterances: Sequence[Utterance], speaker: str) -> Float64:
    """(K, 2) when the speaker speaks and nobody else does, s."""
    edges = sorted(
        [(u.start_s, 1, u.speaker == speaker) for u in utterances] + [(u.end_s, -1, u.speaker == speaker) for u in utterances]
    )
    spans, mine, others, since = [], 0, 0, None
    for at_s, step, own in edges:
        if since is not None and at_s > since:
            spans.append((since, at_s))
        mine, others = (mine + step, others) if own else (mine, others + step)
        since = at_s if mine > 0 and others == 0 else None
    return np.array(spans, np.float64).reshape(-1, 2)


def _within(time_s: Float64, spans: Float64) -> Bool:
    """(N,) bool, which times lie in one of the spans, whose starts rise."""
    inside = np.zeros(len(time_s) + 1, np.int64)
    np.add.at(inside, np.searchsorted(time_s, spans[:, 0]), 1)
    np.add.at(inside, np.searchsorted(time_s, spans[:, 1]), -1)
    result: Bool = np.cumsum(inside)[:-1] > 0
    return result


def unmatched_text(matches: Sequence[Match]) -> str:
    """One line about speakers who are nobody's, and what to do; empty if there are none."""
    lost = sorted((match for match in matches if not match.known), key=lambda match: not match.speaker)
    if not lost:
        return ""
    names = ", ".join(f"{match.speaker or 'no speaker'} ({match.utterances})" for match in lost)
    if not (first := lost[0].speaker):
        return one_line(f"the transcript does not say who says {lost[0].utterances} of its utterances")
    quote = "'" if any(letter.isspace() for letter in first) else ""
    hint = f"give --speaker {quote}{first}=PERSON{quote}, or {quote}{first}={NOBODY}{quote} if not on screen"
    return one_line(f"not matched to a person: {names}; {hint}")
