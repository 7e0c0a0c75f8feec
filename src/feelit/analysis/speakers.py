"""Who speaks: turns of people from the column `speaking`, and the person behind each speaker of a transcript.

A person whose mouth moves more while a speaker speaks than otherwise is probably that speaker (Cutler & Davis 2000, *Look
who's talking*). Signals contain the mouth opening; the column `speaking` is better, as it also uses the sound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from feelit.analysis.bouts import stretches
from feelit.errors import UsageError
from feelit.imports.transcript import Utterance
from feelit.storage.names import one_line
from feelit.timeline.people import names_of_people, people_meant
from feelit.timeline.recording import Recording
from feelit.types import Bool, Float64

LEAST_SPEAKING = 0.5  # the smallest probability that counts as speaking
PAUSE_S = 0.5  # pauses up to this length do not end a turn; listeners hear one utterance (Heldner & Edlund 2010)
SHORTEST_S = 0.2  # shorter turns are left out

_TOLERANCE_S = 1e-6  # times are rounded to floating point

MOST_STEP_S = 1.0
"""The most time that one sample represents here: a person without samples for longer was away, which ends a turn."""


def turns(time_s: Float64, length_s: Float64, probability: Float64) -> Float64:
    """(T, 2) float64: beginning and end of every turn of a person, in seconds.

    Parameters
    ----------
    time_s : (F,) float64, rising, of the samples of one person
    length_s : (F,) float64, the time that each represents
    probability : (F,) float64, of speech; NaN if unknown
    """
    speaks = np.nan_to_num(probability) >= LEAST_SPEAKING
    end_s = time_s + np.minimum(length_s, MOST_STEP_S)
    first, stop = stretches(speaks, time_s, end_s, PAUSE_S + _TOLERANCE_S, SHORTEST_S - _TOLERANCE_S)
    return np.stack([time_s[first], end_s[stop - 1]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Whether a person speaks or listens, in each of their samples."""

    known: Bool  # (F,) whether the probability of speech is known
    speaks: Bool  # (F,)
    listens: Bool  # (F,) somebody else speaks, and the person does not


def roles(frame: Mapping[int, np.ndarray], probability: Mapping[int, Float64]) -> dict[int, Roles]:
    """The roles of each person.

    Parameters
    ----------
    frame : by person, (F,) integers, the frames of their samples, rising
    probability : by person, (F,) float64, of speech; NaN if unknown
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

NOBODY = "none"  # given instead of a person if the speaker is not on screen
SPEAKING, MOUTH = "speaking", "mouth_open"

LEAST_RISE, LEAST_LEAD = 0.5, 0.3
"""The smallest rise of a matching person's motion while the speaker speaks, and its lead over the next person's, in standard
deviations.

On the sample meeting all five speakers match by the column `speaking`: rises of 1.8 to 3.2, leads of 0.4 to 2.6. By mouth
opening four match: rises of 0.7 to 1.3, leads of 0.7 to 1.3. The fifth sits in the dark; another person rises most, by 0.3."""

LEAST_SAMPLES = 10  # a person needs this many samples while the speaker speaks, and as many while not


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The person matched to a speaker."""

    speaker: str  # the name in the transcript
    person_id: int | None  # None if the speaker is not matched, or not on screen
    basis: Basis  # as `given`, by `name`, by the column `speaking`, by the motion of the `mouth`; `none` if it is not matched
    utterances: int  # number of the speaker's utterances

    @property
    def known(self) -> bool:
        """Whether the speaker is matched, or known not to be on screen."""
        return self.basis != "none"


def match_speakers(recording: Recording, utterances: Sequence[Utterance], given: Mapping[str, str]) -> list[Match]:
    """Match all speakers, in order of their first utterance: as `given`, else by equal names, else by speech or mouth motion.

    Parameters
    ----------
    given : speaker → name or number of a person, or `NOBODY` for somebody who is not on screen

    Raises
    ------
    UsageError
        if a given speaker is not in the transcript, or a given person not in the timeline.
    """
    counts = Counter(one.speaker for one in utterances)
    if strangers := [name for name in given if name not in counts]:
        there = ", ".join(name or "(without a name)" for name in counts)
        raise UsageError(one_line(f"nobody in the transcript is called {strangers[0]}"), one_line(f"its speakers: {there}"))
    names = names_of_people(recording)
    found: dict[str, tuple[int | None, Basis]] = {}
    for speaker in counts:
        same = [who for who, name in names.items() if speaker and name and _same(name, speaker)]
        if speaker in given:
            found[speaker] = None if given[speaker].lower() == NOBODY else people_meant([given[speaker]], names)[0], "given"
        elif len(same) == 1:
            found[speaker] = same[0], "name"
    rest = [speaker for speaker in counts if speaker and speaker not in found]
    if rest and (column := _column(recording)):
        basis: Basis = "speaking" if column == SPEAKING else "mouth"
        found |= {speaker: (who, basis) for speaker, who in _by_motion(recording, utterances, rest, column).items()}
    matches = []
    for speaker, count in counts.items():
        person, basis = found.get(speaker, (None, "none"))
        matches.append(Match(speaker=speaker, person_id=person, basis=basis, utterances=count))
    return matches


def _same(one: str, two: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(two.casefold().split())


def _column(recording: Recording) -> str | None:
    """The column to match by: `speaking`, else `mouth_open`; None if neither has values."""
    for name in (SPEAKING, MOUTH):
        if name in recording.columns and any(batch.column(0).null_count < len(batch) for batch in recording.batches([name])):
            return name
    return None


def _by_motion(recording: Recording, utterances: Sequence[Utterance], speakers: list[str], column: str) -> dict[str, int]:
    """The person of each speaker for whom one person clearly moves more than the others."""
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
    """(N,) bool, which times lie in one of the spans; `time_s` rises."""
    inside = np.zeros(len(time_s) + 1, np.int64)
    np.add.at(inside, np.searchsorted(time_s, spans[:, 0]), 1)
    np.add.at(inside, np.searchsorted(time_s, spans[:, 1]), -1)
    result: Bool = np.cumsum(inside)[:-1] > 0
    return result


def unmatched_text(matches: Sequence[Match]) -> str:
    """One line about unmatched speakers, with a hint; empty if there are none."""
    lost = sorted((match for match in matches if not match.known), key=lambda match: not match.speaker)
    if not lost:
        return ""
    names = ", ".join(f"{match.speaker or 'no speaker'} ({match.utterances})" for match in lost)
    if not (first := lost[0].speaker):
        return one_line(f"the transcript does not say who says {lost[0].utterances} of its utterances")
    quote = "'" if any(letter.isspace() for letter in first) else ""
    hint = f"give --speaker {quote}{first}=PERSON{quote}, or {quote}{first}={NOBODY}{quote} if not on screen"
    return one_line(f"not matched to a person: {names}; {hint}")
