"""Names of expressions and splits in data sets."""

from __future__ import annotations

from feelit.errors import UsageError
from feelit.labels import SPELLINGS
from feelit.types import EMOTIONS

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The labels 0..6 of FER2013 (Goodfellow et al. 2013)."""

AFFECTNET = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
"""The labels 0..7 of AffectNet (Mollahosseini et al. 2019)."""

FER2013_EMOTION, AFFECTNET_EMOTION = (tuple(map(EMOTIONS.index, names)) for names in (FER2013, AFFECTNET))
"""The same numbers -> index into EMOTIONS."""

AFFECTNET_OTHER = ("8", "9", "10", "none", "uncertain", "non-face", "no-face")
"""AffectNet's further labels: none of the eight expressions, uncertain, no face."""

SPLITS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
"""Our name of a split, and how others write it, FER2013's own names among them."""

WHOLE = "all"
"""The name of the only split of data that has none."""


def emotion_named(name: str) -> int | None:
    """Index into EMOTIONS of a class name in any of the common spellings; None for any other word."""
    word = name.strip().lower()
    word = SPELLINGS.get(word, word)
    return EMOTIONS.index(word) if word in EMOTIONS else None


def split_named(name: str) -> str | None:
    """train, valid or test, from any of their spellings; None for any other word."""
    word = name.strip().lower()
    return next((split for split, spellings in SPLITS.items() if word in spellings), None)


def known_names() -> str:
    """A hint: what classes may be called."""
    others = ", ".join(f"{other} for {name}" for other, name in SPELLINGS.items())
    return f"known are {', '.join(EMOTIONS)}; also {others}"


def number_in(cell: str, most: int, what: str, hint: str) -> int:
    """The whole number 0..`most` in a cell of a table.

    Raises
    ------
    UsageError
        if it is anything else.
    """
    word = cell.strip()
    if not (word.isascii() and word.isdigit() and len(word) < 10 and int(word) <= most):
        raise UsageError(f"{what} cannot be {cell[:40]!r}", hint)
    return int(word)


def split_in(cell: str, origin: str) -> str:
    """The split that a cell of a table names.

    Raises
    ------
    UsageError
        if it is none.
    """
    split = split_named(cell)
    if split is None:
        hint = "known are Training, PublicTest and PrivateTest, or train, valid and test"
        raise UsageError(f"{origin}: {cell[:40]!r} is no split", hint)
    return split
