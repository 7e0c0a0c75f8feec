"""Groups tracks into people: agglomerative clustering with constraints, at the end of a video.

Average linkage joins the two groups with the highest likeness until none are likely enough to be one person. Groups that share
a frame are never joined (constrained clustering after Wagstaff et al. 2001; faces of one frame as constraints: Cinbis et al.
2011). Before that, a track is split where its embeddings and its appearance change at the same time: there the tracker switched
to another person.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from feelit.identity.evidence import WIDTH, EvidenceBuilder, TrackEvidence
from feelit.identity.likeness import (
    JOIN,
    LEAST_WEIGHT,
    SPLIT,
    SPLIT_WEIGHT,
    between,
    normal,
    normalised_likeness,
    of_faces,
    probability,
    summed,
    template,
)
from feelit.types import Bool, Columns, Float32, Float64, Int32, Int64

LEAST_SCORE = 0.55
"""A track with a smaller mean detector score is not a person but, for example, a poster or a pattern. People get 0.56 and more,
even from the side (measured on the clips of benchmarks/people.py)."""

SAME_TIME_S = 1.0
LEAST_STAYED = 2
ODDS = 10.0
JOIN_UNMATCHED = 0.9
"""If the layout of a call changes, exactly one unmatched person ends and one begins within SAME_TIME_S, and at least
LEAST_STAYED others continue, then the odds that the two are one person are multiplied by ODDS, and they are joined from the
probability JOIN_UNMATCHED on. After a cut in a film nobody continues, so nothing is joined. This joins 97 to 99 % of same pairs
and 2.0 to 3.3 % of different pairs; with odds of 20 it is 98 to 99 % and 2.5 to 4.5 % (`benchmarks/across.py left`)."""

DIGITS = 3  # decimals of a confidence


@dataclass(frozen=True, slots=True, eq=False)
class Parts(Columns):
    """Tracks, or their parts if they were split, ordered by track and time."""

    track: Int64  # (P,) the tracker's number of the track
    start_s: Float64  # (P,) beginning of the part, -inf for the first part of a track
    first_s: Float64  # (P,) time of its first face
    person_id: Int32  # (P,) 1, 2, ... by first appearance; -1 for false detections
    confidence: Float32  # (P,) that this part shows this person; NaN if the quality of its faces is too low to compare


@dataclass(slots=True)
class _Part:
    track: int
    start_s: float
    end_s: float
    first_s: float  # of its first face
    weight: float
    total: Float32  # (128,) sum of quality times vector
    is_face: bool


def group_tracks(evidence: EvidenceBuilder) -> Parts:
    """Group the tracks of a video into people."""
    parts = [part for track in sorted(evidence.tracks) for part in _split(track, evidence.tracks[track])]
    count = len(parts)
    weight = np.array([p.weight for p in parts], np.float64)
    total = np.array([p.total for p in parts], np.float32).reshape(count, WIDTH)
    comparable = (weight >= LEAST_WEIGHT) & np.array([p.is_face for p in parts], bool)
    allowed = ~_apart(parts, evidence) & comparable[:, None] & comparable[None]
    group, odds = _join_unmatched(cluster(total, weight, allowed), parts, evidence, total, weight, allowed)
    return _numbered(parts, group, _confidence(group, total, weight, allowed, odds))


def cluster(total: Float32, weight: Float64, allowed: Bool) -> Int64:
    """Average linkage with pairs that must not be joined.

    Parameters
    ----------
    total : (P, 128) float32, sums of quality times unit vectors
    weight : (P,) float64, sums of quality
    allowed : (P, P) bool, symmetric: pairs that may be joined

    Returns
    -------
    (P,) int64, the group of each: the index of its first member
    """
    count = len(weight)
    group = np.arange(count, dtype=np.int64)
    if count < 2:
        return group
    total, weight, allowed = total.astype(np.float64), weight.copy(), allowed.copy()
    np.fill_diagonal(allowed, False)
    mean = template(total, weight)
    usual = normal(mean)
    likeness = np.where(allowed, normalised_likeness(mean, mean, usual, usual).astype(np.float64), -np.inf)
    best = likeness.max(axis=1)
    while True:
        i = int(np.argmax(best))
        if not probability(best[i : i + 1])[0] >= JOIN:
            return group
        j = int(np.argmax(likeness[i]))
        i, j = min(i, j), max(i, j)
        group[group == group[j]] = group[i]
        total[i] += total[j]
        weight[i] += weight[j]
        allowed[i] &= allowed[j]
        allowed[:, i] = allowed[i]
        allowed[j], allowed[:, j] = False, False
        mean[i] = template(total[i], weight[i])
        usual[i] = normal(mean[i : i + 1])[0]
        alike = normalised_likeness(mean[i : i + 1], mean, usual[i : i + 1], usual)[0].astype(np.float64)
        row = np.where(allowed[i], alike, -np.inf)
        likeness[i], likeness[:, i] = row, row
        likeness[j], likeness[:, j] = -np.inf, -np.inf
        best = likeness.max(axis=1)


def _join_unmatched(
    group: Int64, parts: list[_Part], evidence: EvidenceBuilder, total: Float32, weight: Float64, allowed: Bool
) -> tuple[Int64, Float64]:
    """Join the only group that ends at a change of layout to the only one that begins there, see `JOIN_UNMATCHED`.

    Returns the (P,) groups, and (P,) factors on the odds that a part belongs to its group.
    """
    group, odds = group.copy(), np.ones(len(parts))
    good = weight >= LEAST_WEIGHT
    first_s = np.array([part.first_s for part in parts], np.float64)
    last_s = np.array([min(part.end_s, evidence.tracks[part.track].last_s) for part in parts], np.float64)
    for begin_s in sorted(set(first_s[good].tolist())):
        numbers = np.unique(group[good]).tolist()
        spans = {n: (first_s[group == n], last_s[group == n]) for n in numbers}
        ended = [n for n, (_, last) in spans.items() if begin_s - SAME_TIME_S <= last.max() < begin_s]
        begun = [n for n, (first, _) in spans.items() if abs(first.min() - begin_s) <= SAME_TIME_S and first.min() > 0]
        stayed = [
            n
            for n, (first, last) in spans.items()
            if ((first < begin_s) & (last >= begin_s - SAME_TIME_S)).any()
            and ((first <= begin_s + SAME_TIME_S) & (last >= begin_s)).any()
        ]
        if len(ended) != 1 or len(begun) != 1 or len(stayed) < LEAST_STAYED:
            continue
        one, other = group == ended[0], group == begun[0]
        if not allowed[np.ix_(one & good, other & good)].all():
            continue
        sums = [template(total[mine].sum(axis=0), weight[mine].sum()) for mine in (one, other)]
        if odds_times(probability(np.array([between(*sums)])), ODDS)[0] >= JOIN_UNMATCHED:
            odds[one | other] = ODDS
            group[other] = ended[0]
    return group, odds


def odds_times(probabilities: Float64, odds: float) -> Float64:
    """Probabilities with their odds multiplied by a factor."""
    return probabilities * odds / (probabilities * odds + 1 - probabilities)


def _split(track: int, evidence: TrackEvidence) -> list[_Part]:
    """The parts of a track that show different people; a single part if it shows one."""
    time_s, quality, vector = evidence.embeddings()
    edges = [-np.inf, *_edges(time_s, quality, vector, evidence.changes), np.inf]
    parts = []
    for start_s, end_s in pairwise(edges):
        total, weight = summed(quality, vector, (time_s >= start_s) & (time_s < end_s))
        is_face = evidence.score >= LEAST_SCORE * evidence.rows
        parts.append(_Part(track, start_s, end_s, max(start_s, evidence.first_s), weight, total, is_face))
    return parts


def _edges(time_s: Float64, quality: Float32, vector: Float32, changes: list[tuple[float, float]]) -> list[float]:
    """The times at which a track switches to another person, in order."""
    found = [
        (likeness, change_s)
        for change_s, _ in changes
        if (likeness := of_faces(quality, vector, time_s < change_s, time_s >= change_s, SPLIT_WEIGHT)) is not None
    ]
    if not found or probability(np.array([min(found)[0]]))[0] >= SPLIT:
        return []
    _, edge = min(found)
    before, after = time_s < edge, time_s >= edge
    first = _edges(time_s[before], quality[before], vector[before], [c for c in changes if c[0] < edge])
    second = _edges(time_s[after], quality[after], vector[after], [c for c in changes if c[0] > edge])
    return [*first, edge, *second]


def _apart(parts: list[_Part], evidence: EvidenceBuilder) -> Bool:
    """(P, P) bool: which share a frame, or are consecutive parts of one track."""
    apart = np.zeros((len(parts), len(parts)), bool)
    of_track: dict[int, list[int]] = {}
    for i, part in enumerate(parts):
        of_track.setdefault(part.track, []).append(i)
    for mine in of_track.values():
        for a, b in pairwise(mine):
            apart[a, b] = apart[b, a] = True
    for (one, other), (first_s, last_s) in evidence.together.items():
        for i in of_track.get(one, ()):
            for j in of_track.get(other, ()):
                begin_s = max(parts[i].start_s, parts[j].start_s, first_s)
                if begin_s <= last_s and begin_s < min(parts[i].end_s, parts[j].end_s):
                    apart[i, j] = apart[j, i] = True
    return apart


def _confidence(group: Int64, total: Float32, weight: Float64, allowed: Bool, odds: Float64) -> Float32:
    """(P,) probability that a part shows the person of its group: it is like the rest of the group or, if alone, unlike all
    others that it might be."""
    result = np.full(len(group), np.nan, np.float32)
    for i in np.flatnonzero(weight >= LEAST_WEIGHT):
        rest = (group == group[i]) & (weight >= LEAST_WEIGHT)
        rest[i] = False
        mine = template(total[i], weight[i])
        if rest.any():
            likeness = between(mine, template(total[rest].sum(axis=0), weight[rest].sum()))
            sure = odds_times(probability(np.array([likeness])), float(odds[i]))[0]
        else:
            others = np.flatnonzero(allowed[i] & (group != group[i]))
            mates = template(total[others], weight[others])
            alike = normalised_likeness(mine[None], mates, normal(mine[None]), normal(mates))
            sure = 1 - probability(alike.astype(np.float64)).max(initial=0.0)
        result[i] = round(float(sure), DIGITS)
    return result


def _numbered(parts: list[_Part], group: Int64, confidence: Float32) -> Parts:
    """People numbered from 1 by first appearance; ties by track number."""
    order = sorted(range(len(parts)), key=lambda i: (parts[i].first_s, parts[i].track))
    number: dict[int, int] = {}
    for i in order:
        if parts[i].is_face:
            number.setdefault(int(group[i]), len(number) + 1)
    return Parts(
        track=np.array([p.track for p in parts], np.int64),
        start_s=np.array([p.start_s for p in parts], np.float64),
        first_s=np.array([p.first_s for p in parts], np.float64),
        person_id=np.array([number.get(int(g), -1) for g in group], np.int32),
        confidence=confidence,
    )
