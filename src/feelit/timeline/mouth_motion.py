"""How much a mouth changes from one sample to the next, beyond what the motion of the head explains.

Two small pictures of one mouth, about a tenth of a second apart, are compared after the change that moving, turning, growing
or brightening the picture would make has been taken off: the part of their difference that a least-squares fit of the
picture's gradients explains (Lucas & Kanade 1981). What is left is lips that open, close and round.
"""

from __future__ import annotations

import numpy as np

from feelit.types import MOUTH_PIXELS, MOUTH_SHAPE, Float32, Float64, Int64, UInt8

LEAST_LAG_S, MOST_LAG_S = 0.07, 0.26
"""A face is compared with the latest face of its track that lies so far back: syllables follow one another at 3 to 8 Hz."""

STEPS = 4096
"""Changes are rounded to 1/4096: sums of them are exact in any order."""

MOVES = ("motion", "jaw", "gap", "dark")
"""What is measured of a change: the picture; the network's open jaw and gap between the lips, and how dark the mouth is inside,
in contrasts of the face. All but the first may rise or fall."""

_STIFFNESS = 0.05
"""Keeps the fit from explaining noise by gradients that are not there, as a share of the number of pixels."""

_LEAST_CONTRAST = 6.0
"""Added to the contrast of a face, in grey levels, so that the noise of a face without any is no motion."""


class MouthMotion:
    """Compares every face with the face before it in its track; fed in the order of time."""

    def __init__(self) -> None:
        self._before: dict[int, list[tuple[float, UInt8, Float32]]] = {}

    def add(self, time_s: Float64, track: Int64, picture: UInt8, opening: Float32) -> Float32:
        """The changes of the next faces.

        Parameters
        ----------
        time_s : (F,) float64, not falling
        track : (F,) int64
        picture : (F, 321) uint8, see `vision.mouth.mouth_pictures`
        opening : (F, 2) float32, open jaw and gap between the lips; NaN where not known

        Returns
        -------
        (F, 4) float32, see MOVES; NaN where the track has no face a short while before, or `opening` is not known
        """
        here: list[int] = []
        pictures: list[UInt8] = []
        openings: list[Float32] = []
        for i, (now_s, name) in enumerate(zip(time_s.tolist(), track.tolist(), strict=True)):
            if np.isnan(opening[i, 0]):
                continue
            known = [face for face in self._before.get(name, []) if now_s - face[0] <= MOST_LAG_S]
            earlier = [face for face in known if now_s - face[0] >= LEAST_LAG_S]
            if earlier:
                here.append(i)
                pictures.append(earlier[-1][1])
                openings.append(earlier[-1][2])
            self._before[name] = [*known, (now_s, picture[i], opening[i])]
        if len(time_s):
            now_s = float(time_s[-1])
            self._before = {name: faces for name, faces in self._before.items() if now_s - faces[-1][0] <= MOST_LAG_S}
        result = np.full((len(time_s), len(MOVES)), np.nan, np.float32)
        if here:
            before = np.stack(pictures)
            result[here, 0] = picture_change(picture[here], before)
            result[here, 1:3] = opening[here] - np.stack(openings)
            result[here, 3] = _darkness(picture[here]) - _darkness(before)
        return (np.round(result * STEPS) / STEPS).astype(np.float32)


def picture_change(after: UInt8, before: UInt8) -> Float64:
    """(F, 321), (F, 321) uint8 -> (F,) float64: what the fit leaves of the difference of mouths, over the contrast of faces."""
    height, width = MOUTH_SHAPE
    a, b = (faces[:, : height * width].astype(np.float64).reshape(-1, height, width) for faces in (after, before))
    middle = (a + b) / 2
    down, right = np.gradient(middle, axis=(1, 2))
    y, x = ((np.arange(n) - n / 2)[:, None] / height for n in MOUTH_SHAPE)
    x = x.T
    explained = [
        np.ones_like(middle),
        middle - middle.mean(axis=(1, 2), keepdims=True),  # brighter
        right,
        down,
        right * x + down * y,  # nearer
        right * y - down * x,  # turned
    ]
    basis = np.stack([part.reshape(len(a), -1) for part in explained], axis=2)
    change = (a - b).reshape(len(a), -1)
    across = np.swapaxes(basis, 1, 2)
    normal = across @ basis + np.diag([0.0, *[_STIFFNESS * height * width] * (basis.shape[2] - 1)])
    fitted = np.linalg.solve(normal, across @ change[:, :, None])
    rest = change - (basis @ fitted)[:, :, 0]
    result: Float64 = np.sqrt((rest**2).mean(axis=1)) / ((_contrast(after) + _contrast(before)) / 2)
    return result


def _darkness(picture: UInt8) -> Float64:
    """(F, 321) uint8 -> (F,) float64: grey level of the inside of the mouth over the contrast of the face."""
    result: Float64 = picture[:, MOUTH_PIXELS].astype(np.float64) / _contrast(picture)
    return result


def _contrast(picture: UInt8) -> Float64:
    """(F, 321) uint8 -> (F,) float64: spread of the grey levels of mouth and upper face."""
    result: Float64 = picture[:, :MOUTH_PIXELS].std(axis=1, dtype=np.float64) + _LEAST_CONTRAST
    return result
