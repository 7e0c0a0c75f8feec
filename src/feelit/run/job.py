"""A video that is being analysed: takes segments in any order, and writes rows in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from typing import Any

from feelit.errors import FeelitError
from feelit.identity.evidence import EvidenceBuilder
from feelit.identity.group import group_tracks
from feelit.identity.rows import PersonRows
from feelit.run.plan import Plan, Source
from feelit.run.workspace import Shelf
from feelit.signals.columns import SPEECH, signal_groups
from feelit.signals.voice import VoiceFinder
from feelit.storage.atomic import output_errors
from feelit.storage.location import Location
from feelit.storage.names import as_text, one_line
from feelit.timeline.build import TimelineBuilder
from feelit.timeline.counts import Counts
from feelit.timeline.schema import CLASSIFIED, PEOPLE
from feelit.timeline.write import Spool, TimelineWriter
from feelit.tracking.tracker import TrackerSettings
from feelit.types import Sampling, Segment, SegmentResult, VideoInfo
from feelit.video.voice import Loudness

VIDEO_FACTS = (
    *("size_bytes", "fingerprint", "width_px", "height_px", "sample_aspect", "orientation", "photograph", "time_base"),
    *("origin_pts", "duration_s", "average_rate", "codec"),
)
"""What the metadata of a timeline state of its video besides counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoResult(Counts):
    """The counts of a video, the time that it took, and the failure if there is one."""

    wall_s: float = 0.0
    provider: str | None = None
    error: str | None = None
    error_kind: str | None = None
    hint: str | None = None
    exit_code: int = 0

    def result(self) -> dict[str, Any]:
        """The fields of this class by name, for another record of it."""
        return {f.name: getattr(self, f.name) for f in fields(VideoResult)}

    def shown(self) -> dict[str, Any]:
        """The same with the frames that were not sampled, after those that were."""
        names = list(self.result())
        names.insert(names.index("sampled") + 1, "skipped")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoReport(VideoResult):
    """The result of a run for one video; docs/cli.md describes the fields.

    Attributes
    ----------
    video : its name
    status : "done", "unchanged" or "failed"
    out : its timeline; None without one
    stale : whether it is unchanged, but made by an earlier version of feelit or of a model
    """

    video: str
    status: str
    out: str | None = None
    stale: bool = False

    def record(self) -> dict[str, Any]:
        """The report as a JSON object, see docs/cli.md."""
        return {"video": self.video, "status": self.status, "out": self.out, **self.shown(), "stale": self.stale}

    @property
    def ok(self) -> bool:
        """Whether there is a timeline of the video now."""
        return self.status != "failed"


def failed(source: Source, error: FeelitError) -> VideoReport:
    """The report of a video that could not be analysed, or of a folder without videos."""
    kind = type(error).__name__
    message, hint = one_line(error.message), one_line(error.hint) or None
    return VideoReport(video=source.name, status="failed", error=message, error_kind=kind, hint=hint, exit_code=error.exit_code)


def groups_in(record: dict[str, Any]) -> list[str]:
    """The groups of optional columns of rows made with the given settings."""
    config = record["config"]
    signals = signal_groups(config.get("signals", "none"), config.get("blendshapes", False))
    classified = [CLASSIFIED] if config.get("classify_rate") else []
    return [*([PEOPLE] if config["people"] else []), *classified, *signals]


def report_of(name: str, counts: Counts, out: Location | None, started_s: float, provider: str) -> VideoReport:
    """The report of a video that is done; `started_s` is by `time.perf_counter`."""
    where, wall_s = None if out is None else as_text(out), round(time.perf_counter() - started_s, 3)
    return VideoReport(video=name, status="done", out=where, wall_s=wall_s, provider=provider, **asdict(counts))


def counts_of(builder: TimelineBuilder, duration_s: float, people: PersonRows | None) -> Counts:
    """The counts of a timeline that is built: with those of people, if its tracks were grouped."""
    counted = builder.counts(duration_s)
    return counted if people is None else replace(counted, tracks=people.tracks, people=people.people)


def metadata_of(info: VideoInfo, counts: Counts) -> dict[str, Any]:
    """The metadata of a video that is done."""
    values = ((name, getattr(info, name)) for name in VIDEO_FACTS)
    return {name: str(value) if isinstance(value, Fraction) else value for name, value in values} | counts.metadata()


