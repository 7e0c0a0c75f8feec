"""Face embeddings: unit vectors of 128 dimensions, close together for faces of one person (Schroff et al. 2015)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from feelit.errors import ModelError
from feelit.options import Device
from feelit.types import Float32, Float64, UInt8
from feelit.vision.session import AlignedModel, run

TEMPLATE: Float64 = (
    np.array([[48.329, 45.692], [100.671, 45.692], [74.5, 75.189], [52.974, 97.027], [96.026, 97.027]], np.float64) + 0.5
) / 150
"""Positions of the five landmarks in a crop of side 1, for a network trained on dlib's alignment.

dlib aligns by points of its own at 150 px with a margin of 0.25; these are the positions of the eyes' centres, the nose and
the corners of the mouth in such crops.
"""

LENGTH_STEPS = 256
"""Embeddings are rounded to 1/256, so that they fit into bytes and do not depend on the last bits."""


class IdentityModel(AlignedModel):
    """An identity network."""

    def __init__(self, path: Path, device: Device = "auto") -> None:
        super().__init__(path, "identity", "give a model that distinguishes people", 150, device, template=TEMPLATE)
        self.embed(np.zeros((1, self.size_px, self.size_px), np.uint8))  # reports a wrong shape before the first video

    def embed(self, crops: UInt8) -> Float32:
        """(F, S, S) uint8 -> (F, D) float32 of length one; ModelError if the network's output is no embedding.

        Faces go through the network one by one, so that an embedding does not depend on the batch.
        """
        rows: list[Float32] = []
        for crop in crops:
            (raw,) = run(self._session, self._path.name, None, {self._input: crop[None, None]})
            if raw.ndim != 2 or len(raw) != 1 or not np.isfinite(raw).all():
                raise ModelError(f"{self._path.name} gives {raw.shape} for a face", "an embedding is one row of numbers a face")
            row: Float32 = raw[0].astype(np.float32)
            rows.append(row / max(float(np.linalg.norm(row)), 1e-6))
        return np.stack(rows) if rows else np.zeros((0, 128), np.float32)
