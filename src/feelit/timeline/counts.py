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
        """The counts that a timeline's metadata state; None where one is missing, or no number.

        Parameters
        ----------
        facts : of the video
        faces : the number of its rows that are faces
        """
        needed = [facts.get("duration_s"), *(facts.get(name, 0) for field, name in IN_METADATA.items() if field in NEWER)]
        needed += [facts.get(name) for field, name in IN_METADATA.items() if field not in NEWER]
        return cls.of_metadata(facts, faces) if all(isinstance(value, int | float) for value in needed) else None

    @classmethod
    def of_metadata(cls, facts: Mapping[str, Any], faces: int) -> Self:
        """The same of metadata that are complete. Raises KeyError if one is missing that every schema version has."""
        stated = {field: facts.get(name, 0) if field in NEWER else facts[name] for field, name in IN_METADATA.items()}
        people = facts.get("people")
        return cls(
            duration_s=facts["duration_s"], faces=faces, people=len(people) if isinstance(people, list) else None, **stated
        )
