"""How a run goes on: its learning rate, epoch by epoch, and when it has learnt enough.

Both depend on the recipe and on the scores of the epochs so far, so a run that resumes decides as one that was never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from feelit.training.curves import Curve
from feelit.training.expression.run import Recipe

SMALLER_IS_BETTER = ("validation loss",)


def monitored(curve: Curve, name: str) -> list[float]:
    """The scores of all epochs by which the run is judged; the larger, the better. NaN, and what is missing, is worst."""
    found = [scores.get(name, math.nan) * (-1 if name in SMALLER_IS_BETTER else 1) for _, scores in curve.rows]
    return [-math.inf if math.isnan(value) else value for value in found]


def best_epoch(scores: Sequence[float]) -> int:
    """The number of the best epoch so far, from 0: the first one, if several are as good; -1 before there is any."""
    return max(range(len(scores)), key=lambda i: (scores[i], -i), default=-1)


def has_learnt_enough(scores: Sequence[float], recipe: Recipe) -> bool:
    """Whether early stopping ends the run now."""
    return 0 < recipe.early_stopping <= len(scores) - 1 - best_epoch(scores)


def rate_at(epoch: float, recipe: Recipe, scores: Sequence[float] = ()) -> float:
    """The learning rate at a time in epochs: a linear start, and then what the schedule says.

    "cosine" is half a cosine down to nothing (Loshchilov & Hutter 2017), and a second one for the calm epochs. "plateau" keeps
    the rate, and lowers it after every `patience` epochs without a better score.

    Parameters
    ----------
    scores : those of the epochs before, the larger, the better
    """
    if epoch < recipe.warmup_epochs and epoch < recipe.first_calm:
        return recipe.learning_rate * (epoch + 0.05) / (recipe.warmup_epochs + 0.05)
    if recipe.schedule == "plateau":
        return recipe.learning_rate * recipe.factor ** _plateaus(scores, recipe.patience)
    if epoch >= recipe.first_calm:
        done = (epoch - recipe.first_calm) / max(recipe.epochs - recipe.first_calm, 1)
        return recipe.calm_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    done = (epoch - recipe.warmup_epochs) / max(recipe.first_calm - recipe.warmup_epochs, 1e-9)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _plateaus(scores: Sequence[float], patience: int) -> int:
    """How often no epoch out of `patience` was better than all before them."""
    best, waited, plateaus = -math.inf, 0, 0
    for value in scores:
        best, waited = (value, 0) if value > best else (best, waited + 1)
        if waited >= max(patience, 1):
            plateaus, waited = plateaus + 1, 0
    return plateaus
