"""Expression classification: crops in, emotion probabilities out; and their adjustment to another prior."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from feelit.errors import ModelError
from feelit.labels import SPELLINGS, spelled
from feelit.models.card import ModelCard, card_beside
from feelit.options import Device
from feelit.options.prior import shares_of
from feelit.types import EMOTIONS, Float32, UInt8
from feelit.vision.align import crop_faces, levelled
from feelit.vision.exposure import even_exposure
from feelit.vision.session import open_session, provider_of, run

CLASSIFIER_ADAPTERS = ("feelit", "classifier")
"""feelit's own, which takes bytes and may have several outputs, and the one for all other networks."""

MOST_LOGIT = np.float32(1e6)
"""Larger logits, and NaN, mean a broken network."""


class ExpressionModel:
    """A loaded expression classifier.

    Attributes
    ----------
    size_px : side of its square input
    labels : the network's labels in order, as names in EMOTIONS
    output : the name of the network's output with a value per label
    provider : the execution provider that runs it
    session : the network, for other readers of its outputs
    """

    def __init__(
        self,
        path: Path,
        card: ModelCard,
        device: Device = "auto",
        threads: int = 1,
        output: str = "logits",
        prior: str = "auto",
        mirrored: bool = False,
    ) -> None:
        self.session = open_session(path, device, threads)
        self._path = path
        self.card = card
        self._columns = _columns(path, card)
        self.labels = tuple(EMOTIONS[column] for column in self._columns)
        self._prior = weights(card, prior)
        self._mirrored = mirrored
        if len(self.session.get_inputs()) != 1:
            raise ModelError(f"{path.name} has {len(self.session.get_inputs())} inputs", "a classifier has one, the faces")
        self._input = self.session.get_inputs()[0]
        self._given = [given.name for given in self.session.get_outputs()]
        named = card.adapter == "feelit" and output in self._given
        self._outputs = [output] if named else None  # whatever else the network gives
        self.output = output if named else self._given[0]
        self._most = _most_at_a_time(self._input.shape)
        self.size_px = card.size_px or 48
        self.provider = provider_of(self.session)
        # Run once, so that outputs of a wrong shape are reported before the first video.
        self._run(np.zeros((1, self.size_px, self.size_px), np.uint8))

    def crop(self, luma: UInt8, levels: UInt8, box: Float32, landmarks: Float32) -> UInt8:
        """The crops of all faces of one frame, aligned or by box, according to the card.

        Parameters
        ----------
        luma : (H, W) uint8 as stored
        levels : (256,) uint8, stored luma -> full range
        box : (F, 4) float32, px
        landmarks : (F, 5, 2) float32, px

        Returns
        -------
        (F, size_px, size_px) uint8, full range
        """
        points = landmarks if self.card.crop == "aligned" else None
        crops = crop_faces(luma, points, self.size_px) if points is not None else crop_boxes(luma, box, self.size_px)
        return levelled(crops, levels)

    def probabilities(self, crops: UInt8, batch: int = 32) -> Float32:
        """(F, S, S) uint8 -> (F, 8) float32 in the order of EMOTIONS; labels that the model does not know get 0."""
        result = np.zeros((len(crops), len(EMOTIONS)), np.float32)
        batch = min(batch, self._most)
        for start in range(0, len(crops), batch):
            part = crops[start : start + batch]
            raw = self._run(part)
            if self._mirrored:
                raw = (raw + self._run(np.ascontiguousarray(part[:, :, ::-1]))) / np.float32(2)
            result[start : start + batch, self._columns] = self._normalise(raw)
        return result

    def probabilities_beside(
        self, other: str, crops: UInt8, batch: int = 32, turned: Callable[[Float32], Float32] | None = None
    ) -> tuple[Float32, Float32]:
        """Probabilities and another output of the network, in one run: (F, 8) and (F, K) float32.

        Parameters
        ----------
        other : name of the output
        turned : converts that output of a mirrored crop; without it, mirror images are not averaged into it

        Returns
        -------
        The second array is (0, 0) if there are no faces.
        """
        result, found = np.zeros((len(crops), len(EMOTIONS)), np.float32), [np.zeros((0, 0), np.float32)]
        for start in range(0, len(crops), batch):
            part = crops[start : start + batch]
            raw, beside = self._beside(other, part)
            if self._mirrored:
                again, reversed_beside = self._beside(other, np.ascontiguousarray(part[:, :, ::-1]))
                raw = (raw + again) / np.float32(2)
                beside = beside if turned is None else (beside + turned(reversed_beside)) / np.float32(2)
            result[start : start + batch, self._columns] = self._normalise(raw)
            found.append(beside)
        return result, np.concatenate(found[1:]) if len(crops) else found[0]

    def _beside(self, other: str, crops: UInt8) -> tuple[Float32, Float32]:
        """The logits or probabilities of the network, and another output."""
        raw, beside = run(self.session, self._path.name, [self.output, other], {self._input.name: self.prepare(crops)})
        return self._checked([raw], len(crops)), np.asarray(beside)

    def of_output(self, output: str, labels: tuple[str, ...]) -> ExpressionModel:
        """The same network with another output read as uncalibrated logits of `labels`.

        A network without such an output, or with another adapter than feelit's, stays as it is.
        """
        if self.card.adapter != "feelit" or output not in self._given:
            return self
        card = replace(self.card, labels=labels, temperature=1.0, prior=())
        return ExpressionModel(self._path, card, "cpu", output=output, mirrored=self._mirrored)

    def _run(self, crops: UInt8) -> Float32:
        """(F, S, S) uint8 -> (F, C) float32, logits or probabilities.

        Raises
        ------
        ModelError
            if the output has another shape, or values that are not logits or probabilities.
        """
        outputs = run(self.session, self._path.name, self._outputs, {self._input.name: self.prepare(crops)})
        return self._checked(outputs, len(crops))

    def _checked(self, outputs: Sequence[NDArray[Any]], count: int) -> Float32:
        (raw, *others) = outputs
        if others or np.shape(raw) != (count, len(self._columns)) or np.asarray(raw).dtype.kind != "f":
            given = ", ".join(f"{np.shape(output)}" for output in (raw, *others))
            message = f"{self._path.name} gives {given} for {count} faces, its card names {len(self._columns)} labels"
            raise ModelError(message, "the labels of a card are the columns of its one output, in order")
        most = np.float32(1.001) if self.card.temperature is None else MOST_LOGIT
        if not (np.abs(raw) <= most).all():
            message = f"{self._path.name} gives what are no {'logits' if self.card.temperature else 'probabilities'}"
            raise ModelError(message, "is the temperature in its card right? null says that the outputs are probabilities")
        result: Float32 = np.asarray(raw, np.float32)
        return result

    def prepare(self, crops: UInt8) -> UInt8 | Float32:
        """(F, S, S) uint8 -> (F, channels, S, S), the network's input."""
        if self.card.exposure:
            crops = even_exposure(crops, *self.card.exposure)
        if self.card.adapter == "feelit":
            return crops[:, None]
        planes = (crops.astype(np.float32) - np.float32(self.card.mean)) / np.float32(self.card.scale)
        channels = 1 if self.card.color == "luma" else 3
        return np.repeat(planes[:, None], channels, axis=1)

    def _normalise(self, raw: Float32) -> Float32:
        probability = raw if self.card.temperature is None else softmax(raw / np.float32(self.card.temperature))
        return probability if self._prior is None else adjusted(probability, *self._prior)