def sampled_hz(sampling: Sampling, info: VideoInfo) -> Fraction:
    """The rate of samples: at most that of the video."""
    known = [rate for rate in (sampling.rate_hz, info.average_rate) if rate]
    return min(known, default=Fraction(25))


class Job:
    """A video that is being analysed.

    Attributes
    ----------
    source, info, segments : what is analysed
    shelf : where its finished segments are kept
    failed : whether it was given up
    people : who the tracks are, once all rows are there; None where tracks are not grouped
    """

    def __init__(
        self,
        source: Source,
        info: VideoInfo,
        plan: Plan,
        sampling: Sampling,
        shelf: Shelf,
        groups: Sequence[str] = (),
    ) -> None:
        self.source, self.info, self.shelf = source, info, shelf
        self.segments, self._first_frame = plan.segments, plan.first_frame
        self.failed = False
        self._sampling = sampling
        self._groups = [group for group in groups if group != PEOPLE]  # who people are is known in the end
        self._evidence = EvidenceBuilder() if PEOPLE in groups else None
        self.people: PersonRows | None = None
        self._voice: VoiceFinder | None = None
        self._waiting: dict[int, SegmentResult] = {}
        self._next = 0
        self._builder: TimelineBuilder | None = None
        self._spool = Spool(shelf.spool, groups=self._groups)
        self._providers: set[str] = set()
        self._started_s = time.perf_counter()

    @property
    def complete(self) -> bool:
        """Whether all segments have arrived and all rows are written."""
        return self._next == len(self.segments)

    @property
    def almost(self) -> bool:
        """Whether all segments but one have arrived."""
        return self._next + len(self._waiting) == len(self.segments) - 1

    def accept(self, segment: Segment, result: SegmentResult) -> None:
        """Take the result of a segment. Segments that are next in order are tracked, and their settled rows written.

        Raises
        ------
        OutputError
            if there is no room for them.
        """
        self._waiting[segment.index] = result
        while not self.complete and (following := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            with output_errors(self.shelf.spool):
                self._append(following)

    def abandon(self) -> None:
        """Give up the video."""
        self.failed = True
        self.close()

    def close(self) -> None:
        """Discard the rows, which are incomplete; the next run makes them again."""
        with suppress(OSError, ValueError):  # the disk may be full; a file that Arrow gave up is a ValueError
            self._spool.close()

    @property
    def counts(self) -> Counts:
        """The counts, once the job is complete."""
        assert self._builder is not None
        return counts_of(self._builder, self.info.duration_s, self.people)

    def report(self, out: Location) -> VideoReport:
        """The report, once the job is complete."""
        return report_of(self.source.name, self.counts, out, self._started_s, " + ".join(sorted(self._providers)))

    def metadata(self) -> dict[str, Any]:
        """The metadata of this video."""
        found = metadata_of(self.info, self.counts)
        if self.people is not None:
            found["people"] = self.people.describe()
        if SPEECH in self._groups:
            sound = "none" if self._voice is None else "voices" if self._voice.heard else "no voices"
            found["speech"] = {"sound": sound}
        return found

    def copy_to(self, writer: TimelineWriter) -> None:
        """Write the rows, with people if tracks are grouped, once the job is complete."""
        writer.copy(self._spool, None if self.people is None else self.people.change)

    def release_memory(self) -> None:
        """Keep the rows on the disk until they are copied. Raises OutputError if there is no room for them."""
        with output_errors(self.shelf.spool):
            self._spool.to_file()

    def _append(self, result: SegmentResult) -> None:
        if self._builder is None:
            rate_hz = sampled_hz(self._sampling, self.info)
            # A photograph has no second look: a face that the detector is sure of counts.
            settings = TrackerSettings(result.threshold)
            settings = replace(settings, proof=0.0) if self.info.photograph else settings
            if SPEECH in self._groups and self.info.has_audio:
                self._voice = VoiceFinder(Loudness(self.info.path).until)
            between = self._sampling.classify_hz is not None
            self._builder = TimelineBuilder(settings, rate_hz, self._first_frame, self._evidence, self._voice, between)
        self._providers.add(result.provider)
        self._spool.write(self._builder.add(result), self.source.name)
        if self.complete:
            self._spool.write(self._builder.finish(), self.source.name)
            if self._evidence is not None:
                self.people, self._evidence = PersonRows(group_tracks(self._evidence)), None
