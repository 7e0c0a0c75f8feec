"""The record of an event: something that a timeline shows between two times, with a figure that says how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from feelit.errors import UsageError
from feelit.labels import EMOTIONS, EventKind

Kind = EventKind


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in one video.

    NaN and None stand for what a kind of event does not have: an absence shows no emotion, and only bouts have an interval in
    place of a p-value.
    """

    video: str
    kind: Kind
    tracks: tuple[int, ...]  # track ids; one, but for shared events
    emotion: str | None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most; of an absence, its middle
    strength: float  # smoothed probability of the emotion at that time, 0..1
    baseline: float  # what the smoothed probability of that emotion usually is for this track: its median
    low: float  # 95 % interval of the mean probability over the bout
    high: float
    p_value: float  # of finding such an event somewhere in the track, or in the video, by chance

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for. What has no emotion passes every choice of emotions, what has no p-value every limit."""

    kinds: tuple[Kind, ...] = tuple(Kind)
    emotions: tuple[str, ...] = EMOTIONS
    max_p: float = 1.0

    @classmethod
    def parse(cls, kinds: str, emotions: str | None, max_p: float) -> Self:
        """Choices as they are written on the command line: names with commas between; "all" kinds, None for all emotions.

        Raises
        ------
        UsageError
            for a name that is none, or a limit that is no probability.
        """
        if not 0 <= max_p <= 1:
            raise UsageError(f"--max-p {max_p:g} is no probability", "give a number from 0 to 1, such as 0.05")
        chosen = words("--kind", kinds, [*Kind, "all"])
        return cls(
            kinds=tuple(Kind) if "all" in chosen else tuple(map(Kind, chosen)),
            emotions=EMOTIONS if emotions is None else tuple(words("--emotion", emotions, EMOTIONS)),
            max_p=max_p,
        )

    def takes(self, event: Event) -> bool:
        """Whether an event is asked for."""
        likely = math.isnan(event.p_value) or event.p_value <= self.max_p
        return event.kind in self.kinds and (event.emotion is None or event.emotion in self.emotions) and likely


def words(option: str, text: str, known: Sequence[str]) -> list[str]:
    """Names with commas between.

    Raises
    ------
    UsageError
        for a name that is none of the known ones.
    """
    given = [word.strip() for word in text.split(",")]
    if unknown := [word for word in given if word not in known]:
        raise UsageError(f"{option} {', '.join(unknown)} is not known", f"choose from {', '.join(known)}")
    return given