def open_expression(
    path: Path, device: Device = "auto", threads: int = 1, prior: str = "auto", mirrored: bool = False
) -> ExpressionModel:
    """Open a classifier with its card.

    Parameters
    ----------
    prior : shares of the labels for its probabilities, see `weights`
    mirrored : whether to average over each face and its mirror image

    Raises
    ------
    ModelError
        if the file or its card is missing, damaged or of the wrong kind, or does not go with the prior.
    """
    return ExpressionModel(path, card_beside(path), device, threads, prior=prior, mirrored=mirrored)


def _columns(path: Path, card: ModelCard) -> list[int]:
    """The indices of the model's labels in EMOTIONS."""
    if card.task != "expression":
        raise ModelError(f"{path.name} is a model for {card.task}, not for expressions", "give it as the detector")
    if card.adapter not in CLASSIFIER_ADAPTERS:
        hint = 'fix its card: "adapter": "classifier"'
        raise ModelError(f"{path.name}: the adapter {card.adapter} is none of a classifier", hint)
    names = [SPELLINGS.get(label.lower(), label.lower()) for label in card.labels]
    known = f"known are {', '.join(EMOTIONS)}"
    if unknown := [label for label, name in zip(card.labels, names, strict=True) if name not in EMOTIONS]:
        raise ModelError(f"the card of {path.name} has the label {unknown[0]}, which feelit does not know", known)
    if len(names) < 2 or len(set(names)) < len(names):
        given = ", ".join(card.labels) or "none"
        raise ModelError(f"the card of {path.name} has the labels {given}", f"give two or more, each once; {known}")
    return [EMOTIONS.index(name) for name in names]


