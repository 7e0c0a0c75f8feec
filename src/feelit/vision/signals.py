"""Faces in, signals out: one network with the trunk of the expression classifier.

The file also gives what its classifier gives, bit for bit. Where that classifier is the one that is asked for, a face runs
through the trunk once and both are read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

from feelit.errors import ModelError
from feelit.models.card import ModelCard, card_beside, read_card, sha256_of
from feelit.options import Device
from feelit.signals.columns import OPENING, OUTPUTS, POSE, SPEECH_COLUMNS
from feelit.signals.derive import LEAST_FACE_PX, derive
from feelit.signals.mirror import in_mirror
from feelit.types import Float32, UInt8
from feelit.vision.align import similarity_to_template
from feelit.vision.aligned import AlignedModel
from feelit.vision.exposure import even_exposure
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import run

OUTPUT = "signals"
MOST = np.float32(1e6)
"""Outputs beyond, and those that are no numbers, mean a broken network."""


class SignalsModel(AlignedModel):
    """A network of signals, ready to run.

    Attributes
    ----------
    names : the columns that are written, without those of `columns.POSE`
    """

    def __init__(
        self,
        path: Path,
        card: ModelCard,
        names: tuple[str, ...],
        device: Device = "auto",
        threads: int = 1,
        session: InferenceSession | None = None,
        mirrored: bool = False,
    ) -> None:
        if card.task != "signals" or card.adapter != "feelit":
            raise ModelError(f"{path.name} is a model for {card.task}, not for signals", "give a model of signals")
        if card.labels != OUTPUTS:
            raise ModelError(f"{path.name} has other labels than this feelit knows", "train it again: `feelit train signals`")
        super().__init__(path, card, 64, device, threads, session)
        self.names, self._mirrored = names, mirrored
        self.outputs(np.zeros((1, self.size_px, self.size_px), np.uint8))  # a wrong shape shows before the first video

    def outputs(self, crops: UInt8, batch: int = 32) -> Float32:
        """(F, S, S) uint8 -> (F, 58) float32, see `columns.OUTPUTS`; of faces and their mirror images, if that is asked for.

        Raises
        ------
        ModelError
            if the network gives something else.
        """
        result = np.zeros((len(crops), len(OUTPUTS)), np.float32)
        for start in range(0, len(crops), batch):
            part = crops[start : start + batch]
            if self.card.exposure:
                part = even_exposure(part, *self.card.exposure)
            result[start : start + batch] = self._run(part)
            if self._mirrored:
                again = in_mirror(self._run(np.ascontiguousarray(part[:, :, ::-1])))
                result[start : start + batch] = (result[start : start + batch] + again) / np.float32(2)
        return result

    def _run(self, crops: UInt8) -> Float32:
        (raw,) = run(self._session, self._path.name, [OUTPUT], {self._input: crops[:, None]})
        return _checked(raw, self._path.name, len(crops))

    def both(self, expression: ExpressionModel, crops: UInt8, batch: int = 32) -> tuple[Float32, Float32]:
        """(F, 8) probabilities of a classifier that `holds` this file's, and (F, 58) outputs, in one run of the network."""
        probability, raw = expression.probabilities_beside(OUTPUT, crops, batch, in_mirror)
        return probability, _checked(raw, self._path.name, len(crops)) if len(crops) else self.outputs(crops)

    def columns(self, outputs: Float32, landmarks: Float32, face_px: Float32) -> Float32:
        """What is written of some faces; NaN for those below LEAST_FACE_PX.

        Parameters
        ----------
        outputs : (F, 58) float32
        landmarks : (F, 5, 2) float32, px of the frame, by which the crops were aligned
        face_px : (F,) float32

        Returns
        -------
        (F, 2 + K) float32: `columns.POSE`, then `names`; in place of `columns.SPEECH_COLUMNS`, which take more than one
        picture, what they are made from, `columns.OPENING`
        """
        matrix = similarity_to_template(landmarks, self.size_px)
        turn = np.degrees(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])).astype(np.float32)
        stand_in = dict(zip(SPEECH_COLUMNS, OPENING, strict=True))
        values = derive(outputs, turn, tuple(stand_in.get(name, name) for name in (*POSE, *self.names)))
        values[face_px < LEAST_FACE_PX] = np.nan
        return values


def _checked(raw: Float32, name: str, count: int) -> Float32:
    if np.shape(raw) != (count, len(OUTPUTS)) or np.asarray(raw).dtype.kind != "f" or not (np.abs(raw) <= MOST).all():
        hint = f"it has to give {len(OUTPUTS)} numbers a face"
        raise ModelError(f"{name} gives {np.shape(raw)} for {count} faces, or what are no numbers", hint)
    return np.asarray(raw, np.float32)


def open_signals(
    path: Path,
    names: tuple[str, ...],
    device: Device = "auto",
    threads: int = 1,
    session: InferenceSession | None = None,
    mirrored: bool = False,
) -> SignalsModel:
    """A model of signals with the card that lies beside it.

    Parameters
    ----------
    session : its network, where that is loaded already
    mirrored : whether it also looks at mirror images

    Raises
    ------
    ModelError
        if the file or its card is missing, damaged or of the wrong kind.
    """
    return SignalsModel(path, card_beside(path), names, device, threads, session, mirrored)


def within(signals: Path, expression: Path) -> bool:
    """Whether a file of signals gives what a classifier gives, so that one run serves for both."""
    return bool(held := read_card(signals).trunk) and held == sha256_of(expression)
