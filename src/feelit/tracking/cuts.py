"""Detection of camera cuts and changes of layout, from 16x16 thumbnails of consecutive sampled frames.

Light changes the brightness of a picture and motion the places of its parts; a cut changes its content. So each frame is
compared with the frame before by normalised cross-correlation, which ignores brightness and contrast, at the small
displacements that a moving camera or person causes. It is computed within tiles (the whole picture, its quarters and its
sixths), because a new layout of a video call may change one tile alone; and within each half of a tile, because a hand in front
of the camera changes a part of it, a cut all parts.

Halves of tiles of two layouts can correlate by chance. So a sudden change of much of the picture may be a cut as well.

Candidates of both tests are classified by a logistic regression over a few features: how much the whole picture and its tiles
changed, whether the change keeps to one tile, as that of a layout does, and how quiet the frames before it were. Its weights
were trained on sequences of known cuts, see docs/benchmarks.md.
"""

from __future__ import annotations

import statistics
from collections import deque
from functools import cache, cached_property
from itertools import product

import numpy as np

from feelit.types import Bool, Float64, Int64, UInt8

CHANGE = 0.15  # a candidate lowers the correlation in a tile, and in each half of it, at least by this below 1
SPIKE = 4.0  # least ratio of its change to that of the frames before; a moving camera changes all frames alike
FIRST = 0.1  # the usual change, while there is only one frame before
MEMORY = 5  # frames before it, of which up to two may be cuts themselves

FLAT = 3.0  # grey levels: a standard deviation below this is no structure; a tile that has none in both frames is the same
BLANK = 6.0  # grey levels: a frame with a smaller standard deviation shows nothing
STRUCTURE = 10.0  # grey levels: a tile that loses or gains this much against a flat one shows something else

MUCH = 0.3  # share of the cells that change at once in what may be a cut; people who talk or turn change up to this much
CELL_CHANGE = 15.0
"""Grey levels by which a cell changes, the median change of all cells aside: a flash or a fade of the light is no cut."""

ALIKE = 0.8  # frames whose correlation is higher show the same scene
SUDDEN = 2.5  # a change of much of the picture is this many times the usual one; a moving camera changes all frames alike

NEARBY = 1  # cells by which the parts of a picture move from frame to frame, beside the movement of the camera
CAMERA = 3  # cells by which a camera moves at most

WEIGHTS = (2.575, -6.466, 1.22, 5.686, -3.822, -8.782, 1.3, -1.155)
BIAS = -0.072
"""Of the logistic regression over `CutDetector._evidence`: above 0 it is a cut."""

OTHER = 0.45
"""Frames whose correlation is lower, wherever the camera may have moved, show another scene, however much the frames before
changed."""

WIDE = 0.4
QUIET = 0.1
UNLIT = 0.35
"""A change of a larger share of the cells, after frames in which less of them changed, is a cut if no light explains so much of
the variance: as when another speaker of a call is shown large, whose picture looks much alike."""

LAYOUTS = ((1, 1), (2, 2), (2, 3))  # rows and columns of tiles


class _Change:
    """Measures of the change between two frames, computed on demand: most frames hardly change."""

    def __init__(self, before: Float64, after: Float64) -> None:
        self._before, self._after = before, after

    @cached_property
    def bound(self) -> Float64:
        """(11,) changes of the tiles without displacement: an upper bound of `tiles`."""
        before, after = self._before.ravel(), self._after.ravel()
        values = np.stack([np.ones_like(after), after, before, after * after, before * before, after * before])
        return _of_tiles(_of_sums(values @ _membership(len(self._after))))

    @cached_property
    def tiles(self) -> Float64:
        """(11,) `tile_changes`."""
        return tile_changes(self._before, self._after)

    @cached_property
    def whole(self) -> float:
        """Correlation of the whole pictures, wherever the camera may have moved."""
        return float(_correlation(self._before, self._after, _shifts(CAMERA), _windows(len(self._after))[:1]).max())

    @cached_property
    def changed(self) -> Bool:
        """(S, S) cells that changed, the median change of all cells aside."""
        difference = self._after - self._before
        return np.abs(difference - _median(difference)) > CELL_CHANGE

    @cached_property
    def share(self) -> float:
        """The share of the cells that changed."""
        return float(self.changed.mean())

    @cached_property
    def shares(self) -> Float64:
        """(10,) the same of each quarter and sixth."""
        return np.array([self.changed[y0:y1, x0:x1].mean() for y0, y1, x0, x1 in _windows(len(self._after))[5::5]])

    @cached_property
    def unlit(self) -> float:
        """The share of the variance of the second picture that the first one does not explain, in a light whose gain and
        offset change evenly across the picture; cells that are black or white aside."""
        after = self._after.ravel()
        use = ((after > 3) & (after < 250)).astype(np.float64)
        side = np.linspace(-1, 1, len(self._after))
        ramps = np.stack([np.ones(after.size), np.tile(side, side.size), np.repeat(side, side.size)])
        basis = np.concatenate([ramps, ramps * self._before.ravel()]) * use
        fit = np.linalg.solve(basis @ basis.T + 1e-3 * np.eye(6), basis @ after)
        count = max(float(use.sum()), 1.0)
        left = after * use - fit @ basis
        spread = (use * (after - (after * use).sum() / count) ** 2).sum() / count
        return float((left**2).sum() / count / (spread + 20))

    @cached_property
    def levels(self) -> float:
        """By how many grey levels a cell changed, on the mean."""
        return float(np.abs(self._after - self._before).mean())


