"""Signals of faces: a network that shares the trunk of an expression classifier.

Its file also has the outputs of that classifier, bit for bit. If the classifier is the one in use, one run of the network
gives both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

from feelit.errors import ModelError
from feelit.models.card import read_card, sha256_of
from feelit.options import Device
from feelit.signals.columns import OPENING, OUTPUTS, POSE, SPEECH_COLUMNS
from feelit.signals.derive import LEAST_FACE_PX, derive, in_mirror
from feelit.types import Float32, UInt8
from feelit.vision.align import similarity_to_template
from feelit.vision.exposure import even_exposure
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import MOST_OUTPUT, AlignedModel, run

OUTPUT = "signals"


class SignalsModel(AlignedModel):
    """A signals network, which may be loaded already, for the columns `names`, those of `columns.POSE` aside. Where it is
    `mirrored`, it averages over each face and its mirror image."""

    def __init__(
        self,
        path: Path,
        names: tuple[str, ...],
        device: Device = "auto",
        session: InferenceSession | None = None,
        mirrored: bool = False,
    ) -> None:
        super().__init__(path, "signals", "give a model of signals", 64, device, session)
        if self.card.labels != OUTPUTS:
            raise ModelError(f"{path.name} has other labels than this feelit knows", "train it again: `feelit train signals`")
        self.names, self._mirrored = names, mirrored
        self.outputs(np.zeros((1, self.size_px, self.size_px), np.uint8))  # reports a wrong shape before the first video

    def outputs(self, crops: UInt8, batch: int = 32) -> Float32:
        """(F, S, S) uint8 -> (F, 58) float32, see `columns.OUTPUTS`; averaged with mirror images, if the model is `mirrored`.

        Raises ModelError if the network's output is invalid.
        """
        result = np.zeros((len(crops), len(OUTPUTS)), np.float32)
        for start in range(0, len(crops), batch):
            part = crops[start : start + batch]
            if self.card.exposure:
                part = even_exposure(part, *self.card.exposure)
            found = self._run(part)
            if self._mirrored:
                found = (found + in_mirror(self._run(np.ascontiguousarray(part[:, :, ::-1])))) / np.float32(2)
            result[start : start + batch] = found
        return result

    def _run(self, crops: UInt8) -> Float32:
        (raw,) = run(self._session, self._path.name, [OUTPUT], {self._input: crops[:, None]})
        return self._checked(raw, len(crops))

    def both(self, expression: ExpressionModel, crops: UInt8, batch: int = 32) -> tuple[Float32, Float32]:
        """(F, 8) probabilities of the classifier that this file contains (`within`), and (F, 58) outputs, in one run."""
        probability, raw = expression.probabilities_beside(OUTPUT, crops, batch, in_mirror)
        return probability, self._checked(raw, len(crops)) if len(crops) else self.outputs(crops)

    def columns(self, outputs: Float32, landmarks: Float32, face_px: Float32) -> Float32:
        """The columns of a timeline; NaN for faces below LEAST_FACE_PX.

        Parameters
        ----------
        outputs : (F, 58) float32
        landmarks : (F, 5, 2) float32, px of the frame, by which the crops were aligned
        face_px : (F,) float32

        Returns
        -------
        (F, 2 + K) float32: `columns.POSE`, then `names`; `columns.SPEECH_COLUMNS`, which need several samples, are replaced by
        `columns.OPENING`, from which they are computed
        """
        matrix = similarity_to_template(landmarks, self.size_px)
        turn = np.degrees(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])).astype(np.float32)
        stand_in = dict(zip(SPEECH_COLUMNS, OPENING, strict=True))
        values = derive(outputs, turn, tuple(stand_in.get(name, name) for name in (*POSE, *self.names)))
        values[face_px < LEAST_FACE_PX] = np.nan
        return values

    def _checked(self, raw: Float32, count: int) -> Float32:
        if raw.shape != (count, len(OUTPUTS)) or raw.dtype.kind != "f" or not (np.abs(raw) <= MOST_OUTPUT).all():
            message = f"{self._path.name} gives {raw.shape} for {count} faces, or what are no numbers"
            raise ModelError(message, f"it has to give {len(OUTPUTS)} numbers a face")
        return np.asarray(raw, np.float32)


def within(signals: Path, expression: Path) -> bool:
    """Whether a signals model contains a classifier, so that one run gives the outputs of both."""
    return bool(held := read_card(signals).trunk) and held == sha256_of(expression)
