"""What faces do: emotions and mouth shapes as weights of expression units."""

from __future__ import annotations

import numpy as np

Units = dict[str, float]


def both(name: str, weight: float) -> Units:
    """The left and the right unit of a name like "eye-*-slit"."""
    return {name.replace("*", side): weight for side in ("left", "right")}


EMOTIONS: dict[str, Units] = {
    "neutral": {},
    "happiness": {
        "mouth-corner-puller": 1.0,
        "mouth-part-later": 0.45,
        "mouth-open": 0.10,
        "mouth-upward-retraction": 0.25,
        **both("eye-*-slit", 0.35),
    },
    "surprise": {
        **both("eyebrows-*-up", 1.0),
        **both("eyebrows-*-inner-up", 0.4),
        **both("eye-*-opened-up", 1.0),
        "mouth-open": 0.75,
        "mouth-protusion": 0.2,
    },
    "anger": {
        **both("eyebrows-*-down", 2.0),
        **both("eye-*-slit", 0.3),
        **both("nose-*-elevation", 0.6),
        "mouth-open": 0.25,
        "mouth-retraction": 0.8,
        "mouth-part-later": 0.6,
        "mouth-depression-retraction": 0.7,
    },
    "sadness": {
        **both("eyebrows-*-inner-up", 2.2),
        **both("eyebrows-*-down", 0.4),
        **both("eye-*-closure", 0.25),
        **both("eye-*-slit", 0.4),
        "mouth-depression": 2.0,
        "mouth-elevation": 0.5,
    },
    "disgust": {
        **both("nose-*-elevation", 2.0),
        **both("eyebrows-*-down", 1.0),
        **both("eye-*-slit", 0.8),
        "nose-compression": 1.0,
        "mouth-upward-retraction": 1.2,
        "mouth-depression": 1.2,
        "mouth-open": 0.15,
    },
    "fear": {
        **both("eyebrows-*-inner-up", 2.2),
        **both("eye-*-opened-up", 1.6),
        "mouth-retraction": 1.5,
        "mouth-open": 0.2,
        "mouth-depression-retraction": 1.2,
        "mouth-part-later": 0.7,
    },
}

# Mouth shapes by the phonemes of espeak-ng (Kirshenbaum or IPA): opening, spreading, rounding, closing
SHAPES: dict[str, Units] = {
    "open": {"mouth-open": 0.42, "mouth-part-later": 0.1},
    "spread": {"mouth-open": 0.20, "mouth-part-later": 0.25, "mouth-retraction": 0.25},
    "round": {"mouth-open": 0.22, "mouth-protusion": 0.6, "mouth-pursing": 0.35},
    "closed": {"mouth-compression": 0.35},
    "teeth": {"mouth-open": 0.06, "mouth-parling": 0.2, "mouth-part-later": 0.2},
    "rest": {},
}


def shape_of(phoneme: str) -> str:
    """The mouth shape of one phoneme of espeak-ng's IPA output."""
    for shape, letters in (
        ("closed", "pbm"),
        ("round", "ouʊɔwɹɜɚɒʃʒ"),
        ("open", "aæʌɑɐ"),
        ("spread", "eiɪɛəjl"),
        ("teeth", "fvszθðtdnkɡghŋɾ"),
    ):
        if any(letter in phoneme for letter in letters):
            return shape
    return "rest"


def add(total: Units, more: Units, weight: float) -> None:
    """Add units with a weight, in place."""
    for name, value in more.items():
        total[name] = total.get(name, 0.0) + weight * value


def swell(time: float, start: float, end: float, rise: float = 0.5) -> float:
    """0 outside an interval, 1 within, smooth edges of `rise` seconds."""
    t = min(1.0, max(0.0, (time - start) / rise)) * min(1.0, max(0.0, (end - time) / rise))
    return float(t * t * (3 - 2 * t))


def blink(time: float, seed: int) -> float:
    """0 open .. 1 closed: every two to six seconds, a quarter of a second long."""
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.uniform(2.0, 5.5, 40))
    near = float(np.min(np.abs(at - time)))
    return float(max(0.0, 1 - near / 0.14) ** 0.6) if near < 0.14 else 0.0