class CutDetector:
    """Finds the sampled frames that follow a cut; frames are given in order."""

    def __init__(self) -> None:
        self._last: Float64 | None = None
        self._changes: deque[_Change] = deque(maxlen=MEMORY)

    def is_cut(self, signature: UInt8) -> bool:
        """Whether the picture changed abruptly before this frame, as a whole or in a tile: (256,) uint8.

        A frame without structure, such as a flash or the black between two scenes, is skipped: the frame after it is compared
        with the last that had some.
        """
        side = int(np.sqrt(len(signature)))
        picture = signature.reshape(side, side).astype(np.float64)
        if picture.std() < BLANK:
            return False
        last, self._last = self._last, picture
        if last is None:
            return False
        change = _Change(last, picture)
        found = (self._stands_out(change) or self._is_much(change)) and self._is_likely(change)
        # Cuts are remembered as well, or every frame would be a cut once a camera begins to move.
        self._changes.append(change)
        return found

    def _stands_out(self, change: _Change) -> bool:
        """Whether a tile changed much, and more than in the frames before."""
        if (change.bound <= CHANGE).all() or (change.tiles <= CHANGE).all():
            return False
        usual = np.median([before.tiles for before in self._changes], axis=0) if self._changes else FIRST
        return bool(((change.tiles > CHANGE) & (change.tiles > SPIKE * usual)).any())

    def _is_much(self, change: _Change) -> bool:
        """Whether much of the picture changed at once."""
        usual = statistics.median(before.share for before in self._changes) if self._changes else 0.0
        return change.share > max(MUCH, SUDDEN * usual) and change.whole < ALIKE

    def _is_likely(self, change: _Change) -> bool:
        """Whether the features of a change indicate a cut."""
        if change.whole < OTHER or float(np.dot(WEIGHTS, self._evidence(change))) + BIAS > 0:
            return True
        quiet = all(before.share < QUIET for before in self._changes)
        return quiet and change.share > WIDE and change.whole < ALIKE and change.unlit > UNLIT

    def _evidence(self, change: _Change) -> Float64:
        """(8,) the largest change of a sixth; the correlation of the whole; how much more one tile changed than the rest; the
        largest share of cells of a sixth; the largest change of a tile and the largest share of cells in the frames before;
        by how much, as logarithms, a tile and the mean level changed more than usual. Frames before the first changed by 0.
        """
        none = [0.0] * (MEMORY - len(self._changes))
        tiles = [*none, *(float(before.tiles.max()) for before in self._changes)]
        levels = [*none, *(before.levels for before in self._changes)]
        y0, y1, x0, x1 = _windows(len(change.changed))[5::5].T
        area = (y1 - y0) * (x1 - x0) / change.changed.size  # of each quarter and sixth, as a share of the picture
        apart = change.shares - (change.share - area * change.shares) / (1 - area)
        spike = (max(float(change.tiles.max()), 0.0) + 0.02) / (max(statistics.median(tiles), 0.0) + 0.02)
        evidence = (
            *(change.tiles[5:].max(), change.whole, apart.max(), change.shares[4:].max()),
            *(max(tiles), max([*none, *(before.share for before in self._changes)])),
            *(np.log(spike), np.log((change.levels + 1) / (statistics.median(levels) + 1))),
        )
        return np.array(evidence, np.float64)


