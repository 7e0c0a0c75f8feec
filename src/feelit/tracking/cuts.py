"""Camera cuts and changes of layout, from 16x16 thumbnails of consecutive sampled frames."""

from __future__ import annotations

from collections import deque

import numpy as np

from feelit.types import UInt8

CELL_CHANGE = 15.0
"""Grey levels by which a cell must differ, the common change of all cells aside: a flash or a fade of the light is no cut."""

LEAST_SHARE = 0.1
"""A cut changes at least this share of the cells: one tile in a call of six or fewer. People who talk change under 0.05."""

SPIKE = 3.0
"""A cut stands out from the frames before it by this factor; a moving camera changes all frames alike."""

MEMORY = 5  # frames before it, of which up to two may be cuts themselves


class CutDetector:
    """Fed with every sampled frame in order, tells which of them follows a cut."""

    def __init__(self) -> None:
        self._last: UInt8 | None = None
        self._shares: deque[float] = deque(maxlen=MEMORY)

    def is_cut(self, signature: UInt8) -> bool:
        """Whether the picture changed abruptly before this frame, as a whole or in a part: (256,) uint8."""
        if self._last is None:
            self._last = signature
            return False
        change = signature.astype(np.float32) - self._last
        share = float((np.abs(change - np.median(change)) > CELL_CHANGE).mean())
        usual = float(np.median(self._shares)) if self._shares else 0.0
        self._last = signature
        # Cuts are remembered as well, or a camera that begins to move would cut every frame from then on.
        self._shares.append(share)
        return share > LEAST_SHARE and share > SPIKE * usual