def _most_at_a_time(shape: list[int | str | None]) -> int:
    """The fixed batch size of a network; without one, no limit."""
    return shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else sys.maxsize


def crop_boxes(luma: UInt8, box: Float32, size_px: int) -> UInt8:
    """Unaligned square crops, for classifiers trained on plain boxes.

    Parameters
    ----------
    luma : (H, W) uint8
    box : (F, 4) float32, px; clipped to the picture
    size_px : side of a crop

    Returns
    -------
    (F, size_px, size_px) uint8
    """
    height, width = luma.shape
    crops = np.empty((len(box), size_px, size_px), np.uint8)
    for i, (x0, y0, x1, y1) in enumerate(np.round(box).astype(int)):
        x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
        part = luma[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        crops[i] = cv2.resize(part, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return crops


TEMPERED = 0.5
"""The exponent of the training data's shares: halfway between them and balanced ones, in logarithms."""


def weights(card: ModelCard, prior: str) -> tuple[Float32, float] | None:
    """The adjustment of probabilities to another prior: (C,) float32 to add to their logarithms, and a temperature.

    By Bayes' rule, probabilities for other shares of the labels than in the training data are multiplied by the new share over
    the old one (Saerens et al. 2002; as an adjustment of logits, Menon et al. 2021). The temperature calibrates the result.

    Parameters
    ----------
    card : holds the shares of the training data
    prior : a name or shares, see the option `prior`

    Returns
    -------
    None if probabilities stay as they are.

    Raises
    ------
    ModelError
        if a label has no share, or the card has no prior.
    """
    if prior == "as-trained" or (prior == "auto" and card.prior_temperature is None):
        return None
    if not card.prior:
        raise ModelError(f"the card of {card.name} has no prior, so that probabilities cannot be turned into those for another")
    learnt = np.log(np.array(card.prior, np.float64))
    if prior in ("auto", "tempered"):
        target = TEMPERED * learnt
    elif prior == "balanced":
        target = np.zeros_like(learnt)
    else:
        shares, names = shares_of(prior), [spelled(label) for label in card.labels]
        if missing := [name for name in names if name not in shares]:
            raise ModelError(f"--prior has no share of {missing[0]}", f"give one for each of {', '.join(names)}")
        target = np.log([shares[name] for name in names])
    return (target - learnt).astype(np.float32), card.prior_temperature or 1.0


def adjusted(probability: Float32, added: Float32, temperature: float) -> Float32:
    """Apply the adjustment of `weights` to probabilities, (N, C) float32."""
    return softmax((np.log(np.maximum(probability, np.float32(1e-9))) + added) / np.float32(temperature))


def softmax(logits: Float32) -> Float32:
    """(N, C) float32 -> (N, C) float32 that add up to 1 in every row."""
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Float32 = weight / weight.sum(axis=1, keepdims=True)
    return result
