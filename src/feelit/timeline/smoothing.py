"""One expression over time, out of the noisy probabilities of single frames.

Probabilities are averaged in a window. The label is not the largest of the averages, which flickers where two are close. It is
that of the likeliest sequence of labels in which every change has a cost: a hidden Markov model whose states persist, decoded
by the algorithm of Viterbi (Forney 1973) with a fixed lag.

One frame of an open mouth looks like surprise, or like fear. Talking opens and closes the mouth two to seven times a second
(Chandrasekaran et al. 2009), so the probability of both swings up and down; that of a surprised face rises, stays and falls.
Where it swings, only its lower envelope counts.
"""

from __future__ import annotations

import numpy as np

from feelit.types import EMOTIONS, Bool, Float32, Float64, Int64

STARTLED = [EMOTIONS.index("surprise"), EMOTIONS.index("fear")]
"""Taken together: without the one, swings would count as the other."""

SWING = 0.2
"""The change of probability in one direction that counts as a swing."""

SWINGS = 4
"""The least number of swings within SWING_REACH_S to both sides: two cycles in two seconds. An onset and an end are two."""

SWING_REACH_S = 1.0

BETWEEN_REACH_S = 0.5
"""Where surprise swings, the least probability within this time counts."""

SIGMA_S = 0.25
"""Width of the Gaussian window: expressions worth a name last half a second or longer (Ekman & Friesen 1982)."""

REACH_S = 0.75
"""How far the window reaches to either side."""

CONTEXT_S = REACH_S + SWING_REACH_S + 1e-6
"""The reach, to either side, of the frames that averages depend on."""

LAG_S = 1.5
"""How much of what follows a frame its label takes into account."""

SETTLED_S = LAG_S + SWING_REACH_S
"""Frames later than this do not change a label."""

CHANGE_COST = 0.75
"""The cost of a change of the label, in seconds of evidence: a label that is e times as likely as another has to last this long
to make up for it. Shorter ones between two changes have to be likelier. Set on one speaker, an interview and a call of four."""

MOST_EVIDENCE_S = 0.5
"""A frame speaks for the time since the one before it in its track, and for no more than this."""

GAP_S = 1.0
"""After a longer time without a readable face, the label before it costs nothing to leave."""

LEAST_PROBABILITY = 0.02
"""The least probability of a label in one frame, as a classifier may be sure and wrong."""

UNITS = 1 << 20
"""Evidence is counted in whole units a second, whose sums are exact in any order."""

IMPOSSIBLE = -(1 << 52)


def smooth(
    time_s: Float64, track: Int64, probability: Float32, readable: Bool, rows: Int64, *, talking: bool = True
) -> Float32:
    """Probabilities averaged over the track with a Gaussian window in time; unreadable frames have no weight.

    Parameters
    ----------
    time_s : (F,) float64, rising within every track
    track : (F,) int64
    probability : (F, C) float32
    readable : (F,) bool
    rows : (K,) int64, the rows wanted; the others are context
    talking : whether surprise and fear that swing with a talking mouth are taken out first, see `steadied`

    Returns
    -------
    (K, C) float32; NaN where no readable frame lies in reach. Depends only on the rows in reach, in the same order of
    summation, so any context that contains them gives the same bits.
    """
    result = np.full((len(rows), probability.shape[1]), np.nan, np.float32)
    probability = steadied(time_s, track, probability, readable, rows) if talking else probability
    for name in np.unique(track[rows]):
        members = np.flatnonzero((track == name) & readable)
        wanted = np.flatnonzero(track[rows] == name)
        for part in np.split(wanted, range(_AT_A_TIME, len(wanted), _AT_A_TIME)) if len(members) else ():
            result[part] = _window(time_s[members], probability[members], time_s[rows[part]])
    return result


_AT_A_TIME = 1 << 12
"""Samples that are smoothed together: few enough to stay in a core's cache."""


def _window(time_s: Float64, probability: Float32, at_s: Float64) -> Float32:
    """(K,) times are summed from the first sample in reach of each to the last, whatever others are asked for with them."""
    low, high = _reach(time_s, at_s, REACH_S)
    start = int(np.searchsorted(time_s, at_s[0]))
    if np.array_equal(time_s[start : start + len(at_s)], at_s):
        return _around(time_s, probability, slice(start, start + len(at_s)), low, high)
    total = np.zeros((len(at_s), probability.shape[1]))
    weight = np.zeros(len(at_s))
    for step in range(int((high - low).max(initial=0))):
        near = np.minimum(low + step, len(time_s) - 1)
        w = np.where(low + step < high, np.exp(-0.5 * ((time_s[near] - at_s) / SIGMA_S) ** 2), 0.0)
        total += w[:, None] * probability[near]
        weight += w
    return _mean(total, weight)


