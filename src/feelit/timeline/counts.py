"""The counts of a video: one record for reports, manifests and the metadata of timelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

IN_METADATA = {
    "decoded": "frames_decoded",
    "discarded": "frames_discarded",
    "sampled": "frames_sampled",
    "decode_errors": "decode_errors",
    "letterboxed": "frames_letterboxed",
    "cuts": "cuts",
    "tracks": "tracks",
}
"""Names of counts -> their names in the metadata of a timeline, in this order."""

NEWER = ("discarded", "letterboxed")
"""Counts that the first timelines did not state: 0 in these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The counts of one video; docs/cli.md describes them. Frames add up: decoded = sampled + skipped."""

    duration_s: float = 0.0
    decoded: int = 0
    discarded: int = 0
    sampled: int = 0
    decode_errors: int = 0
    letterboxed: int = 0
    faces: int = 0
    tracks: int = 0
    people: int | None = None  # None where tracks were not grouped
    cuts: int = 0

    @property
    def skipped(self) -> int:
        """Frames that were decoded and not sampled."""
        return self.decoded - self.sampled

    def metadata(self) -> dict[str, int]:
        """The counts under their names in the metadata."""
        return {name: getattr(self, field) for field, name in IN_METADATA.items()}

    @classmethod
    def stated(cls, facts: Mapping[str, Any], faces: int) -> Self | None:
        """The counts that a timeline's metadata state, of a video with a number of faces; None where one is missing, or no
        number."""
        named = [facts.get(name, 0 if field in NEWER else None) for field, name in IN_METADATA.items()]
        needed = [facts.get("duration_s"), *named]
        return cls.of_metadata(facts, faces) if all(isinstance(value, int | float) for value in needed) else None

    @classmethod
    def of_metadata(cls, facts: Mapping[str, Any], faces: int) -> Self:
        """The same of metadata that are complete. Raises KeyError if one is missing that every schema version has."""
        stated = {field: facts.get(name, 0) if field in NEWER else facts[name] for field, name in IN_METADATA.items()}
        people = len(facts["people"]) if isinstance(facts.get("people"), list) else None
        return cls(duration_s=facts["duration_s"], faces=faces, people=people, **stated)
