"""What networks have in common that look at aligned crops of faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from onnxruntime import InferenceSession

from feelit.models.card import ModelCard
from feelit.options import Device
from feelit.types import Float32, Float64, UInt8
from feelit.vision.align import TEMPLATE, crop_faces
from feelit.vision.session import open_session, provider_of


class AlignedModel:
    """A network of one input, square crops of luma, ready to run.

    Attributes
    ----------
    size_px : side of its square input
    provider : the execution provider that really runs it
    template : (5, 2) float64, where landmarks lie in a crop of side 1
    """

    def __init__(
        self,
        path: Path,
        card: ModelCard,
        size_px: int,
        device: Device,
        threads: int,
        session: InferenceSession | None = None,
        template: Float64 = TEMPLATE,
    ) -> None:
        self._session = open_session(path, device, threads) if session is None else session
        self._path = path
        self.card = card
        self._input = self._session.get_inputs()[0].name
        self.size_px, self.template = card.size_px or size_px, template
        self.provider = provider_of(self._session)

    def crop(self, luma: UInt8, levels: UInt8, landmarks: Float32) -> UInt8:
        """Aligned crops of faces of one frame: see `ExpressionModel.crop`."""
        return levelled(crop_faces(luma, landmarks, self.size_px, self.template), levels)


def levelled(crops: UInt8, levels: UInt8) -> UInt8:
    """(F, S, S) uint8 as stored -> full range, by (256,) uint8."""
    return np.asarray(cv2.LUT(crops, levels), np.uint8) if len(crops) else crops