def _around(time_s: Float64, probability: Float32, part: slice, low: Int64, high: Int64) -> Float32:
    """The same sums at consecutive samples: their neighbours at one distance lie side by side, and need not be gathered."""
    at = np.arange(part.start, part.stop)
    total = np.zeros((probability.shape[1], len(at)))
    weight = np.zeros(len(at))
    least, most = max(int((low - at).min()), -part.stop), int((high - at).max())
    near = slice(max(part.start + least, 0), min(part.stop + most, len(time_s)))
    value, near_s = probability[near].T.astype(np.float64, order="C"), time_s[near]
    for away in range(least, most):
        begin, end = max(0, -(part.start + away)), min(len(at), len(time_s) - part.start - away)
        here, there = slice(begin, end), slice(begin + part.start + away - near.start, end + part.start + away - near.start)
        mine = at[here] + away
        inside = (mine >= low[here]) & (mine < high[here])
        w = np.where(inside, np.exp(-0.5 * ((near_s[there] - time_s[part][here]) / SIGMA_S) ** 2), 0.0)
        total[:, here] += w * value[:, there]
        weight[here] += w
    return _mean(total.T, weight)


def _reach(time_s: Float64, at_s: Float64, reach_s: float) -> tuple[Int64, Int64]:
    """(K,) from which place on, and up to which, times lie within reach of given ones."""
    low, high = np.searchsorted(time_s, at_s - reach_s, side="left"), np.searchsorted(time_s, at_s + reach_s, side="right")
    return low.astype(np.int64), high.astype(np.int64)


def _mean(total: Float64, weight: Float64) -> Float32:
    """(K, C), (K,) -> (K, C), NaN where nothing weighs anything."""
    mean = np.full(total.shape, np.nan)
    np.divide(total, weight[:, None], out=mean, where=weight[:, None] > 0)
    return mean.astype(np.float32)


class LabelSmoother:
    """The labels of the faces of a video, given out in the order of time; every label is final.

    A label depends on the frames of its track up to `SETTLED_S` after it and `SWING_REACH_S` before it, and on the labels that
    were given out before, so it is the same however many frames are given at a time.
    """

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, int]] = {}  # by track: time and label of the last face that has one

    def labels(
        self, time_s: Float64, track: Int64, probability: Float32, readable: Bool, rows: Int64, final: bool = True
    ) -> Int64:
        """The labels of some rows, by probabilities that are `steadied`.

        Parameters
        ----------
        time_s, track, probability, readable : (F,), (F,), (F, C), (F,); those of a track by rising time. What follows the rows
            wanted by less than `SETTLED_S` is among them
        rows : (K,) int64, rising, the rows wanted, after all that were wanted before
        final : whether later calls go on from these labels

        Returns
        -------
        (K,) int64; -1 for faces that cannot be read
        """
        result = np.full(len(rows), -1, np.int64)
        for name in np.unique(track[rows]).tolist():
            before = self._last.get(name)
            later = time_s > (before[0] if before else -np.inf)
            members = np.flatnonzero((track == name) & readable & later)
            wanted = np.flatnonzero((track[rows] == name) & readable[rows])
            if not len(wanted):
                continue
            place = np.searchsorted(members, rows[wanted])
            found = _likeliest(time_s[members], probability[members], int(place[-1]) + 1, before)
            result[wanted] = found[place]
            if final:
                self._last[name] = float(time_s[members[place[-1]]]), int(found[-1])
        return result


def _likeliest(time_s: Float64, probability: Float32, count: int, before: tuple[float, int] | None) -> Int64:
    """The labels of the first `count` frames of a track, (F,) and (F, C), after a frame with a known time and label."""
    since_s = np.diff(time_s, prepend=time_s[0] - MOST_EVIDENCE_S if before is None else before[0])
    weight = np.minimum(since_s, MOST_EVIDENCE_S)
    log_probability = np.log(np.maximum(probability.astype(np.float64), LEAST_PROBABILITY))
    evidence = np.round(log_probability * (weight * UNITS)[:, None]).astype(np.int64)
    paths = _Paths(evidence, None if before is None else before[1])
    for i in range(len(time_s)):
        while len(paths.decided) < i and time_s[len(paths.decided)] < time_s[i] - LAG_S:
            paths.decide(i)
        if since_s[i] > GAP_S:
            while len(paths.decided) < i:
                paths.decide(i)
            paths.start(None)
        if len(paths.decided) >= count:
            break
        paths.advance(i)
    while len(paths.decided) < count:
        paths.decide(len(time_s))
    return np.array(paths.decided[:count], np.int64)