def _median(values: Float64) -> float:
    """The same as numpy's, which takes three times as long on so few values."""
    middle = values.size // 2
    ordered = np.sort(values, axis=None)
    return float(ordered[middle] if values.size % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def tile_changes(before: Float64, after: Float64) -> Float64:
    """The change of each tile: 1 - the best correlation of the tile and its halves.

    Two pictures, (S, S) float64 of whole grey levels -> (11,) float64 in 0..2: the whole, four quarters, six sixths.
    """
    windows = _windows(len(after))
    near = _shifts(NEARBY)
    best = _correlation(before, after, near, windows).max(axis=0)
    if (_of_tiles(best) > CHANGE).any():  # then perhaps the camera has moved
        camera = _shifts(CAMERA)
        y, x = camera[int(np.argmax(_correlation(before, after, camera, windows[:1])[:, 0]))]
        moved = _correlation(before, after, [(y + dy, x + dx) for dy, dx in near], windows).max(axis=0)
        best = np.maximum(best, moved)
    return _of_tiles(best)


def _of_tiles(correlation: Float64) -> Float64:
    """(55,) of windows -> (11,) of tiles."""
    result: Float64 = 1 - correlation.reshape(-1, 5).max(axis=1)
    return result


def _shifts(most: int) -> list[tuple[int, int]]:
    """Displacements of up to so many cells, down and to the right."""
    return [(y, x) for y in range(-most, most + 1) for x in range(-most, most + 1)]


@cache
def _windows(side: int) -> Int64:
    """(55, 4) y0, y1, x0, x1 in cells: each tile, then its upper, lower, left and right half."""
    windows = []
    for rows, columns in LAYOUTS:
        ys, xs = (np.round(np.linspace(0, side, n + 1)).astype(int) for n in (rows, columns))
        for i, j in product(range(rows), range(columns)):
            y0, y1, x0, x1 = ys[i], ys[i + 1], xs[j], xs[j + 1]
            y, x = (y0 + y1) // 2, (x0 + x1) // 2
            windows += [(y0, y1, x0, x1), (y0, y, x0, x1), (y, y1, x0, x1), (y0, y1, x0, x), (y0, y1, x, x1)]
    return np.array(windows, np.int64)


@cache
def _membership(side: int) -> Float64:
    """(side², 55): 1 where a cell lies in a window."""
    cells = np.zeros((side, side, len(_windows(side))))
    for i, (y0, y1, x0, x1) in enumerate(_windows(side)):
        cells[y0:y1, x0:x1, i] = 1
    return cells.reshape(side * side, -1)


def _correlation(before: Float64, after: Float64, shifts: list[tuple[int, int]], windows: Int64) -> Float64:
    """Correlation of every window of a picture with the one before, moved by every shift: (shifts, windows) in -1..1.

    Sums over windows are differences of summed areas (Lewis 1995), exact because all grey levels are whole numbers. A window
    that is shifted out of the picture by more than half counts as -1.
    """
    side = len(after)
    edge = max(abs(value) for shift in shifts for value in shift)
    padded, inside = (np.pad(values, edge) for values in (before, np.ones_like(before)))
    places = [(slice(edge + y, edge + y + side), slice(edge + x, edge + x + side)) for y, x in shifts]
    valid = np.stack([inside[place] for place in places])
    moved = np.stack([padded[place] for place in places])
    here = after * valid
    stacked = np.stack([valid, here, moved, here * here, moved * moved, here * moved])
    sums = np.pad(stacked.cumsum(axis=2).cumsum(axis=3), ((0, 0), (0, 0), (1, 0), (1, 0)))
    y0, y1, x0, x1 = windows.T
    total = sums[..., y1, x1] - sums[..., y0, x1] - sums[..., y1, x0] + sums[..., y0, x0]
    result = _of_sums(total)
    result[total[0] * 2 < (y1 - y0) * (x1 - x0)] = -1
    return result


def _of_sums(total: Float64) -> Float64:
    """Correlations out of sums over windows: (6, ...) counts, values of both, their squares and their product -> (...)."""
    count = np.maximum(total[0], 1)
    mean = total[1:3] / count
    spread = np.sqrt(np.maximum(total[3:5] / count - mean**2, 0))
    result = (total[5] / count - mean[0] * mean[1]) / np.maximum(spread[0] * spread[1], 1e-3)
    flat = spread.min(axis=0) < FLAT
    result[flat] = spread.max(axis=0)[flat] < STRUCTURE
    correlation: Float64 = np.clip(result, -1, 1)
    return correlation
