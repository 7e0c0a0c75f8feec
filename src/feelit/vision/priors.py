"""Probabilities under another share of the labels than the one a classifier was trained on.

A classifier learns how frequent the labels are in its training data along with what they look like. By Bayes' rule its
probabilities are turned into those for other shares: each is multiplied by the new share of its label over the old one (Saerens
et al. 2002; as an adjustment of logits, Menon et al. 2021). A temperature then calibrates the result.
"""

from __future__ import annotations

import numpy as np

from feelit.errors import ModelError
from feelit.labels import spelled
from feelit.models.card import ModelCard
from feelit.options.prior import shares_of
from feelit.types import Float32

TEMPERED = 0.5
"""The exponent of the training data's shares: halfway between them and balanced ones, in logarithms."""


def weights(card: ModelCard, prior: str) -> tuple[Float32, float] | None:
    """What is added to the logarithms of a classifier's probabilities, (C,) float32, and the temperature that divides the sum.

    Parameters
    ----------
    card : names the shares that were learnt
    prior : a name or shares, as the option `prior` holds them

    Returns
    -------
    None where probabilities stay as they are.

    Raises
    ------
    ModelError
        if shares are asked for that the card's labels do not have, or of a card that does not know its own.
    """
    if prior == "as-trained" or (prior == "auto" and card.prior_temperature is None):
        return None
    if not card.prior:
        raise ModelError(f"the card of {card.name} has no prior, so that probabilities cannot be turned into those for another")
    learnt = np.log(np.array(card.prior, np.float64))
    if prior in ("auto", "tempered"):
        wanted = TEMPERED * learnt
    elif prior == "balanced":
        wanted = np.zeros_like(learnt)
    else:
        shares, names = shares_of(prior), [spelled(label) for label in card.labels]
        if missing := [name for name in names if name not in shares]:
            raise ModelError(f"--prior has no share of {missing[0]}", f"give one for each of {', '.join(names)}")
        wanted = np.log([shares[name] for name in names])
    return (wanted - learnt).astype(np.float32), card.prior_temperature or 1.0


def adjusted(probability: Float32, added: Float32, temperature: float) -> Float32:
    """Probabilities under another prior: (N, C) float32 -> (N, C) float32, with what `weights` gives."""
    return softmax((np.log(np.maximum(probability, np.float32(1e-9))) + added) / np.float32(temperature))


def softmax(logits: Float32) -> Float32:
    """(N, C) float32 -> (N, C) float32 that add up to 1 in every row."""
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Float32 = weight / weight.sum(axis=1, keepdims=True)
    return result
