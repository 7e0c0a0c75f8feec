"""The most doubtful people of a video: pairs that may be one person, and persons that may be two."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from feelit.geometry import iou
from feelit.identity.embeddings import ChosenFaces
from feelit.identity.evidence import APART
from feelit.identity.likeness import LEAST_WEIGHT, of_faces, probability, unit_vectors
from feelit.timeline.recording import Recording
from feelit.timeline.schema import BOX
from feelit.types import Bool, Float32, Int8

LEAST = 0.01  # doubts with a smaller probability are not reported


@dataclass(frozen=True, kw_only=True, slots=True)
class PairDoubt:
    """Two people who may be one."""

    one: int
    other: int
    probability: float  # that they are one


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitDoubt:
    """A person who may be two."""

    person: int
    at_s: float  # another person from this time on
    probability: float  # that the faces before and after are of two people


def pair_doubts(faces: ChosenFaces, vector: Int8, together: frozenset[tuple[int, int]]) -> list[PairDoubt]:
    """Pairs that do not share a frame, the most likely first.

    Parameters
    ----------
    vector : (K, 128) int8, the embedding of each face
    together : pairs of people who share a frame, the lower number first
    """
    faces, unit = _comparable(faces, vector)
    found = []
    for one, other in combinations(np.unique(faces.person).tolist(), 2):
        likeness = of_faces(faces.quality, unit, faces.person == one, faces.person == other, LEAST_WEIGHT)
        if likeness is not None and (one, other) not in together:
            sure = float(probability(np.array([likeness]))[0])
            if sure >= LEAST:
                found.append(PairDoubt(one=one, other=other, probability=sure))
    return sorted(found, key=lambda doubt: (-doubt.probability, doubt.one, doubt.other))


def split_doubts(faces: ChosenFaces, vector: Int8) -> list[SplitDoubt]:
    """People whose faces before and after some time differ, the most likely to be two first.

    The time between two faces with the least likeness is chosen, so probabilities are biased upwards.
    """
    faces, unit = _comparable(faces, vector)
    found = []
    for person in np.unique(faces.person).tolist():
        mine = np.flatnonzero(faces.person == person)
        likenesses = [
            (likeness, float(faces.time_s[mine[edge]]))
            for edge in range(1, len(mine))
            if (likeness := of_faces(faces.quality, unit, mine[:edge], mine[edge:], LEAST_WEIGHT)) is not None
        ]
        if likenesses:
            least, at_s = min(likenesses)
            two = 1 - float(probability(np.array([least]))[0])
            if two >= LEAST:
                found.append(SplitDoubt(person=person, at_s=at_s, probability=two))
    return sorted(found, key=lambda doubt: (-doubt.probability, doubt.person))


def seen_together(recording: Recording) -> frozenset[tuple[int, int]]:
    """Pairs of people who share a frame, the lower number first; two boxes around one face are not a pair."""
    table = recording.table(["frame", "person_id", *BOX])
    person = table.column("person_id").fill_null(-1).to_numpy()
    box = np.stack([table.column(name).to_numpy() for name in BOX], axis=1).astype(np.float32)
    frame = table.column("frame").to_numpy()
    found: set[tuple[int, int]] = set()
    for step in range(1, int(np.unique(frame, return_counts=True)[1].max(initial=0))):  # rows of one frame are adjacent
        same: Bool = (frame[step:] == frame[:-step]) & (person[step:] > 0) & (person[:-step] > 0)
        rows = np.flatnonzero(same & (person[step:] != person[:-step]))
        apart = iou(box[rows][:, None], box[rows + step][:, None])[:, 0, 0] < APART
        pairs = np.unique(np.sort(np.stack([person[rows[apart]], person[rows[apart] + step]], axis=1), axis=1), axis=0)
        found |= {(int(a), int(b)) for a, b in pairs}
    return frozenset(found)


def _comparable(faces: ChosenFaces, vector: Int8) -> tuple[ChosenFaces, Float32]:
    """The faces whose frames could be decoded, and their embeddings, (K, 128) float32 of length one."""
    decoded = np.flatnonzero(vector.any(axis=1))
    return faces.rows(decoded), unit_vectors(vector[decoded])
