"""Analyses a source frame by frame, with the functions of a batch run, and recognises people who come back.

Who is in the picture is a guess here, as nothing that follows is known: the first good face of a new track is compared with
everybody who was seen and is not in the picture. Embeddings are in memory only, for the length of the session; when it ends,
the recording is grouped by all of them, as an analysis is. Its rows are collected as they are settled, and become a file when
the watching is over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from feelit.errors import UsageError
from feelit.identity.evidence import EvidenceBuilder
from feelit.identity.group import group_tracks
from feelit.identity.likeness import JOIN, LEAST_WEIGHT, between, probability, template
from feelit.identity.rows import PersonRows
from feelit.identity.select import quality_of, vector_bytes
from feelit.run.job import VideoReport, counts_of, metadata_of, report_of, sampled_hz
from feelit.run.pipeline import Settings
from feelit.run.segment import Networks, detect_and_classify, frame_table, no_faces, no_frames
from feelit.run.workspace import Workspace
from feelit.storage.atomic import output_errors, refuse_to_overwrite, whole_file
from feelit.storage.names import as_text
from feelit.storage.stat import InputFiles
from feelit.timeline.build import TimelineBuilder
from feelit.timeline.schema import PEOPLE
from feelit.timeline.write import Spool, TimelineWriter
from feelit.tracking.tracker import TrackerSettings
from feelit.types import FaceTable, Float32, FrameTable, Int8, Int32, Sample, Timeline
from feelit.video.capture import Capture, Captured
from feelit.vision.identity import IdentityModel
from feelit.vision.multi_scale import MultiScaleDetector

EVERY_S = 2.0  # the time between two embeddings of a track
ENOUGH = 5  # the number of embeddings per track


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
        self._people: dict[int, tuple[Float32, float]] = {}  # sums of quality times embedding, and of quality
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
                self._people[self._tracks[track].number] = np.zeros(128, np.float32), 0.0
            mine = self._tracks[track]
            due = mine.embedded < ENOUGH and sample.time_s - mine.last_s >= (EVERY_S if mine.is_sure else 0)
            if due and quality[row] >= LEAST_WEIGHT:
                crop = self._identity.crop(sample.luma, sample.levels, rows.landmarks[row : row + 1])
                here = {self._tracks[other].number for other in rows.track_id.tolist() if other in self._tracks}
                vector, weight = self._identity.embed(crop)[0], float(quality[row])
                self._embedded.append((track, sample.time_s, weight, vector_bytes(vector)))
                if not mine.is_sure and (known := self._known(vector, here)) is not None:  # the first face says who it is
                    del self._people[mine.number]
                    mine.number = known
                total, before = self._people[mine.number]
                self._people[mine.number] = total + np.float32(weight) * vector, before + weight
                mine.is_sure, mine.embedded, mine.last_s = True, mine.embedded + 1, sample.time_s
        return np.array([self._tracks[track].number for track in rows.track_id.tolist()], np.int32)

    def _known(self, vector: Float32, here: set[int]) -> int | None:
        """The person whose face this is, of those who are not in the picture."""
        away = [number for number, (_, weight) in self._people.items() if number not in here and weight >= LEAST_WEIGHT]
        likeness = [between(vector, template(*self._people[number])) for number in away]
        if not away or probability(np.array(likeness, np.float64)).max() < JOIN:
            return None
        return away[int(np.argmax(likeness))]


MOST_FACES = 32  # the batch size of the classifier

SETTLED_AT_ONCE_S = 0.25
"""The least time, in s, of rows that are settled together: settling each frame alone takes longer than its inference."""


class Analyst:
    """The timeline of one source. Every frame goes into it as a segment of its own, so that its rows are those which an
    analysis of the same frames gives, besides people, who are grouped at the end by the faces that the page needed.
    """

    def __init__(self, capture: Capture, settings: Settings, networks: Networks, recording: Recording | None) -> None:
        self._people = None if networks.identity is None else PeopleNow(networks.identity)
        self._capture, self._settings = capture, settings
        self._networks, self._recording = networks, recording
        info, detector = capture.info, networks.detector
        self._multi_scale = MultiScaleDetector(detector, info.width_px, info.height_px, settings.options.min_face_px)
        self._evidence = None if self._people is None or recording is None else EvidenceBuilder()
        rate_hz = sampled_hz(settings.options.sampling, info)
        tracking = TrackerSettings(detector.threshold)
        self._builder = TimelineBuilder(tracking, rate_hz, evidence=self._evidence, least_s=SETTLED_AT_ONCE_S)
        self._grouped: PersonRows | None = None
        self._box, self._signals = np.zeros((0, 4), np.float32), np.zeros((0, 0), np.float32)
        self._zero_s, self._started_s = time.time(), time.perf_counter()

    def look(self, captured: Captured) -> Timeline:
        """The faces of the next frame as they stand now, see `TimelineBuilder.newest`; `person_id` is what each is shown under.
        Raises OutputError if there is no room for the rows.
        """
        decoded = captured.decoded
        if not self._builder.sampled:
            self._zero_s = captured.at_s - decoded.time_s
        sample = decoded.sample(self._capture.info, self._multi_scale.view, reset=not self._builder.sampled)
        faces = detect_and_classify([sample], self._multi_scale, self._networks, MOST_FACES)
        self._box, self._signals = faces.box, faces.signals
        faces = replace(faces, signals=faces.signals[:, :0], mouth=faces.mouth[:, :0])  # shown, but not recorded
        before = self._builder.decoded
        frames = frame_table([replace(sample, frame=decoded.index - before)], self._multi_scale.view)
        self._take(frames, faces, decoded.index + 1 - before)
        rows = self._builder.newest()
        return rows if self._people is None else replace(rows, person_id=self._people.numbers(rows, sample))

    def signals_of(self, rows: Timeline) -> Float32:
        """(R, K) signals of faces of the newest frame, as the network gives them; NaN where a face has none."""
        shown = np.full((len(rows), self._signals.shape[1]), np.nan, np.float32)
        for i, box in enumerate(rows.box):
            same = np.flatnonzero((self._box == box).all(axis=1))
            if len(same):
                shown[i] = self._signals[same[0]]
        return shown

    def finish(self) -> None:
        """Take in that nothing more will be looked at; what the source counted since is added."""
        self._take(no_frames(), no_faces(), self._capture.decoded - self._builder.decoded, self._capture.errors)
        self._write(self._builder.finish())
        if self._evidence is not None and self._people is not None:
            self._people.hand_over(self._evidence)
            self._grouped, self._evidence = PersonRows(group_tracks(self._evidence)), None

    def commit(self, dropped: int) -> None:
        """Write the recording, if there is to be one; `dropped` frames came and went while another one was looked at. Raises
        OutputError if it cannot be written.
        """
        if self._recording is None:
            return
        info = self._capture.seen()
        video = metadata_of(info, counts_of(self._builder, info.duration_s, self._grouped))
        if self._grouped is not None:
            video["people"] = self._grouped.describe()
        for unknown in ("size_bytes", "fingerprint"):
            video[unknown] = video[unknown] or None
        began = datetime.fromtimestamp(self._zero_s, UTC).isoformat(timespec="milliseconds")
        video["live"] = {"source": self._capture.kind, "began": began, "frames_dropped": dropped}
        name = self._capture.name
        self._recording.commit(name, self._settings.record | {"videos": {name: video}}, self._grouped)

    def report(self) -> VideoReport:
        """How it went."""
        counts = counts_of(self._builder, self._capture.seen().duration_s, self._grouped)
        out = self._recording.out if self._recording else None
        return report_of(self._capture.name, counts, out, self._started_s, self._networks.provider)

    def _take(self, frames: FrameTable, faces: FaceTable, decoded: int, errors: int = 0) -> None:
        self._write(self._builder.add(self._networks.result(frames, faces, decoded=decoded, errors=errors)))

    def _write(self, rows: Timeline) -> None:
        if self._recording is not None:
            self._recording.write(rows, self._capture.name)


AT_ONCE = 512  # rows that are written at a time: a table of Arrow's for every frame would take more room than what is in it


class Recording:
    """One Parquet file. It appears whole, with `commit`, or not at all.

    Until then its rows are in a spool, as those of an analysis are, whose file lies in the hidden folder beside `out`.
    """

    def __init__(self, out: Path, force: bool, inputs: Sequence[Path] = ()) -> None:
        if out.suffix != ".parquet" or as_text(out) != out.as_posix():
            raise UsageError(f"--out {out} is no name for a timeline", "end it in .parquet, and write it in UTF-8")
        refuse_to_overwrite(out, force, InputFiles(inputs))
        self.out = out
        self._workspace = Workspace(out)
        self._spool: Spool | None = None
        self._waiting: list[Timeline] = []

    def __enter__(self) -> Self:
        self._workspace.open(fresh=False)
        self._spool = Spool(self._workspace.shelf("live").spool)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._spool is not None:
            with suppress(OSError, ValueError):  # what is not committed goes, whatever state it is in
                self._spool.close()
        self._workspace.leave()

    def write(self, rows: Timeline, name: str) -> None:
        """Append rows, in order.

        Raises
        ------
        OutputError
            if there is no room for them.
        """
        if len(rows):
            self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= AT_ONCE:
            self._flush(name)

    def commit(self, name: str, record: dict[str, Any], people: PersonRows | None = None) -> None:
        """Write the file; `record` is its metadata, `people` who the tracks are, where they were grouped.

        Raises
        ------
        OutputError
            if there is no room for it.
        """
        self._flush(name)
        assert self._spool is not None
        groups = () if people is None else (PEOPLE,)
        with whole_file(self.out, self._workspace.folder) as temporary, TimelineWriter(temporary, record, groups) as whole:
            whole.copy(self._spool, None if people is None else people.change)

    def _flush(self, name: str) -> None:
        waiting, self._waiting = self._waiting, []
        assert self._spool is not None
        if waiting:
            with output_errors(self.out):
                self._spool.write(Timeline.join(waiting), name)