class _Paths:
    """The likeliest sequence of labels that ends with each label, over the frames that have no label yet.

    Attributes
    ----------
    decided : the labels of the first frames
    """

    def __init__(self, evidence: Int64, first: int | None) -> None:
        self._evidence = evidence  # (F, C)
        self._labels = np.arange(evidence.shape[1])
        self._cost = round(CHANGE_COST * UNITS)
        self.decided: list[int] = []
        self.start(first)

    def start(self, label: int | None) -> None:
        """Begin after a frame with that label; None where any may come first."""
        self._score = np.where((self._labels == label) | (label is None), 0, IMPOSSIBLE)
        self._path = np.zeros((len(self._labels), 0), np.int64)

    def advance(self, frame: int) -> None:
        """Take in the next frame: paths go on with their label, or with another at a cost."""
        best = int(self._score.argmax())
        stays = self._score >= self._score[best] - self._cost
        self._score = np.where(stays, self._score, self._score[best] - self._cost) + self._evidence[frame]
        self._path = np.concatenate((self._path[np.where(stays, self._labels, best)], self._labels[:, None]), axis=1)

    def decide(self, until: int) -> None:
        """The label of the first frame that has none, by the frames before `until`."""
        chosen = int(self._path[self._score.argmax(), 0])
        self.decided.append(chosen)
        if (self._path[:, 0] == chosen).all():
            self._path = self._path[:, 1:]
            return
        self.start(chosen)  # some paths are no longer possible, others take their place
        for frame in range(len(self.decided), until):
            self.advance(frame)


def steadied(time_s: Float64, track: Int64, probability: Float32, readable: Bool, rows: Int64) -> Float32:
    """The probabilities `without_talking` of the readable faces of those tracks that some rows belong to; others stay.

    (F,) float64, (F,) int64, (F, C) float32, (F,) bool, (K,) int64 -> (F, C) float32
    """
    result = probability.copy()
    for name in np.unique(track[rows]):
        members = np.flatnonzero((track == name) & readable)
        result[members] = without_talking(time_s[members], probability[members])
    return result


def without_talking(time_s: Float64, probability: Float32) -> Float32:
    """The probabilities of one face over time without swings; the other labels get the difference in proportion.

    (F,) float64, rising; (F, C) float32, in the order of EMOTIONS -> (F, C) float32. Each row depends on the rows up to
    SWING_REACH_S away from it, and on no others.
    """
    if probability.shape[1] <= max(STARTLED):
        return probability
    startled = probability[:, STARTLED[0]] + probability[:, STARTLED[1]]
    doubtful = np.flatnonzero(startled >= SWING)
    doubtful = doubtful[_swings(time_s, startled, time_s[doubtful]) >= SWINGS]
    if not len(doubtful):
        return probability
    before, left = startled[doubtful], _least(time_s, startled, time_s[doubtful])
    others = 1 - before
    shared = others > 0  # otherwise there is no label to which it could go
    result = probability.copy()
    result[doubtful] *= np.where(shared, (1 - left) / np.where(shared, others, 1), 1).astype(np.float32)[:, None]
    kept = np.where(shared, left / before, 1).astype(np.float32)
    result[doubtful[:, None], STARTLED] = probability[doubtful[:, None], STARTLED] * kept[:, None]
    return result


def _swings(time_s: Float64, value: Float32, at_s: Float64) -> Int64:
    """(K,) the number of swings within reach of given times: changes of SWING or more in the opposite direction."""
    low, high = _reach(time_s, at_s, SWING_REACH_S)
    top = bottom = value[low]  # since the last swing
    direction, count = np.zeros((2, len(at_s)), np.int64)
    for step in range(1, int((high - low).max(initial=0))):
        here = low + step < high
        now = value[np.minimum(low + step, len(value) - 1)]
        up = here & (direction <= 0) & (now - bottom >= np.float32(SWING))
        down = here & (direction >= 0) & (top - now >= np.float32(SWING)) & ~up
        turned = up | down
        count += turned
        direction = np.where(up, 1, np.where(down, -1, direction))
        top = np.where(turned, now, np.where(here, np.maximum(top, now), top))
        bottom = np.where(turned, now, np.where(here, np.minimum(bottom, now), bottom))
    return count


def _least(time_s: Float64, value: Float32, at_s: Float64) -> Float32:
    """(K,) the least value within BETWEEN_REACH_S of given times."""
    low, high = _reach(time_s, at_s, BETWEEN_REACH_S)
    least = value[low]
    for step in range(1, int((high - low).max(initial=0))):
        least = np.minimum(least, value[np.minimum(low + step, high - 1)])
    return least
