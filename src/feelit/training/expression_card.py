"""What the card of an expression classifier says: facts about the data, and the scores that a run measured."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.types import EMOTIONS
from feelit.vision.card import ModelCard


@dataclass(frozen=True, slots=True)
class Scores:
    """What a network scored on the validation images of FER2013 that have a FER+ majority label."""

    images: int
    accuracy_aligned: float
    accuracy_original: float
    macro_f1: float  # of aligned crops, like all that follows
    macro_f1_original: float
    f1: dict[str, float]
    ece_raw: float  # at temperature 1
    ece: float  # at the temperature that was fitted to the same images


def describe(name: str, scores: Scores, temperature: float, parameters: int, learnt_from: int, recipe: str) -> ModelCard:
    """The card of a trained network; the checksum is filled in when it is written."""
    return ModelCard(
        name=name,
        task="expression",
        adapter="feelit",
        licence="weights: for research, as the images they were trained on; code: Apache-2.0",
        description=(
            "Residual network for the shown expression of one aligned 48 px face. Input luma: (N, 1, 48, 48) uint8, full range "
            "0..255, normalised inside the graph; output logits: (N, 8) float32."
        ),
        color="luma",
        crop="aligned",
        size_px=48,
        labels=EMOTIONS,
        temperature=round(temperature, 4),
        parameters=parameters,
        training_data=(
            {
                "name": "FER2013",
                "part": f"{learnt_from} images of the training split, none whose pixels also stand in another split",
                "licence": "research use",
                "source": "Goodfellow et al. 2013, Challenges in Representation Learning",
            },
            {
                "name": "FER+",
                "part": "votes of ten taggers an image, as soft targets",
                "licence": "MIT",
                "source": "Barsoum et al. 2016, https://github.com/microsoft/FERPlus",
            },
        ),
        scores={
            "split": "FER2013 validation (PublicTest) images with a FER+ majority label",
            "images": scores.images,
            "accuracy_aligned_crops": round(scores.accuracy_aligned, 4),
            "accuracy_original_framing": round(scores.accuracy_original, 4),
            "macro_f1_aligned_crops": round(scores.macro_f1, 4),
            "macro_f1_original_framing": round(scores.macro_f1_original, 4),
            "f1_aligned_crops": {k: round(v, 4) for k, v in scores.f1.items()},
            "ece_15_bins_at_temperature_1": round(scores.ece_raw, 4),
            "ece_15_bins": round(scores.ece, 4),
            "temperature_fitted_on": "the majority labels of the same validation images, as aligned crops",
        },
        limitations=(
            "It names the expression that people would see in a still picture, not what a person feels.",
            "Disgust, contempt and fear are rare in the training data and often missed.",
            "Found on the web in 2013, the faces are mostly posed, young to middle-aged and of unbalanced origin; scores for "
            "groups of people were not measured.",
            "Validation images chose the temperature, so the calibration error on them is optimistic; they are images on which "
            "people agree, so that faces on which people differ get more confidence than they deserve.",
            "Profiles, covered mouths and faces under about 20 px are less reliable.",
        ),
        recipe=f"feelit.training.expression: {recipe}",
    )
