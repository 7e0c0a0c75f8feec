"""Expression classification: crops in, emotion probabilities out; and their adjustment to another prior."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import ModelError
from feelit.labels import SPELLINGS, spelled
from feelit.models.card import ModelCard, card_beside
from feelit.options import Device
from feelit.options.prior import shares_of
from feelit.types import EMOTIONS, Float32, UInt8
from feelit.vision.align import crop_faces, levelled
from feelit.vision.exposure import even_exposure
from feelit.vision.session import MOST_OUTPUT, open_session, provider_of, run

CLASSIFIER_ADAPTERS = ("feelit", "classifier")
"""feelit's own, which takes bytes and may have several outputs, and the one for all other networks."""


class ExpressionModel:
    """A loaded expression classifier. Raises ModelError if the file or its card is missing, damaged or of the wrong kind, or
    does not go with the prior.

    Parameters
    ----------
    card : the one beside the file if None
    output : the name of the output with logits, of networks that have several
    prior : shares of the labels for its probabilities, see `weights`
    mirrored : whether to average over each face and its mirror image

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
        device: Device = "auto",
        *,
        card: ModelCard | None = None,
        output: str = "logits",
        prior: str = "auto",
        mirrored: bool = False,
    ) -> None:
        self.card = card = card or card_beside(path)
        self.session = open_session(path, device)
        self._path = path
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
        most = self._input.shape[:1]  # of a network with a fixed batch size
        self._most = most[0] if most and isinstance(most[0], int) and most[0] > 0 else sys.maxsize
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
        box, landmarks : (F, 4) and (F, 5, 2) float32, px

        Returns
        -------
        (F, size_px, size_px) uint8, full range
        """
        aligned = self.card.crop == "aligned"
        crops = crop_faces(luma, landmarks, self.size_px) if aligned else crop_boxes(luma, box, self.size_px)
        return levelled(crops, levels)

    def probabilities(self, crops: UInt8, batch: int = 32) -> Float32:
        """(F, S, S) uint8 -> (F, 8) float32 in the order of EMOTIONS; labels that the model does not know get 0."""
        return self.probabilities_beside(None, crops, batch)[0]

    def probabilities_beside(
        self, other: str | None, crops: UInt8, batch: int = 32, turned: Callable[[Float32], Float32] | None = None
    ) -> tuple[Float32, Float32]:
        """Probabilities and the output `other`, in one run: (F, 8) and (F, K) float32; (0, 0) if there are no faces. `turned`
        converts that output of a mirrored crop; without it, mirror images are not averaged into it."""
        result, found = np.zeros((len(crops), len(EMOTIONS)), np.float32), [np.zeros((0, 0), np.float32)]
        batch = min(batch, self._most)
        for start in range(0, len(crops), batch):
            part = crops[start : start + batch]
            raw, beside = self._run(part, other)
            if self._mirrored:
                again, reversed_beside = self._run(np.ascontiguousarray(part[:, :, ::-1]), other)
                raw = (raw + again) / np.float32(2)
                beside = beside if turned is None else (beside + turned(reversed_beside)) / np.float32(2)
            result[start : start + batch, self._columns] = self._normalise(raw)
            found.append(beside)
        return result, np.concatenate(found[1:]) if len(crops) else found[0]

    def of_output(self, output: str, labels: tuple[str, ...]) -> ExpressionModel:
        """The same network with another output read as uncalibrated logits of `labels`.

        A network without such an output, or with another adapter than feelit's, stays as it is.
        """
        if self.card.adapter != "feelit" or output not in self._given:
            return self
        card = replace(self.card, labels=labels, temperature=1.0, prior=(), prior_temperature=None)
        return ExpressionModel(self._path, "cpu", card=card, output=output, mirrored=self._mirrored)

    def _run(self, crops: UInt8, other: str | None = None) -> tuple[Float32, Float32]:
        """(F, S, S) uint8 -> (F, C) float32, logits or probabilities; and another output, (F, 0) without its name.

        Raises ModelError if there are outputs of another shape, or values that are not logits or probabilities.
        """
        names = self._outputs if other is None else [self.output, other]
        found = run(self.session, self._path.name, names, {self._input.name: self.prepare(crops)})
        beside = np.zeros((len(crops), 0), np.float32) if other is None else found.pop()
        raw = found[0]
        if len(found) > 1 or raw.shape != (len(crops), len(self._columns)) or raw.dtype.kind != "f":
            given = ", ".join(f"{output.shape}" for output in found)
            message = f"{self._path.name} gives {given} for {len(crops)} faces, its card names {len(self._columns)} labels"
            raise ModelError(message, "the labels of a card are the columns of its one output, in order")
        if not (np.abs(raw) <= (np.float32(1.001) if self.card.temperature is None else MOST_OUTPUT)).all():
            message = f"{self._path.name} gives what are no {'logits' if self.card.temperature else 'probabilities'}"
            raise ModelError(message, "is the temperature in its card right? null says that the outputs are probabilities")
        return np.asarray(raw, np.float32), beside

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


def crop_boxes(luma: UInt8, box: Float32, size_px: int) -> UInt8:
    """Unaligned square crops, for classifiers trained on plain boxes.

    (H, W) uint8 and (F, 4) float32 px, clipped to the picture -> (F, size_px, size_px) uint8
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

    `card` holds the shares of the training data; `prior` is a name or shares, see the option of that name. None if
    probabilities stay as they are. Raises ModelError if a label has no share, or the card has no prior.
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
