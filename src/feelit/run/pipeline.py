"""The pipeline of a run: from a list of videos to their timelines.

Videos are cut into segments, an engine runs the segments in any order, and one sequential pass per video puts the results in
order, tracks, smooths and writes them.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Protocol

from feelit.errors import FeelitError, ModelError, OutputError, UsageError, as_failure
from feelit.logs import facts
from feelit.models.card import sha256_of
from feelit.models.paths import BUILT_IN, model_path
from feelit.options import AnalyzeOptions, Device, RunOptions
from feelit.options.analyze import SignalLevel
from feelit.run.cores import usable_cores
from feelit.run.engines import Engine, HereEngine, Order, Outcome
from feelit.run.engines.limits import Limits
from feelit.run.engines.local import LocalEngine
from feelit.run.interruption import raise_interruption
from feelit.run.job import Job, VideoReport, failed, groups_in
from feelit.run.outputs import Output, is_table, open_output
from feelit.run.plan import Source, cut, sampling_of
from feelit.run.provenance import Provenance, record_of, settings_of
from feelit.run.task import Models, Task
from feelit.run.workspace import Workspace
from feelit.signals.columns import signal_columns, signal_groups
from feelit.storage import waiting
from feelit.storage.atomic import output_errors
from feelit.storage.blocks import Pace
from feelit.storage.location import Url
from feelit.types import Segment, SegmentResult, VideoInfo
from feelit.video.probe import probe

log = logging.getLogger(__name__)

LEAST_SEGMENT_S = 4.0
PIECES = 16
"""Short videos are cut into this many segments, none shorter than this, so that all workers have work. This does not depend on
the number of workers, so that a run can be resumed with another number."""


class Observer(Protocol):
    """Receives the progress of a run."""

    def started(self, source: Source, info: VideoInfo) -> None:
        """A video was opened."""
        ...

    def advanced(self, source: Source, frames: int) -> None:
        """This many more of its frames were decoded."""
        ...

    def finished(self, report: VideoReport) -> None:
        """It is done, or has failed."""
        return


@dataclass(frozen=True, slots=True)
class Settings:
    """Options with resolved names: for workers, and for the metadata of files."""

    options: AnalyzeOptions
    models: Models
    record: dict[str, Any]


def resolve(options: AnalyzeOptions) -> Settings:
    """Find the models that options name, and fill in defaults that depend on them. Raises ModelError for unknown models."""
    options = replace(options, signals=_level(options))
    identity = model_path("identity") if options.people else None
    columns = signal_columns(signal_groups(options.signals or "none", options.blendshapes))
    signals = model_path("signals") if columns else None
    detector, classifier = model_path(options.detector), model_path(options.classifier)
    models = Models(detector, classifier, identity, options.device, options.prior, options.mirrored, signals, columns)
    roles = {"detector": detector, "classifier": classifier, "identity": identity, "signals": signals}
    files = {role: {"name": path.stem, "sha256": sha256_of(path)} for role, path in roles.items() if path is not None}
    return Settings(options, models, record_of(options, files))


def _level(options: AnalyzeOptions) -> SignalLevel:
    """The level of signals; by default the cheap one, where faces can be aligned for it."""
    if options.signals is not None:
        return options.signals
    if options.detector in BUILT_IN or options.blendshapes:
        return "basic"
    from feelit.vision.detector import FaceDetector  # the program does without networks otherwise: workers have them

    return "basic" if FaceDetector(model_path(options.detector), options.device).has_landmarks else "none"


def open_engine(run: RunOptions, device: Device, models: Models) -> Engine:
    """The engine that options name. A daemonic process, as those of `multiprocessing.Pool` are, may not start workers.

    Raises
    ------
    FeelitError
        if it cannot be had.
    """
    limits = Limits(run.segment_timeout_s, run.memory_limit)
    if run.engine == "ray":
        if run.workers == 0:
            raise UsageError("--workers 0 is no work for a cluster", "leave it out, or choose --engine local")
        from feelit.run.engines.ray import RayEngine

        return RayEngine(run.ray_address, device, limits, run.workers)
    if run.workers == 0 or multiprocessing.current_process().daemon:
        return HereEngine(limits)
    return LocalEngine(run.workers or usable_cores(), limits=limits, models=models)


def analyze_videos(
    sources: Sequence[Source],
    options: AnalyzeOptions,
    run: RunOptions,
    observer: Observer,
    planned: Sequence[Source] | None = None,
) -> list[VideoReport]:
    """Analyse videos and write their timelines. A video that fails is reported, and the others go on.

    Where `sources` are only a part of the videos of a folder, as a shard is, `planned` lists all of them.

    Returns
    -------
    One report per video, in the order of `sources`.

    Raises
    ------
    ModelError
        if a model is missing or does not load.
    OutputError
        if the output exists already or cannot be written.
    """
    Pace.least_bytes_per_s = run.min_transfer_rate
    settings = resolve(options)
    engine = open_engine(run, options.device, settings.models)
    with output_errors(run.out):
        workspace = Workspace(run.out, None if is_table(run.out) else run.shard, run.workspace)
        output = open_output(run, settings.record, workspace, sources)
    analysis = _Analysis(sources, settings, run, workspace, output, observer)
    try:
        workspace.open(fresh=not run.resume)
        chosen = facts(videos=len(sources), out=str(run.out), engine=run.engine, workers=run.workers, shard=run.shard)
        log.info("a run begins", extra=chosen)
        try:
            output.open(sources if planned is None else planned)
            with closing(engine.run(analysis.orders())) as outcomes:
                for outcome in outcomes:
                    analysis.take(outcome)
                    raise_interruption()
            output.close(sources)
            reports = [analysis.reports[source.name] for source in sources]
            if all(report.ok for report in reports):
                workspace.close()
            return reports
        finally:
            analysis.close()
            output.leave()
    finally:
        workspace.leave()


def _import_all() -> None:
    """Import what a run needs, so that it fails early where memory is too short."""
    importlib.import_module("pyarrow.parquet")
    importlib.import_module("pyarrow.compute")  # asked for when rows get their people
    importlib.import_module("pyarrow").array([0])  # which imports pandas, unless the command line spares it


class _Analysis:
    """The state of a run: its open videos, and the results of the others."""

    def __init__(
        self,
        sources: Sequence[Source],
        settings: Settings,
        run: RunOptions,
        workspace: Workspace,
        output: Output,
        observer: Observer,
    ) -> None:
        self._sources, self._settings, self._run = sources, settings, run
        self._workspace, self._output, self._observer = workspace, output, observer
        self._jobs: dict[int, tuple[Job, Segment]] = {}  # by the number of the order
        self._opened: dict[str, Job] = {}
        self._decode_threads = max(1, usable_cores() // run.workers) if run.workers else 1
        self.reports: dict[str, VideoReport] = {}

    def orders(self) -> Iterator[Order]:
        """The segments to run. Results of earlier runs are accepted on the way."""
        settings, run, number = self._settings, self._run, 0
        for source in self._sources:
            job = self._open(source)
            if job is None:
                continue
            for segment in job.segments:
                if job.failed:
                    break
                kept = job.shelf.load(segment)
                if kept is not None:
                    log.debug("a segment of an earlier run is used", extra=facts(video=source.name, segment=segment.index))
                    self._accept(job, segment, kept)
                    continue
                self._jobs[number] = (job, segment)
                shared = settings.options, settings.models, run.batch, self._decode_threads, run.min_transfer_rate
                yield Order(number, Task(job.info, segment, *shared))
                if number == 0:
                    _import_all()  # while a worker looks at the first segment
                number += 1

    def take(self, outcome: Outcome) -> None:
        """Accept one outcome."""
        job, segment = self._jobs.pop(outcome.order.number)
        log.debug("a segment is done", extra=facts(video=job.source.name, segment=segment.index))
        self._output.refresh()
        if isinstance(outcome.result, ModelError):
            raise outcome.result  # no other video would fare better
        if job.failed:
            return
        if isinstance(outcome.result, FeelitError):
            self._abandon(job, outcome.result)
            return
        if not (job.almost and self._output.lasting):
            job.shelf.save(segment, outcome.result)
        self._accept(job, segment, outcome.result)

    def close(self) -> None:
        """Close the videos that were not finished."""
        for job in self._opened.values():
            job.close()

    def _open(self, source: Source) -> Job | None:
        try:
            if (report := self._output.unchanged(source)) is not None:
                self._close(report)
                return None
            if isinstance(source.path, Url):
                waiting.say(f"opening {source.name}")
            video = probe(source.path)
            target_s = max(LEAST_SEGMENT_S, min(self._run.segment_s, video.info.duration_s / PIECES))
            plan = cut(video, self._settings.options.sampling, target_s, LEAST_SEGMENT_S)
        except Exception as error:
            self._fail(source, error)
            return None
        self._observer.started(source, video.info)
        log.info("opened", extra=facts(video=source.name, duration_s=video.info.duration_s, segments=len(plan.segments)))
        # The name is in the key, for copies of one video must not write into the same rows.
        record = self._settings.record
        made_with = [settings_of(record), str(Provenance.of(record))]
        shelf = self._workspace.shelf([made_with, video.info.fingerprint, source.name])
        sampling = sampling_of(video.info, self._settings.options.sampling)
        job = Job(source, video.info, plan, sampling, shelf, groups_in(record))
        self._opened[source.name] = job
        return job

    def _accept(self, job: Job, segment: Segment, result: SegmentResult) -> None:
        self._observer.advanced(job.source, result.decoded + result.discarded)
        try:
            job.accept(segment, result)
        except OutputError:  # there is no room for rows, and those of other videos would find none either
            raise
        except Exception as error:  # of the storage that its sound is read from, for instance
            self._abandon(job, error)
            return
        if not job.complete:
            return
        try:
            report = self._output.commit(job)
        except Exception as error:  # one output may be in the way of something, or its name too long: the others are not
            self._abandon(job, error)
        else:
            self._close(report)

    def _abandon(self, job: Job, error: Exception) -> None:
        job.abandon()
        self._fail(job.source, error)

    def _fail(self, source: Source, error: Exception) -> None:
        report = failed(source, as_failure(source.name, error))
        self._output.fail(source, report)
        self._close(report)

    def _close(self, report: VideoReport) -> None:
        self._opened.pop(report.video, None)
        self.reports[report.video] = report
        _log_report(report)
        self._observer.finished(report)


def _log_report(report: VideoReport) -> None:
    if not report.ok:
        log.error("failed", extra=facts(video=report.video, kind=report.error_kind, error=report.error, hint=report.hint))
        return
    counts = {name: getattr(report, name) for name in ("sampled", "faces", "tracks", "people", "wall_s", "out")}
    log.info(report.status, extra=facts(video=report.video, **counts))
