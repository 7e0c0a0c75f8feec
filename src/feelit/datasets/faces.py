"""Images of faces with labels and votes, as all readers give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from feelit.datasets.images import Images, Source
from feelit.datasets.names import FER2013_EMOTION
from feelit.errors import UsageError
from feelit.types import EMOTIONS, Bool, Float32, Int64, UInt8

VOTES = (*EMOTIONS, "unknown", "NF")
"""The choices of FER+'s taggers, in the order of the vote columns; NF is "not a face"."""


def majority_labels(votes: UInt8) -> Int64:
    """The label that most taggers of FER+ agree on: the "majority" protocol of Barsoum et al. 2016.

    Votes below two are taken for slips and count as none. The winner must have more than half of the remaining votes.

    Parameters
    ----------
    votes : (N, 10) uint8, in the order of VOTES

    Returns
    -------
    (N,) int64: index into EMOTIONS, or -1 without a winner, or where it is unknown or "not a face".
    """
    kept = np.where(votes < 2, 0, votes).astype(np.int64)
    winner = kept.argmax(axis=1)
    decided = kept.max(axis=1, initial=0) * 2 > kept.sum(axis=1)
    return np.where(decided & (winner < len(EMOTIONS)), winner, -1)


def vote_shares(votes: UInt8) -> Float32:
    """What taggers agree on, as shares.

    Votes below two are taken for slips and dropped, as in FER+ (Barsoum et al. 2016); unknown and "not a face" are left out
    of the shares.

    Parameters
    ----------
    votes : (N, 10) uint8, in the order of VOTES

    Returns
    -------
    (N, 8) float32, rows sum to 1; a row of zeros where unknown or "not a face" got at least as many votes as any emotion.
    """
    kept = np.where(votes < 2, 0, votes).astype(np.float32)
    known, other = kept[:, : len(EMOTIONS)], kept[:, len(EMOTIONS) :]
    known = known * (known.max(axis=1, initial=0) > other.max(axis=1, initial=0))[:, None]
    shares: Float32 = (known / np.maximum(known.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    return shares


NOT_LABELLED = "no majority"


@dataclass(frozen=True, slots=True)
class Row:
    """One image with its label. Votes, if there are any, take precedence over the label."""

    split: str
    image: Source
    origin: str  # file and line or row, for messages
    label: int = -1  # index into EMOTIONS, -1 for none
    votes: tuple[int, ...] | None = None  # in the order of VOTES
    fer2013: int = -1  # index into FER2013's own seven labels, -1 for none
    held_out: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """One split of a data set, one row per image."""

    split: str
    images: Images
    label: Int64  # (N,) majority label, an index into EMOTIONS; -1 where there is none
    share: Float32  # (N, 8) vote shares, one-hot without votes; rows sum to 1, or to 0 where no emotion was named
    fer2013: Int64  # (N,) FER2013's own label 0..6, -1 where there is none
    held_out: Bool  # (N,) whether the same pixels occur in a later split: never train on them
    voted: bool  # whether the shares come from several taggers

    def __len__(self) -> int:
        return len(self.label)

    def classes(self) -> Int64:
        """The classes that occur, as indices into EMOTIONS."""
        return np.unique(self.label[self.label >= 0])

    def rows(self, where: Int64 | Bool) -> LabelledFaces:
        """The images that an index array or a boolean mask selects."""
        columns = (self.label[where], self.share[where], self.fer2013[where], self.held_out[where])
        return LabelledFaces(self.split, self.images.rows(where), *columns, self.voted)

    def by_fer2013(self) -> LabelledFaces:
        """The same images with FER2013's own labels instead of FER+'s.

        Raises
        ------
        UsageError
            if there are none.
        """
        known = self.fer2013 >= 0
        if not known.any():
            raise UsageError(f"the split {self.split} has no labels of FER2013", "leave out --labels fer2013")
        label = np.where(known, np.array(FER2013_EMOTION)[self.fer2013], -1)
        share = np.eye(len(EMOTIONS) + 1, len(EMOTIONS), dtype=np.float32)[label]
        return replace(self, label=label, share=share, voted=False)

    def distribution(self) -> dict[str, dict[str, float]]:
        """Per label, the number of images with it as majority and its share of all votes; images without a majority last."""
        images = np.bincount(self.label[self.label >= 0], minlength=len(EMOTIONS))
        said = self.share.sum(axis=0, dtype=np.float64)
        said = said / max(said.sum(), 1)
        known = {name: {"images": int(images[k]), "share": float(said[k])} for k, name in enumerate(EMOTIONS)}
        return known | {NOT_LABELLED: {"images": int((self.label < 0).sum()), "share": 0.0}}


def collect(rows: Iterable[Row], split: str, place: str) -> LabelledFaces:
    """One split out of the rows of a data set.

    Parameters
    ----------
    rows : all of its images, or more: those of other splits are passed over
    place : the data set, for messages

    Raises
    ------
    UsageError
        if it has no image, or images of fewer than two classes.
    """
    chosen = [row for row in rows if row.split == split]
    if not chosen:
        raise UsageError(f"{place} holds no image in the split {split}", "docs/evaluation.md describes the formats")
    label = np.array([row.label for row in chosen], np.int64)
    share = np.eye(len(EMOTIONS) + 1, len(EMOTIONS), dtype=np.float32)[label]  # -1 takes the row of zeros
    voted = np.array([row.votes is not None for row in chosen])
    if voted.any():
        none = (0,) * len(VOTES)
        votes = np.array([row.votes or none for row in chosen], np.uint8)
        label = np.where(voted, majority_labels(votes), label)
        share = np.where(voted[:, None], vote_shares(votes), share)
    faces = LabelledFaces(
        split,
        Images([row.image for row in chosen], [row.origin for row in chosen]),
        label,
        share,
        fer2013=np.array([row.fer2013 for row in chosen], np.int64),
        held_out=np.array([row.held_out for row in chosen], bool),
        voted=bool(voted.any()),
    )
    if len(faces.classes()) < 2:
        raise UsageError(f"{place} holds fewer than two classes in the split {split}", "scores compare at least two")
    return faces
