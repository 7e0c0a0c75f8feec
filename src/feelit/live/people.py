"""Who is in the picture now: a person who comes back is shown under the old number.

Nothing that follows is known, so this is a guess where an analysis waits for the end: the first good face of a new track is
compared with everybody who was seen and is not in the picture. Embeddings are in memory only, for as long as the session lasts;
when it ends, the recording is grouped by all of them, as an analysis is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from feelit.identity.evidence import EvidenceBuilder
from feelit.identity.likeness import JOIN, LEAST_WEIGHT, between, probability, template
from feelit.identity.select import quality_of, vector_bytes
from feelit.types import Float32, Int8, Int32, Sample, Timeline
from feelit.vision.identity import IdentityModel

EVERY_S = 2.0
"""A face is embedded once in so long."""

ENOUGH = 5
"""So many embeddings of a track are taken."""


@dataclass(slots=True)
class _Person:
    """Sums of quality times embedding, and of quality."""

    total: Float32 = field(default_factory=lambda: np.zeros(128, np.float32))
    weight: float = 0.0

    def add(self, vector: Float32, quality: float) -> None:
        self.total = self.total + np.float32(quality) * vector
        self.weight += quality


@dataclass(slots=True)
class _Track:
    number: int  # of the person
    is_sure: bool = False  # whether it was compared with the others
    embedded: int = 0
    last_s: float = -np.inf


class PeopleNow:
    """The numbers under which people are shown, from 1 by first appearance.

    Parameters
    ----------
    identity : embeds faces
    """

    def __init__(self, identity: IdentityModel) -> None:
        self._identity = identity
        self._tracks: dict[int, _Track] = {}
        self._people: dict[int, _Person] = {}
        self._embedded: list[tuple[int, float, float, Int8]] = []  # track, time, quality, vector

    def hand_over(self, evidence: EvidenceBuilder) -> None:
        """Add all embeddings to what is known of the tracks."""
        for track, time_s, quality, vector in self._embedded:
            evidence.embed(track, time_s, quality, vector)

    def numbers(self, rows: Timeline, sample: Sample) -> Int32:
        """Who the faces of the newest frame are: (R,) int32, for `rows` (R,) of `sample`."""
        quality = quality_of(rows.landmarks, rows.face_px, rows.sharpness)
        for row, track in enumerate(rows.track_id.tolist()):
            if track not in self._tracks:
                self._tracks[track] = _Track(number=max(self._people, default=0) + 1)
                self._people[self._tracks[track].number] = _Person()
            mine = self._tracks[track]
            due = mine.embedded < ENOUGH and sample.time_s - mine.last_s >= (EVERY_S if mine.is_sure else 0)
            if due and quality[row] >= LEAST_WEIGHT:
                crop = self._identity.crop(sample.luma, sample.levels, rows.landmarks[row : row + 1])
                here = {self._tracks[other].number for other in rows.track_id.tolist() if other in self._tracks}
                vector = self._identity.embed(crop)[0]
                self._embedded.append((track, sample.time_s, float(quality[row]), vector_bytes(vector)))
                self._see(mine, vector, float(quality[row]), sample.time_s, here)
        return np.array([self._tracks[track].number for track in rows.track_id.tolist()], np.int32)

    def _see(self, track: _Track, vector: Float32, quality: float, time_s: float, here: set[int]) -> None:
        """Take in a face of a track; the first one says who it is. `here` are the people in the picture."""
        if not track.is_sure:
            known = self._known(vector, here)
            if known is not None:
                del self._people[track.number]
                track.number = known
            track.is_sure = True
        self._people[track.number].add(vector, quality)
        track.embedded, track.last_s = track.embedded + 1, time_s

    def _known(self, vector: Float32, here: set[int]) -> int | None:
        """The person whose face this is, of those who are not in the picture."""
        away = [number for number, person in self._people.items() if number not in here and person.weight >= LEAST_WEIGHT]
        likeness = [between(vector, template(self._people[n].total, self._people[n].weight)) for n in away]
        if not away or probability(np.array(likeness, np.float64)).max() < JOIN:
            return None
        return away[int(np.argmax(likeness))]
