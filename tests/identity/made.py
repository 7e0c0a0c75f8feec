"""People made of numbers: directions that lie close together or apart."""

from __future__ import annotations

import numpy as np

from feelit.identity.evidence import EvidenceBuilder, TrackEvidence
from feelit.identity.likeness import cohort
from feelit.types import Float32, Int8


def directions(people: int, seed: int = 0) -> Float32:
    """(people, 128) unit vectors that are less alike than strangers usually are: around one mean of the cohort."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(0, 1, (128, 24)))[0].T
    vectors = cohort()[0] + rng.normal(0, 0.1, (people, 24)) @ axes
    result: Float32 = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return result


def near(direction: Float32, count: int, seed: int = 0) -> list[Int8]:
    """Embeddings of one person: cosines near 0.99."""
    noise = np.random.default_rng(seed).normal(0, 0.06 / np.sqrt(128), (count, 128))
    vector = direction + noise
    vector /= np.linalg.norm(vector, axis=1, keepdims=True)
    return list(np.round(vector * 256).astype(np.int8))


def track(direction: Float32, start_s: float, end_s: float, seed: int = 0, quality: float = 1.0) -> TrackEvidence:
    """One person from `start_s` to `end_s`, ten faces and one embedding a second."""
    time_s = np.arange(start_s, end_s, 1.0).tolist() or [start_s]
    rows = max(1, round((end_s - start_s) * 10))
    count = len(time_s)
    vectors = near(direction, count, seed)
    return TrackEvidence(start_s, end_s, rows, 0.9 * rows, time_s, [quality] * count, vectors)


def joined(*parts: TrackEvidence, likeness: float = 0.1) -> TrackEvidence:
    """A track that went from one person to another where the parts meet."""
    whole = TrackEvidence(parts[0].first_s, parts[-1].last_s)
    for part in parts:
        whole.rows, whole.score = whole.rows + part.rows, whole.score + part.score
        whole.time_s += part.time_s
        whole.quality += part.quality
        whole.vector += part.vector
    whole.changes = [(part.first_s, likeness) for part in parts[1:]]
    return whole


def evidence(tracks: dict[int, TrackEvidence], together: dict[tuple[int, int], list[float]] | None = None) -> EvidenceBuilder:
    """What is known of some tracks."""
    builder = EvidenceBuilder()
    builder.tracks, builder.together = tracks, together or {}
    return builder
