"""Words that both options and records know: the emotions, and the kinds of events. Nothing heavy is imported for them."""

from __future__ import annotations

from enum import StrEnum

EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The eight labels of FER+ (Barsoum et al. 2016), in the order of every probability column."""

DOUBTFUL = ("disgust", "fear", "contempt")
"""Labels of the built-in classifier that tables mark. On press photographs, whose labels it never learnt from, it finds
3 % of disgust (208 faces), 29 % of fear (21) and 33 % of contempt (9); of what it calls so 23, 15 and 12 % are."""

LEAST_CLAIMED = {
    "neutral": 0.45,
    "happiness": 0.45,
    "surprise": 0.85,
    "sadness": 0.8,
    "anger": 0.45,
    "disgust": 0.75,
    "fear": 0.75,
    "contempt": 0.75,
}
"""The smoothed probability from which a label is claimed; below it, it is unsure. docs/benchmarks.md says what chose them."""

STARRED = "* seldom right"
"""What legends say of the mark of `starred`."""


def starred(emotion: str) -> str:
    """An emotion as legends write it: with a star, if it is one of DOUBTFUL."""
    return emotion + "*" * (emotion in DOUBTFUL)


def claimed(emotion: str, confidence: float) -> str:
    """An emotion as captions write it: with a question mark, if it is unsure, and its probability in percent."""
    return f"{emotion}{'?' * (confidence < LEAST_CLAIMED[emotion])} {100 * confidence:.0f}%"


LEAST_REPORTED_S = 2.0
"""Of less readable time, percentages say nothing."""


class EventKind(StrEnum):
    """What happened."""

    bout = "bout"  # a track shows one emotion for a while
    peak = "peak"  # a track shows an emotion more than it usually does
    shared = "shared"  # several tracks begin to show the same emotion within two seconds
    absence = "absence"  # a track is away for long, and comes back
    blink = "blink"  # both lids close for a moment; this kind and those below need columns of signals
    nod = "nod"  # the head goes up and down
    shake = "shake"  # the head goes left and right
    mutual_smile = "mutual_smile"  # two people or more smile at once
    facing_away = "facing_away"  # the head is turned far aside


SPELLINGS = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
}
"""Other names for the labels of FER+, as data sets and models write them."""


def spelled(label: str) -> str:
    """A label as FER+ writes it."""
    return SPELLINGS.get(label.lower(), label.lower())
