"""What the taggers of FER+ said, and what of it counts (Barsoum et al. 2016)."""

from __future__ import annotations

import numpy as np

from feelit.types import EMOTIONS, Float32, Int64, UInt8

VOTES = (*EMOTIONS, "unknown", "NF")
"""What a tagger of FER+ could say, in the order of the vote columns; NF is "not a face"."""


def majority_labels(votes: UInt8) -> Int64:
    """The label that most taggers of FER+ agree on: the "majority" protocol of Barsoum et al. 2016.

    Votes below two are taken for slips and count as none. The winner must have more than half of the remaining votes.

    Parameters
    ----------
    votes : (N, 10) uint8, in the order of VOTES

    Returns
    -------
    (N,) int64: index into EMOTIONS, or -1 where nobody wins, or unknown or "not a face" does.
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
